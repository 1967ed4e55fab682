"""Lesson 05: the checks of its exercises."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from steerlens.transforms.color import RGB_TO_YIQ, yiq_to_rgb

from ..common.verdict import close, verdict
from .cases import paint, recolored
from .measures import chroma_change, hue_to, luminance_change


def check_color(answer: Any, yiq: Sequence[float]) -> None:
    """R, G and B of one (Y, I, Q), to 0.02."""
    expected = yiq_to_rgb(torch.tensor(yiq, dtype=torch.float64)[None, :, None, None]).flatten()
    r, g, b = (round(value, 2) + 0.0 for value in expected.tolist())
    close(answer, expected, "three numbers (R, G, B)", 0.02, f"(R, G, B) = ({r:.2f}, {g:.2f}, {b:.2f})")


def check_channels(answer: Any, image: Tensor) -> None:
    """Names of the channels that a phase edit in RGB can change: those that are not empty."""
    peaks = zip(("red", "green", "blue"), image.amax((0, 2, 3)), strict=True)
    filled = {name for name, peak in peaks if peak > 0}
    kind = 'a set of names from "red", "green", "blue"'
    verdict(
        answer, kind, f"{sorted(filled)}", lambda found: not isinstance(found, str) and set(found) == filled
    )


def check_green_share(answer: Any) -> None:
    """Share of green in the energy of an RGB gradient that is M^T (1, 0, 0)."""
    energy = torch.tensor(RGB_TO_YIQ[0]).square()
    close(answer, (energy[1] / energy.sum()).item(), "a share from 0 to 1", 0.01)


def check_amplifiers(answer: Any, model: nn.Module, images: Tensor, target: int) -> None:
    """Amplifiers (Y, I, Q) that bring the hue within 40 degrees of the target's, mostly by I and Q.

    The morph is `recolored`; its change in Y may be at most 0.4 times that in I and Q (L2, last frame).
    """
    found: list[str] = []

    def right(gains: Any) -> bool:
        last = recolored(model, images, target, gains).frames[:, -1]
        off = hue_to(paint(torch.tensor([target])))(last, images).item()
        ratio = (luminance_change(last, images) / chroma_change(last, images)).item()
        found.append(f"hue {off:.0f} degrees off the aim, change in Y {ratio:.2f} times that in I and Q")
        return off < 40 and ratio <= 0.4

    kind = "three numbers (y, i, q)"
    verdict(answer, kind, f"{kind}, hue within 40 degrees, change in Y at most 0.4 times the rest", right)
    print(*found, end="\n" if found else "")
