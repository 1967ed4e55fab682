"""Lesson 00: the checks of its exercises."""

from typing import Any

from torch import Tensor

from steerlens import Morph
from steerlens.morphs.steps import DISTANCE_TOLERANCE, l2_distance

from ..common.summaries import arrivals
from ..common.verdict import chosen, close, verdict


def check_first_arrival(answer: Any, morph: Morph, row: int, probability: float) -> None:
    """The first k at which a morph's target has at least this probability."""
    chosen(answer, morph.steps[arrivals(morph, probability)[1][row]].item(), "a value of k")


def check_frozen_frame(answer: Any, morph: Morph, column: int) -> None:
    """The images of one frame of a frozen morph, made by hand (Eq. 10 and 11)."""
    frame = morph.frames[:, column]
    kind = f"images of shape {tuple(frame.shape)}, float, in [0, 1]"
    close(answer, frame, kind, 1e-4, f"{kind}, equal to frame k = {morph.steps[column]:g} to 1e-4")


def check_distance(answer: Any, sources: Tensor, distance: float) -> None:
    """Images at an L2 distance from their sources."""
    kind = f"images of shape {tuple(sources.shape)}"
    words = f"{kind}, each at L2 distance {distance:g} from its source"
    limit = 2 * DISTANCE_TOLERANCE
    verdict(answer, kind, words, lambda found: (l2_distance(found, sources) - distance).abs().max() <= limit)
