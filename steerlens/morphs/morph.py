"""Morphs: the sequence of images on the way from a source to a target class.

    Morph         the frames, and everything that was measured on them
    extrapolate   frozen: one gradient at the source, amplified linearly in k (Eq. 2 and 9-11)

`steerlens.steer`, which takes the gradient anew at every step, stands in ``steering.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from .._internal.buffers import uninitialized
from .._internal.checks import (
    check_choice,
    check_images,
    check_indices,
    check_integer,
    check_memory,
    check_number,
    check_steps,
    check_targets,
)
from .._internal.chunks import TRANSFORM, images_at_once, in_chunks, row_slices
from .._internal.progress import progress_bar
from ..transforms.base import Transform, check_transform
from .frozen import FrozenPath, frozen_parts
from .gradients import OBJECTIVES, batched_logits, evaluation_mode, image_gradient
from .steps import AMPLITUDES, bisect_distance, edit_weights, l2_distance

LONGEST_GIF_FRAME = 655_350  # milliseconds: 16 bits of hundredths of a second


@dataclass(frozen=True, repr=False)
class Morph:
    """Frames of a batch of morphs. All tensors are on the device of the images.

    Attributes:
        frames: (batch, frames, channels, height, width), clipped to [0, 1]; ``frames[:, 0]`` the sources.
        probabilities: (batch, frames, classes), what the model says of each frame.
        distances: (batch, frames), L2 distance of each frame to its source.
        steps: (frames,), k of each frame, 0 first.
        sources: (batch,), class that the model sees in each source.
        targets: (batch,), class that was asked for.
        render: images at any rows and positions k (both (n,)) up to the last step: on the path itself for
            `extrapolate`, on the chord between the two neighbouring frames for `steer`.
    """

    frames: Tensor
    probabilities: Tensor
    distances: Tensor
    steps: Tensor
    sources: Tensor
    targets: Tensor
    render: Callable[[Tensor, Tensor], Tensor]

    @property
    def target_probabilities(self) -> Tensor:
        """Probability of each morph's target in each frame, (batch, frames)."""
        index = self.targets[:, None, None].expand(-1, len(self.steps), 1)
        return self.probabilities.gather(2, index).squeeze(2)

    def at_distance(self, distance: float) -> tuple[Tensor, Tensor]:
        """The first image of each morph at exactly this L2 distance from its source.

        Args:
            distance: positive, in the units of ``distances``; met to 5e-4 by bisection.

        Returns:
            images (batch, channels, height, width), and whether each attained the distance, (batch,);
            the farthest frame stands for one that did not.
        """
        distance = check_number("distance", distance, positive=True)
        beyond = self.distances >= distance
        attained = beyond.any(dim=1)
        after = torch.where(attained, beyond.to(torch.uint8).argmax(dim=1), self.distances.argmax(dim=1))
        rows = torch.arange(len(after), device=after.device)
        images = self.frames[rows, after]
        if attained.any():
            rows, after = rows[attained], after[attained]
            _, images[attained] = bisect_distance(
                lambda k: self.render(rows, k),
                self.steps[after - 1],
                self.steps[after],
                self.frames[rows, 0],
                distance,
            )
        return images, attained

    def save_gif(
        self,
        path: str | PathLike,
        rows: Sequence[int] | int | None = None,
        scale: int = 4,
        duration: int = 80,
    ) -> None:
        """Write an animation of some morphs side by side, there and back, holding both ends.

        Args:
            path: file to write, its name ending in ".gif".
            rows: which morphs, all if None.
            scale: pixels of the file for one of the image.
            duration: milliseconds a frame.
        """
        if not isinstance(path, str | PathLike) or Path(path).suffix.lower() != ".gif":
            raise ValueError(f'path: expected a name that ends in ".gif", got {path!r}')
        rows = list(check_indices("rows", rows, len(self.frames), at_least=1))
        scale = check_integer("scale", scale, 1)
        duration = check_integer("duration", duration, 10, LONGEST_GIF_FRAME // 8)
        parted = nn.functional.pad(self.frames[rows], (0, 1), value=1.0)  # a white line between neighbours
        strips = torch.cat(list(parted.cpu()), dim=-1)[..., :-1]
        there = [Image.fromarray(enlarged(strip, scale)) for strip in strips]
        durations = [8 * duration, *[duration] * (len(there) - 2), 8 * duration]
        there[0].save(
            path,
            save_all=True,
            append_images=there[1:] + there[-2:0:-1],
            duration=durations + durations[1:-1],
            loop=0,
        )

    def __repr__(self) -> str:
        final = self.target_probabilities[:, -1].median()
        batch, frames = self.distances.shape
        return f"Morph({batch} images, {frames} frames, median target probability at the end {final:.3g})"


def extrapolate(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | Sequence[int] | int,
    transform: Transform,
    *,
    alpha: float = 1.0,
    steps: int | Sequence[float] = 24,
    amplitude: str = "constant",
    residuals: Mapping[str, str] | str | None = None,
    objective: str = "log_probability",
    scales: Sequence[int] | int | None = None,
    orientations: Sequence[int] | int | None = None,
    amplifiers: Sequence[float] | None = None,
    memory: float | None = None,
    progress: bool = True,
) -> Morph:
    """Frozen morphs: the one-step phase shift at the source, extrapolated linearly in k (Eq. 9-11).

    S_k = A_k exp(i (Phi_0 + k arg z)) with z = 1 + alpha g / S at the source, and r_k = r_0 + k alpha dL/dr
    for the real residuals that are to be extrapolated (Eq. 2).

    Args:
        model: maps images to logits (batch, classes); used in eval mode and given back as it was.
        images: (batch, channels, height, width) in [0, 1].
        targets: class indices (batch,), or one for all.
        transform: `SteerablePyramid`, `Fourier`, `Pixels` or another `Transform`.
        alpha: amplifier of the gradient (Eq. 6).
        steps: how many frames after the source (k = 1 .. steps), or the increasing positive k themselves.
        amplitude: A_k: "constant" A_0 (the paper's), "compounded" |z|^k A_0, or "linear"
            (1 + k (|z| - 1)) A_0, held at 0 where it would turn negative (Appendix B).
        residuals: "linear" or "fixed" for all, or by name. What is left out follows
            ``transform.residual_policy``, or is fixed when ``scales`` or ``orientations`` are chosen.
        objective: "log_probability" of the target, its "logit", or the "margin" to the source class.
        scales, orientations: edit only these bands (scale 0 is the finest).
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
    check_choice("objective", objective, OBJECTIVES)
    targets = check_targets(targets, len(images)).to(images.device)
    weights = edit_weights(transform, images, residuals, scales, orientations, amplifiers)
    memory = check_memory(memory)

    def at_sources(images: Tensor, targets: Tensor) -> tuple[Tensor, ...]:
        gradient, logits = image_gradient(model, images, targets, objective)
        return logits, *frozen_parts(images, gradient, transform, weights, alpha, amplitude)

    with evaluation_mode(model), torch.no_grad():
        logits, *parts = in_chunks(at_sources, (images, targets), images_at_once(images, memory))
        path = FrozenPath.of(parts, transform, amplitude)
        return _frozen_morph(model, images, logits, targets, k, path, memory, progress)


def _frozen_morph(
    model: nn.Module,
    images: Tensor,
    logits: Tensor,
    targets: Tensor,
    k: Tensor,
    path: FrozenPath,
    memory: float | None,
    progress: bool,
) -> Morph:
    """Frames at every k, rendered and scored some at a time."""
    frames = uninitialized((len(images), len(k) + 1, *images.shape[1:]), images)
    scores = logits.new_empty(len(images), len(k) + 1, logits.shape[1])
    frames[:, 0], scores[:, 0] = images, logits
    most = images_at_once(images, memory, TRANSFORM)
    with progress_bar("extrapolate", progress, total=len(images) * len(k)) as bar:
        for rows in row_slices(len(images), most):
            frame = 1
            for part in path.sweep(rows, k.tolist(), max(1, most // (rows.stop - rows.start))):
                now = slice(frame, frame := frame + len(part))
                found = batched_logits(model, part.flatten(0, 1), memory).unflatten(0, part.shape[:2])
                frames[rows, now], scores[rows, now] = part.transpose(0, 1), found.transpose(0, 1)
                bar.update(part.shape[0] * part.shape[1])
    return measured(frames, scores, torch.cat([k.new_zeros(1), k]), targets, path.render)


def measured(
    frames: Tensor, logits: Tensor, k: Tensor, targets: Tensor, render: Callable[[Tensor, Tensor], Tensor]
) -> Morph:
    """A morph of these frames, with what is derived from them and their logits (batch, frames, classes)."""
    most = images_at_once(frames[:, 0], bytes_each=TRANSFORM * frames.shape[1])
    (distances,) = in_chunks(lambda rows: (l2_distance(rows, rows[:, :1]),), (frames,), most)
    return Morph(frames, logits.softmax(2), distances, k, logits[:, 0].argmax(1), targets, render)


def enlarged(image: Tensor, scale: int) -> np.ndarray:
    """uint8 pixels (height, width) or (height, width, 3) of an image in [0, 1], each scale x scale large."""
    pixels = (image.detach().cpu() * 255).round().byte().movedim(0, -1).squeeze(-1).numpy()
    return pixels.repeat(scale, 0).repeat(scale, 1)
