"""Frozen morphs: one gradient at the source, its phase shift amplified linearly in k (Eq. 2 and 9-11).

extrapolate   the morphs
FrozenPath    their images at any k: one by one, or a sweep from the source outwards
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .._internal.checks import (
    check_choice,
    check_images,
    check_memory,
    check_number,
    check_steps,
)
from .._internal.chunks import MODEL, TRANSFORM, images_at_once, in_chunks, row_slices
from .._internal.modes import evaluation_mode, own_precision
from .._internal.progress import progress_bar
from ..transforms.base import Transform, check_transform
from ..transforms.coefficients import Coefficients
from .gradients import analyzed_with_gradient, gradient_step, image_gradient
from .morph import Morph, measured
from .scores import Objective, Scores, batched_scores, check_question
from .steps import AMPLITUDES, amplitude_gain, phasor, rendered
from .views import Views, check_views
from .weights import edit_weights


def extrapolate(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | Sequence[int] | int | None,
    transform: Transform,
    *,
    alpha: float = 1.0,
    steps: int | Sequence[float] = 24,
    amplitude: str = "constant",
    residuals: Mapping[str, str] | str | None = None,
    objective: Objective = "log_probability",
    views: Views | None = None,
    scales: Sequence[int] | int | None = None,
    orientations: Sequence[int] | int | None = None,
    bands: Iterable[tuple[int, int]] | None = None,
    amplifiers: Sequence[float] | None = None,
    memory: float | None = None,
    progress: bool = True,
) -> Morph:
    """Frozen morphs: the one-step phase shift at the source, extrapolated linearly in k (Eq. 9-11).

    S_k = A_k exp(i (Phi_0 + k arg z)) with z = 1 + alpha g / S at the source, and r_k = r_0 + k alpha dL/dr
    for the real residuals that are to be extrapolated (Eq. 2).

    Args:
        model: maps images to logits (batch, classes), a single column being that of class 1 against class
            0; used in eval mode and given back as it was.
        images: (batch, channels, height, width) in [0, 1].
        targets: class indices (batch,), or one for all; None: no class is asked for, and the objective is
            a function. The model's output may be anything then.
        transform: `SteerablePyramid`, `Fourier`, `Pixels` or another `Transform`.
        alpha: amplifier of the gradient (Eq. 6).
        steps: how many frames after the source (k = 1 .. steps), or the increasing positive k themselves.
        amplitude: A_k: "constant" A_0 (the paper's), "compounded" |z|^k A_0, or "linear"
            (1 + k (|z| - 1)) A_0, held at 0 where it would turn negative (Appendix B).
        residuals: "linear" or "fixed" for all, or by name. What is left out follows
            ``transform.residual_policy``, here, in `steer`, and whatever bands are chosen: a pyramid's
            high-pass is fixed and its low-pass linear, Fourier's self-conjugate coefficients are fixed,
            pixels linear. "fixed" is the paper's literal Eq. 10-11: phases alone.
        objective: "log_probability" of the target, its "logit", or the "margin" to the source class; or a
            function of the model's output and the images that returns a value for each, (batch,); or one
            of `steerlens.objectives`.
        views: random views of an image over which the gradient is averaged, an `steerlens.Views`.
        scales, orientations: edit only these bands (scale 0 is the finest).
        bands: edit only these, pairs (scale, orientation); none if [].
        amplifiers: one factor on alpha for each channel.
        memory: about how many MiB may be worked on at once, at least one image's, beside the sources'
            coefficients, the frames and what the model itself takes; None: what is fastest.
        progress: show a bar in runs of more than two seconds.

    Raises:
        TypeError, ValueError: an argument that does not fit; the message says what was expected.
    """
    images = check_images(images, check_transform(transform), unit_range=True).detach()
    alpha, k = check_number("alpha", alpha), check_steps(steps).to(images)
    check_choice("amplitude", amplitude, AMPLITUDES)
    targets = check_question(objective, targets, images)
    weights = edit_weights(transform, images, residuals, scales, orientations, bands, amplifiers)
    memory = check_memory(memory)

    copies = 1 if views is None else check_views(views).count

    def at_sources(rows: Tensor) -> tuple[Scores, FrozenParts]:
        asked = None if targets is None else targets[rows]
        seen = None if views is None else views.restarted()
        gradient, scores = image_gradient(model, images[rows], asked, objective, views=seen)
        return scores, FrozenParts.at(images[rows], gradient, transform, weights, alpha, amplitude)

    with evaluation_mode(model), own_precision(gradients=False):
        most = images_at_once(images, memory, MODEL * copies)
        scores, parts = in_chunks(at_sources, (torch.arange(len(images), device=images.device),), most)
        path = FrozenPath(parts, transform, amplitude)
        score = partial(batched_scores, model, objective=objective, memory=memory)
        return _frozen_morph(score, images, scores, targets, k, path, memory, progress)


def _frozen_morph(
    score: Callable[[Tensor, Tensor | None, Tensor | None], Scores],
    images: Tensor,
    first: Scores,
    targets: Tensor | None,
    k: Tensor,
    path: "FrozenPath",
    memory: float | None,
    progress: bool,
) -> Morph:
    """Frames at every k, rendered and scored some at a time."""
    frames = images.new_empty((len(images), len(k) + 1, *images.shape[1:]))
    scores = Scores(*(part.new_empty(len(images), len(k) + 1, *part.shape[1:]) for part in first))
    frames[:, 0], scores.values[:, 0], scores.logits[:, 0] = images, *first
    most = images_at_once(images, memory, TRANSFORM)
    with progress_bar("extrapolate", progress, total=len(images) * len(k)) as bar:
        for rows in row_slices(len(images), most):
            frame = 1
            for part in path.sweep(rows, k.tolist(), max(1, most // (rows.stop - rows.start))):
                now = slice(frame, frame := frame + len(part))
                asked = (None if t is None else t[rows].repeat(len(part)) for t in (targets, first.sources))
                found = score(part.flatten(0, 1), *asked)
                frames[rows, now] = part.transpose(0, 1)
                for into, new in zip(scores, found, strict=True):
                    into[rows, now] = new.unflatten(0, part.shape[:2]).transpose(0, 1)
                bar.update(part.shape[0] * part.shape[1])
    return measured(frames, scores, torch.cat([k.new_zeros(1), k]), targets, path)


class FrozenParts(NamedTuple):
    """What the images of a frozen morph are made of.

    Attributes:
        source: coefficients of the sources.
        pace: their change per unit of k: arg z of each band, z = 1 + alpha g / S, and alpha dL/dr.
        gains: |z| of each band; none if the amplitude is constant.
    """

    source: Coefficients
    pace: Coefficients
    gains: tuple[Tensor, ...]

    @staticmethod
    def at(
        images: Tensor,
        gradient: Tensor,
        transform: Transform,
        weights: Coefficients,
        alpha: float,
        amplitude: str,
    ) -> "FrozenParts":
        """Of sources (batch, channels, height, width) and dL/ds there, of the same shape.

        Args:
            images, gradient, transform: the sources, dL/ds, and what takes both apart.
            weights: factors on the gradient, as of `steerlens.morphs.weights.edit_weights`.
            alpha: step size of Eq. 6.
            amplitude: how A_k follows from |z|; it does not count if "constant".
        """
        source, uphill = analyzed_with_gradient(images, gradient, transform)
        uphill = uphill * weights
        pairs = list(zip(source.bands, uphill.bands, strict=True))
        shifts = tuple(((S + alpha * g) * S.conj()).angle() for S, g in pairs)  # arg z, with no quotient
        gains = () if amplitude == "constant" else tuple(gradient_step(S, g, alpha).abs() for S, g in pairs)
        return FrozenParts(source, Coefficients(shifts, tuple(alpha * g for g in uphill.residuals)), gains)


@dataclass(frozen=True)
class FrozenPath:
    """S_k = A_k exp(i (Phi_0 + k arg z)) in the bands, r_k = r_0 + k alpha dL/dr in the residuals.

    Attributes:
        parts: coefficients, their pace, and the gains.
        transform: whose coefficients these are.
        amplitude: how A_k follows from |z| (Appendix B).
    """

    parts: FrozenParts
    transform: Transform
    amplitude: str

    def __call__(self, rows: Tensor, k: Tensor) -> Tensor:
        """Images of rows (n,) of the batch at real k (n,)."""
        source, pace, gains = self._rows(rows)
        k = k.to(source.residuals[0])[:, None, None, None]
        bands = [S * phasor(k[..., None] * shift) for S, shift in zip(source.bands, pace.bands, strict=True)]
        residuals = [r + k * slope for r, slope in zip(source.residuals, pace.residuals, strict=True)]
        return self._rendered(bands, residuals, gains, k)

    def to(self, device: torch.device | str) -> "FrozenPath":
        """The same on a device."""
        source, pace, gains = self.parts
        parts = FrozenParts(source.to(device), pace.to(device), tuple(gain.to(device) for gain in gains))
        return FrozenPath(parts, self.transform, self.amplitude)

    def _rows(self, rows: Tensor | slice) -> FrozenParts:
        source, pace, gains = self.parts
        return FrozenParts(source[rows], pace[rows], tuple(gain[rows] for gain in gains))

    def sweep(self, rows: slice, k: Sequence[float], together: int) -> Iterator[Tensor]:
        """Images (frames, n, channels, height, width) of rows at increasing k, some frames at a time.

        Every frame's bands are the last one's, turned by one complex factor: exp(i (k' - k) arg z).
        """
        source, pace, gains = self._rows(rows)
        bands, at = list(source.bands), 0.0
        step, turns = math.nan, list(source.bands)
        for start in range(0, len(k), together):
            ks = k[start : start + together]
            turned = [S.new_empty((len(ks), *S.shape)) for S in bands]
            for frame, position in enumerate(ks):
                if position - at != step:
                    step = position - at
                    turns = [phasor(step * shift) for shift in pace.bands]
                triples = zip(bands, turns, turned, strict=True)
                bands = [torch.mul(S, turn, out=into[frame]) for S, turn, into in triples]
                at = position
            distance = source.residuals[0].new_tensor(ks).view(-1, 1, 1, 1, 1)
            pairs = zip(source.residuals, pace.residuals, strict=True)
            residuals = [r + distance * slope for r, slope in pairs]
            images = self._rendered(
                [S.flatten(0, 1) for S in turned],
                [r.flatten(0, 1) for r in residuals],
                [gain.repeat(len(ks), 1, 1, 1, 1) for gain in gains],
                distance.repeat_interleave(len(source.residuals[0]), 0).squeeze(1),
            )
            yield images.unflatten(0, (len(ks), -1))

    def _rendered(
        self, bands: list[Tensor], residuals: list[Tensor], gains: Sequence[Tensor], k: Tensor
    ) -> Tensor:
        """Images of bands with the source's amplitudes, which become those of k (n, 1, 1, 1)."""
        if self.amplitude != "constant":
            k = k[..., None]
            bands = [
                S * amplitude_gain(gain, k, self.amplitude) for S, gain in zip(bands, gains, strict=True)
            ]
        return rendered(self.transform, Coefficients(tuple(bands), tuple(residuals)))
