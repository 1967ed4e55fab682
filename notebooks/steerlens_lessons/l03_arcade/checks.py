"""Lesson 03: the checks of its exercises."""

from typing import Any

import torch
from torch import Tensor, nn

from steerlens import Morph, SteerablePyramid, extrapolate
from steerlens.data import DIRECTIONS
from steerlens.evaluation import center_of_mass

from ..common.verdict import close, verdict
from .measures import centroid_path, measured


def check_half(answer: Any, morph: Morph) -> None:
    """Share of each last frame's brightness in the half of the image that its target names."""
    close(answer, measured(morph).half, f"{len(morph)} shares between 0 and 1, a tensor or a list", 2e-3)


def check_doubled(answer: Any, model: nn.Module, morph: Morph, row: int, alpha: float, k: float) -> None:
    """Where the centre of mass lies in frame k of the same frozen morph with another alpha, to 0.3 px."""
    case = (model, morph.frames[[row], 0], morph.targets[[row]], SteerablePyramid((64, 64), 3, 4))
    place = centroid_path(extrapolate(*case, alpha=alpha, steps=[k]))[0, -1]
    y, x = place.tolist()
    close(answer, place, "y and x in pixels", 0.3, f"({y:.1f}, {x:.1f}), that is y and x, to 0.3 px")


@torch.no_grad()
def check_fooled(answer: Any, model: nn.Module) -> None:
    """An image whose centre of mass lies 2 px or more to the left, and which the model sees as Right."""
    kind = "an image of shape (1, 1, 64, 64) in [0, 1]"
    words = f"{kind}, x <= -2, y within 1 of 0, p(Right) > 0.5"
    fits = isinstance(answer, Tensor) and answer.shape == (1, 1, 64, 64)
    if fits:
        y, x = center_of_mass(answer)[0, 0].tolist()
        p = model(answer).softmax(1)[0, DIRECTIONS.index("Right")].item()
        words += f" (yours: x = {x:.1f}, y = {y:.1f}, p(Right) = {p:.2f})"
        fits = 0 <= answer.min() <= answer.max() <= 1 and x <= -2 and abs(y) <= 1 and p > 0.5
    verdict(answer, kind, words, lambda _: fits)


def check_literal(answer: Any, model: nn.Module, sources: Tensor, targets: Tensor) -> None:
    """How many morphs reach their target with all residuals fixed and alpha = 5: 3 scales, 5 scales."""
    how = {"alpha": 5.0, "steps": [1, 3, 6, 12], "residuals": "fixed", "progress": False}
    pyramids = [SteerablePyramid((64, 64), scales, 4) for scales in (3, 5)]
    morphs = [extrapolate(model, sources, targets, pyramid, **how) for pyramid in pyramids]
    three, five = (int(measured(morph).reached.sum()) for morph in morphs)
    words = f"{three} with 3 scales and {five} with 5"
    close(answer, (three, five), "two counts, (with 3 scales, with 5)", 0, words)
