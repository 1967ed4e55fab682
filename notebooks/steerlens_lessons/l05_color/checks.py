"""Lesson 05: the checks of its exercises."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from steerlens.transforms.color import RGB_TO_YIQ, yiq_to_rgb

from ..common.exercises import Key, exercise, numbers
from .cases import paint, recolored
from .measures import chroma_change, hue_to, luminance_change


@exercise("which of 0.299, 0.587 and 0.114 sum to Y? Those channels are 1.")
def check_color(yiq: Sequence[float]) -> Key:
    """R, G and B of one (Y, I, Q), to 0.02."""
    given = torch.tensor(yiq, dtype=torch.float64)
    rgb = yiq_to_rgb(given[None, :, None, None]).flatten()
    slips = {
        "that is the complement: the channels that do not sum to Y": 1 - rgb,
        "the matrix was used once more, where its inverse is needed": torch.tensor(RGB_TO_YIQ).double()
        @ given,
        "those are Y, I and Q themselves": given,
    }
    r, g, b = (round(value, 2) + 0.0 for value in rgb.tolist())
    words = f"(R, G, B) = ({r:.2f}, {g:.2f}, {b:.2f})"
    return numbers(rgb, "three numbers (R, G, B)", 0.02, slips, words=words)


@exercise("a phase edit turns what is there. What can it turn in an empty channel?")
def check_channels(image: Tensor) -> Key:
    """Names of the channels that a phase edit in RGB can change: those that are not empty."""
    colors = ("red", "green", "blue")
    filled = {name for name, peak in zip(colors, image.amax((0, 2, 3)), strict=True) if peak > 0}
    kind = 'a set of names from "red", "green", "blue"'

    def error(answer: Any) -> str:
        if isinstance(answer, str) or not set(answer) <= set(colors):
            return f"expected {kind}"
        if set(answer) - filled:
            return f"{', '.join(sorted(set(answer) - filled))}: empty, and 0 stays 0 whatever its phase is"
        return "" if set(answer) == filled else "one that can change is missing"

    return Key(kind, f"{sorted(filled)}", error)


@exercise("energy is the square: the gradient in RGB is M^T (1, 0, 0), the first row of M.")
def check_green_share() -> Key:
    """Share of green in the energy of an RGB gradient that is M^T (1, 0, 0)."""
    weights = torch.tensor(RGB_TO_YIQ[0])
    energy = weights.square()
    slips = {
        "that is the share of the weight; energy is its square": weights[1],
        "that is the square of green's weight, not yet divided by the sum": energy[1],
        "that is the share of the length, not of its square": weights[1] / energy.sum().sqrt(),
    }
    return numbers((energy[1] / energy.sum()).item(), "a share from 0 to 1", 0.01, slips)


@exercise("lower the amplifier of Y, and leave the other two.")
def check_amplifiers(model: nn.Module, images: Tensor, target: int) -> Key:
    """Amplifiers (Y, I, Q) that bring the hue within 40 degrees of the target's, mostly by I and Q.

    The morph is `recolored`; its change in Y may be at most 0.4 times that in I and Q (L2, last frame).
    """

    def change(gains: Any) -> tuple[float, float]:
        last = recolored(model, images, target, gains).frames[:, -1]
        off = hue_to(paint(torch.tensor([target])))(last, images).item()
        return off, (luminance_change(last, images) / chroma_change(last, images)).item()

    def note(gains: Any) -> str:
        off, ratio = change(gains)
        return f"hue {off:.0f} degrees off the aim, change in Y {ratio:.2f} times that in I and Q"

    def error(gains: Any) -> str:
        off, ratio = change(gains)
        reasons = {"the colour has not arrived": not off < 40, "Y does too much": not ratio <= 0.4}
        wrong = " and ".join(reason for reason, holds in reasons.items() if holds)
        return f"{wrong}: {note(gains)}" if wrong else ""

    kind = "three numbers (y, i, q)"
    words = f"{kind}, hue within 40 degrees, change in Y at most 0.4 times the rest"
    return Key(kind, words, error, note=note)
