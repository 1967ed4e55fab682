"""What is shown of a morph: its frames, or, for a comparison, the images of two morphs at equal distances.

View           frames of one image and what was measured on them
view_of        the frames of a morph
matched        two morphs at the same L2 distances
film           views as one `Morph`, for strips and animations
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..morphs.gradients import evaluation_mode, model_logits
from ..morphs.morph import Morph
from ..morphs.steps import bisect_distance, l2_distance

POSITIONS = 25  # places of the slider in a comparison


@dataclass(frozen=True)
class View:
    """Frames of one image on its way.

    Attributes:
        frames: (n, channels, height, width) in [0, 1], the source first.
        probabilities: (n, classes).
        distances: (n,), L2 to the source.
        positions: (n,), what the slider counts: k, or the distance in a comparison.
        source, target: class indices, as the model sees the source and as was asked for.
        by_distance: whether ``positions`` are distances.
    """

    frames: Tensor
    probabilities: Tensor
    distances: Tensor
    positions: Tensor
    source: int
    target: int
    by_distance: bool = False


def view_of(morph: Morph) -> View:
    """Every frame of a morph of one image."""
    source, target = int(morph.sources[0]), int(morph.targets[0])
    return View(morph.frames[0], morph.probabilities[0], morph.distances[0], morph.steps, source, target)


def matched(model: nn.Module, morphs: Sequence[Morph]) -> list[View]:
    """Morphs of one image at `POSITIONS` equal distances: from 0 to the largest that all of them reach.

    The image at a distance is the first on the path that lies there (met to 5e-4), and is scored itself.

    Raises:
        ValueError: one of them does not move at all.
    """
    farthest = min(morph.distances.max().item() for morph in morphs)
    if farthest < 2e-3:
        raise ValueError(
            f"settings: expected two morphs that move, got one that stays at distance {farthest:.1g}"
        )
    distances = torch.linspace(0, 0.999 * farthest, POSITIONS, dtype=torch.float64)
    return [_at(model, morph, distances) for morph in morphs]


def _at(model: nn.Module, morph: Morph, distances: Tensor) -> View:
    """One morph at increasing distances, of which the first is 0."""
    beyond = morph.distances[0].double().cpu() >= distances[1:, None]
    after = beyond.to(torch.uint8).argmax(1).to(morph.steps.device)
    rows = torch.zeros_like(after)
    wanted = distances[1:].to(morph.distances)
    _, images = bisect_distance(
        lambda k: morph.render(rows, k),
        morph.steps[after - 1],
        morph.steps[after],
        morph.frames[rows, 0],
        wanted,
    )
    frames = torch.cat([morph.frames[0, :1], images])
    with evaluation_mode(model), torch.no_grad():
        probabilities = model_logits(model, frames).softmax(1)
    found = l2_distance(frames, frames[:1])
    source, target = int(morph.sources[0]), int(morph.targets[0])
    return View(frames, probabilities, found, distances, source, target, by_distance=True)


def film(views: Sequence[View]) -> Morph:
    """Views of one image as a morph of a batch; it cannot be rendered between its frames."""

    def render(rows: Tensor, k: Tensor) -> Tensor:
        raise ValueError("render: expected a morph of `extrapolate` or `steer`, got frames that were chosen")

    def batched(name: str) -> Tensor:
        return torch.stack([getattr(view, name) for view in views])

    sources, targets = (torch.tensor([getattr(v, name) for v in views]) for name in ("source", "target"))
    frames, probabilities, distances = map(batched, ("frames", "probabilities", "distances"))
    return Morph(frames, probabilities, distances, views[0].positions, sources, targets, render)
