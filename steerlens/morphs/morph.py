"""`Morph`: the images on the way from a source to a target class, and what was measured on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from .._internal.checks import check_indices, check_integer, check_number, check_shown
from ..transforms.coefficients import batch_rows, same_tensors
from .scores import Scores
from .steps import DISTANCE_TOLERANCE, bisect_distance, l2_distance

LONGEST_GIF_FRAME = 655_350  # milliseconds: 16 bits of hundredths of a second
LARGEST_GIF = 65_535, 2**29  # pixels a side, which the format allows, and of all frames, in memory
ROWS = ("frames", "probabilities", "distances", "sources", "targets", "values")  # a row each, or None


@dataclass(frozen=True, repr=False, eq=False)
class Morph:
    """Frames of a batch of morphs. All tensors are on the device of the images.

    ``len`` is the batch; ``morph[3:5]`` has some of its rows; ``==`` compares all that was measured. Morphs
    can be pickled, copied and saved by ``torch.save``.

    Attributes:
        frames: (batch, frames, channels, height, width), clipped to [0, 1]; ``frames[:, 0]`` the sources.
        probabilities: (batch, frames, classes), what the model says of each frame; None, and so are sources
            and targets, where no class was asked for.
        distances: (batch, frames), L2 distance of each frame to its source.
        steps: (frames,), k of each frame, 0 first.
        sources: (batch,), class that the model sees in each source.
        targets: (batch,), class that was asked for.
        render: images at any rows and positions k (both (n,)) up to the last step: on the path itself for
            `extrapolate`, on the chord between the two neighbouring frames for `steer`.
        values: (batch, frames), the objective's value in each frame; log p of the target if None is given.
    """

    frames: Tensor
    probabilities: Any  # a Tensor wherever a class was asked for
    distances: Tensor
    steps: Tensor
    sources: Any
    targets: Any
    render: Callable[[Tensor, Tensor], Tensor]
    values: Any = None  # a Tensor, once it is made

    def __post_init__(self) -> None:
        if self.values is None:
            object.__setattr__(self, "values", self.target_probabilities.log())

    @property
    def target_probabilities(self) -> Tensor:
        """Probability of each morph's target in each frame, (batch, frames). Raises ValueError if none is."""
        if self.probabilities is None or self.targets is None:
            raise ValueError("targets: expected a morph that asked for a class, got one with values alone")
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
        beyond = self.distances[:, 1:] >= distance - DISTANCE_TOLERANCE
        attained = beyond.any(dim=1)
        first = 1 + beyond.to(torch.uint8).argmax(dim=1)
        after = torch.where(attained, first, self.distances.argmax(dim=1))
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
        show: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        """Write an animation of some morphs side by side, there and back, holding both ends.

        Args:
            path: file to write, its name ending in ".gif".
            rows: which morphs, all if None.
            scale: pixels of the file for one of the image.
            duration: milliseconds a frame.
            show: makes grey or RGB (n, 1 or 3, height, width) of images of other channels.
        """
        if not isinstance(path, str | PathLike) or Path(path).suffix.lower() != ".gif":
            raise ValueError(f'path: expected a name that ends in ".gif", got {path!r}')
        rows = list(check_indices("rows", rows, len(self.frames), at_least=1))
        scale = check_integer("scale", scale, 1)
        duration = check_integer("duration", duration, 10, LONGEST_GIF_FRAME // 8)
        shown = torch.stack([check_shown(frames, show) for frames in self.frames[rows]]).cpu()
        parted = nn.functional.pad(shown, (0, 1), value=1.0)  # a white line between neighbours
        strips = torch.cat(list(parted), dim=-1)[..., :-1]
        _check_gif(len(strips), *(scale * side for side in strips.shape[-2:]))
        there = [Image.fromarray(enlarged(strip, scale)) for strip in strips]
        durations = [8 * duration, *[duration] * (len(there) - 2), 8 * duration]
        there[0].save(
            path,
            save_all=True,
            append_images=there[1:] + there[-2:0:-1],
            duration=durations + durations[1:-1],
            loop=0,
        )

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, rows: Tensor | slice | Sequence[int] | int) -> "Morph":
        """Some of the morphs, by slice, indices, boolean mask, or one index (a batch of one)."""
        rows = batch_rows(rows, len(self))
        chosen = torch.arange(len(self), device=self.frames.device)[rows]
        parts = {name: part[chosen] for name, part in self._tensors() if name in ROWS}
        return replace(self, **parts, render=_Rows(self.render, chosen))

    def to(self, device: torch.device | str) -> "Morph":
        """The same on a device."""
        parts = {name: part.to(device) for name, part in self._tensors()}
        return replace(self, **parts, render=_on(device, self.render))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Morph):
            return NotImplemented
        (names, ours), (others, theirs) = (zip(*morph._tensors(), strict=True) for morph in (self, other))
        return names == others and same_tensors(ours, theirs)

    def _tensors(self) -> list[tuple[str, Tensor]]:
        """Name and tensor of all that was measured."""
        found = [(name, getattr(self, name)) for name in (*ROWS, "steps")]
        return [(name, part) for name, part in found if part is not None]

    def __repr__(self) -> str:
        asked = self.targets is not None
        name, found = ("target probability", self.target_probabilities) if asked else ("value", self.values)
        batch, frames = self.distances.shape
        final = found[:, -1].quantile(0.5)
        return f"Morph({batch} images, {frames} frames, median {name} at the end {final:.3g})"


@dataclass(frozen=True)
class _Rows:
    """What renders some rows of a batch."""

    render: Callable[[Tensor, Tensor], Tensor]
    rows: Tensor

    def __call__(self, rows: Tensor, positions: Tensor) -> Tensor:
        return self.render(self.rows[rows], positions)

    def to(self, device: torch.device | str) -> "_Rows":
        return _Rows(_on(device, self.render), self.rows.to(device))


def _on(device: torch.device | str, render: Callable[[Tensor, Tensor], Tensor]) -> Any:
    """What renders, on a device; a function of the caller's stays as it is."""
    return render.to(device) if hasattr(render, "to") else render


def measured(
    frames: Tensor,
    scores: Scores,
    k: Tensor,
    targets: Tensor | None,
    render: Callable[[Tensor, Tensor], Tensor],
) -> Morph:
    """A morph of these frames, with what follows from them and their scores.

    Args:
        frames: (batch, frames, channels, height, width).
        scores: values (batch, frames) and logits (batch, frames, classes).
        k: (frames,).
        targets: (batch,), or None.
        render: as of `Morph`.
    """
    distances = torch.stack([l2_distance(frame, frames[:, 0]) for frame in frames.unbind(1)], 1)
    if targets is None:
        return Morph(frames, None, distances, k, None, None, render, scores.values)
    sources, p = scores.logits[:, 0].argmax(1), scores.logits.softmax(2)
    return Morph(frames, p, distances, k, sources, targets, render, scores.values)


def _check_gif(frames: int, height: int, width: int) -> None:
    """Raise ValueError if a GIF is larger than its format, or a computer's memory, takes."""
    side, most = LARGEST_GIF
    if max(height, width) > side or frames * height * width > most:
        raise ValueError(
            f"scale: expected a GIF of at most {side:,} pixels a side and {most:,} in all, "
            f"got {frames} frames of {height:,} x {width:,}: choose a smaller scale or fewer rows"
        )


def enlarged(image: Tensor, scale: int) -> np.ndarray:
    """uint8 pixels (height, width) or (height, width, 3) of an image in [0, 1], each scale x scale large."""
    pixels = (check_shown(image[None])[0].cpu() * 255).round().byte().movedim(0, -1).squeeze(-1).numpy()
    return pixels.repeat(scale, 0).repeat(scale, 1)
