"""Frozen morphs: one gradient at the source, its phase shift amplified linearly in k (Eq. 2 and 9-11).

The images at any k are those of a path (``paths.py``).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from .._internal.checks import (
    check_choice,
    check_images,
    check_memory,
    check_number,
    check_steps,
)
from .._internal.chunks import (
    MODEL,
    TRANSFORM,
    images_at_once,
    in_chunks,
    row_slices,
    too_large,
)
from .._internal.modes import evaluation_mode, own_precision
from .._internal.progress import progress_bar
from ..transforms.base import Transform, check_transform
from .gradients import image_gradient
from .morph import Morph, measured
from .paths import ApartPath, FrozenParts, FrozenPath
from .scores import Objective, Scores, batched_scores, check_question
from .steps import AMPLITUDES
from .views import Views, check_views
from .weights import channels_apart, edit_weights


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
        memory: about how many MiB may be worked on at once, beside the frames, the sources' coefficients
            and what the model itself takes; at least one image's. An image whose coefficients exceed it
            is worked on a channel at a time, and no coefficients are kept, if the transform allows it
            (`channels_apart`). None: what is fastest, with at most a GiB for an image's coefficients.
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

    apart = channels_apart(transform, images) and too_large(images, memory)
    how = transform, weights, alpha, amplitude

    def at_sources(rows: Tensor) -> tuple[Scores, FrozenParts | Tensor]:
        asked = None if targets is None else targets[rows]
        seen = None if views is None else views.restarted()
        gradient, scores = image_gradient(model, images[rows], asked, objective, views=seen)
        return scores, gradient if apart else FrozenParts.at(images[rows], gradient, *how)

    with evaluation_mode(model), own_precision(gradients=False):
        most = images_at_once(images, memory, MODEL * copies)
        scores, parts = in_chunks(at_sources, (torch.arange(len(images), device=images.device),), most)
        path = ApartPath(images, parts, *how) if apart else FrozenPath(parts, transform, amplitude)
        score = partial(batched_scores, model, objective=objective, memory=memory)
        return _frozen_morph(score, images, scores, targets, k, path, memory, progress)


def _frozen_morph(
    score: Callable[[Tensor, Tensor | None, Tensor | None], Scores],
    images: Tensor,
    first: Scores,
    targets: Tensor | None,
    k: Tensor,
    path: FrozenPath | ApartPath,
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
