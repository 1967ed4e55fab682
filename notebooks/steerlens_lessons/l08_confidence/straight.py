"""Edits on a straight line, to exactly one distance; and edits that know nothing, as a scale for scores.

straight_edit       images on the line from the sources through other images, clipped, at the distance
reference_editors   noise, smooth noise, and the nearest training image of the target class
"""

from functools import partial

import torch
from torch import Tensor, nn

from steerlens.data.images import ImageData
from steerlens.evaluation.matched import Editor
from steerlens.evaluation.space import blurred
from steerlens.morphs.steps import DISTANCE_TOLERANCE, bisect_distance, l2_distance

SMOOTH = 3.0  # standard deviation of the blur of smooth noise, in pixels
FARTHEST = 100.0  # times the other image's distance


def straight_edit(sources: Tensor, images: Tensor, distance: float) -> tuple[Tensor, Tensor]:
    """The clipped point at an L2 distance (to 5e-4) on the line through other images, and where there is one.

    Sources in [0, 1] and images are (batch, channels, height, width); which attained the distance, (batch,).
    """

    def render(t: Tensor) -> Tensor:
        return (sources + t.to(sources)[:, None, None, None] * (images - sources)).clamp(0, 1)

    zero = sources.new_zeros(len(sources))
    attained = l2_distance(render(zero + FARTHEST), sources) >= distance - DISTANCE_TOLERANCE
    _, exact = bisect_distance(render, zero, zero + FARTHEST, sources, distance)
    return exact, attained


def reference_editors(training: ImageData) -> dict[str, Editor]:
    """White noise, smooth noise, and a blend with the nearest training image of the target class."""
    return {
        "noise": _noise,
        "smooth noise": partial(_noise, blur=SMOOTH),
        "nearest example": partial(_nearest_example, training=training),
    }


def _noise(
    model: nn.Module, images: Tensor, targets: Tensor, distance: float, blur: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The same noise for an image whatever the distance, of the length that the distance needs."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0)).to(images)
    return straight_edit(images, images + blurred(noise, blur), distance)


def _nearest_example(
    model: nn.Module, images: Tensor, targets: Tensor, distance: float, training: ImageData
) -> tuple[Tensor, Tensor]:
    """A step towards the training image of the target class that is nearest to the source."""
    nearest = images.clone()
    for target in targets.unique():
        rows, examples = targets == target, training.images[training.labels == target.item()]
        gaps = torch.cdist(images[rows].flatten(1), examples.to(images).flatten(1))
        nearest[rows] = examples.to(images)[gaps.argmin(dim=1)]
    return straight_edit(images, nearest, distance)
