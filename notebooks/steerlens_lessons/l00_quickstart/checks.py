"""Lesson 00: the checks of its exercises."""

from typing import Any

import torch
from torch import Tensor

from steerlens.morphs.morph import Morph
from steerlens.morphs.steps import DISTANCE_TOLERANCE, l2_distance

from ..common.verdict import verdict


def check_first_arrival(answer: Any, morph: Morph, row: int, probability: float) -> None:
    """The first k at which a morph's target has at least this probability."""
    reached = morph.target_probabilities[row] >= probability
    first = morph.steps[reached.to(torch.uint8).argmax()].item()
    verdict(answer, "a value of k", f"k = {first:g}", lambda k: float(k) == first)


def check_frozen_frame(answer: Any, morph: Morph, column: int) -> None:
    """The images of one frame of a frozen morph, made by hand (Eq. 10 and 11)."""
    frame = morph.frames[:, column]
    kind = f"images of shape {tuple(frame.shape)}, float, in [0, 1]"

    def right(images: Tensor) -> bool:
        return images.shape == frame.shape and torch.allclose(images, frame, atol=1e-4)

    verdict(answer, kind, f"{kind}, equal to frame k = {morph.steps[column]:g} to 1e-4", right)


def check_distance(answer: Any, sources: Tensor, distance: float) -> None:
    """Images at an L2 distance from their sources."""

    def right(images: Tensor) -> bool:
        found = l2_distance(images, sources)
        return bool(((found - distance).abs() <= 2 * DISTANCE_TOLERANCE).all())

    kind = f"images of shape {tuple(sources.shape)}"
    verdict(answer, kind, f"{kind}, each at L2 distance {distance:g} from its source", right)
