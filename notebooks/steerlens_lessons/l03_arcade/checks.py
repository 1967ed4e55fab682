"""Lesson 03: the checks of its exercises."""

from typing import Any

import torch
from torch import Tensor, nn

from steerlens import Morph, SteerablePyramid, extrapolate
from steerlens.data import DIRECTIONS
from steerlens.evaluation import center_of_mass

from ..common.exercises import Key, exercise, numbers
from .measures import centroid_path, measured


@exercise("`frames[:, -1, 0]` are the last frames; sum the half of each, and divide by the sum of all.")
def check_half(morph: Morph) -> Key:
    """Share of each last frame's brightness in the half of the image that its target names."""
    shares = measured(morph).half
    first, last = morph.frames[:, 0].sum((1, 2, 3)), morph.frames[:, -1].sum((1, 2, 3))
    slips = {
        "those are the shares of the other halves": 1 - shares,
        "that is divided by the source's brightness, not by the frame's own": shares * last / first,
        "those are sums of brightness, not yet shares": shares * last,
    }
    return numbers(shares, f"{len(morph)} shares between 0 and 1, a tensor or a list", 2e-3, slips)


@exercise("in the residual only k times alpha counts, and arg z is nearly linear in alpha.")
def check_doubled(model: nn.Module, morph: Morph, row: int, alpha: float, k: float) -> Key:
    """Where the centre of mass lies in frame k of the same frozen morph with another alpha, to 0.3 px."""
    case = (model, morph.frames[[row], 0], morph.targets[[row]], SteerablePyramid((64, 64), 3, 4))
    place = centroid_path(extrapolate(*case, alpha=alpha, steps=[k]))[0, -1]
    before = centroid_path(morph)[row][morph.steps == k][0]
    slips = {
        "that is the place at the old alpha": before,
        "twice alpha is not twice the place: the path does not start in the middle": 2 * before,
    }
    y, x = place.tolist()
    words = f"({y:.1f}, {x:.1f}), that is y and x, to 0.3 px"
    return numbers(place, "y and x in pixels", 0.3, slips, words=words)


@exercise("a pixel that no training disk ever lit has almost no weight, but the centre of mass counts it.")
def check_fooled(model: nn.Module) -> Key:
    """An image whose centre of mass lies 2 px or more to the left, and which the model sees as Right."""
    kind = "an image of shape (1, 1, 64, 64) in [0, 1]"

    def error(image: Any) -> str:
        if not isinstance(image, Tensor) or image.shape != (1, 1, 64, 64):
            return f"expected {kind}"
        if not 0 <= image.min() <= image.max() <= 1:
            return "it leaves [0, 1]: where shapes overlap, their sum has to be clipped"
        y, x = center_of_mass(image)[0, 0].tolist()
        with torch.no_grad():
            p = model(image).softmax(1)[0, DIRECTIONS.index("Right")].item()
        if x > -2 or abs(y) > 1:
            return f"its centre of mass lies at x = {x:.1f}, y = {y:.1f}, and x <= -2, |y| <= 1 was asked for"
        return "" if p > 0.5 else f"the network is not fooled: p(Right) = {p:.2f}"

    return Key(kind, f"{kind}, x <= -2, y within 1 of 0, p(Right) > 0.5", error)


@exercise("`residuals` and `alpha` go to `sl.extrapolate`, once with `three` and once with `five`.")
def check_literal(model: nn.Module, sources: Tensor, targets: Tensor) -> Key:
    """How many morphs reach their target with all residuals fixed and alpha = 5: 3 scales, 5 scales."""
    how = {"alpha": 5.0, "steps": [1, 3, 6, 12], "residuals": "fixed", "progress": False}
    pyramids = [SteerablePyramid((64, 64), scales, 4) for scales in (3, 5)]
    morphs = [extrapolate(model, sources, targets, pyramid, **how) for pyramid in pyramids]
    counts = [int(measured(morph).reached.sum()) for morph in morphs]
    last = [int((morph.probabilities[:, -1].argmax(1) == targets).sum()) for morph in morphs]
    slips = {
        "the last frame alone was counted: a morph reaches its target if some frame does": last,
        "those are shares, and counts were asked for": [count / len(sources) for count in counts],
    }
    words = f"{counts[0]} with 3 scales and {counts[1]} with 5"
    return numbers(counts, "two counts, (with 3 scales, with 5)", 0, slips, words=words)
