"""Lesson 10: choose a pixel and see its row and its column; the checks of the exercises.

pixel_view, pixel_picker   the paper's live demonstration
check_origin, check_rule, check_printed_sigma, check_layer
"""

from typing import Any

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from steerlens.linear import LinearInterpreter
from steerlens.plot.widgets import StillBox, image_png, viewer

from ..common.verdict import verdict
from .figures import marked, signed, tiles, zoomed
from .measures import spread_of

TILE = 192  # side of a panel in pixels
RADIUS = 5  # of the zoom, in pixels of the input


def panels(interpreter: LinearInterpreter, row: int, column: int) -> list[tuple[str, Tensor]]:
    """Input and output with the pixel marked, its receptive and its projective filter, zoomed.

    Args:
        interpreter: of a network from images to images whose sides are multiples of the input's.
        row, column: of a pixel of the input; the row of F is that of the first output pixel within it.
    """
    scale, filters = _filters(interpreter, row, column)
    y, x = scale * row, scale * column
    output = interpreter.output[0].clamp(0, 1)
    return [
        ("input", marked(interpreter.x0[0], row, column)),
        ("row: receptive filter", signed(zoomed(filters[0][0], row, column, RADIUS), 0.5)),
        ("output", marked(output, y, x)),
        ("column: projective filter", signed(zoomed(filters[1][0], y, x, scale * RADIUS), 0.5)),
    ]


def _filters(interpreter: LinearInterpreter, row: int, column: int) -> tuple[int, list[Tensor]]:
    """How many times larger than the input the output is, and the row and the column of F at a place."""
    width = interpreter.x0.shape[-1]
    scale = interpreter.output.shape[-1] // width
    entry = scale * row * scale * width + scale * column
    return scale, [interpreter.row(entry), interpreter.column(row * width + column)]


def pixel_view(interpreter: LinearInterpreter, row: int, column: int) -> tuple[bytes, str]:
    """The four panels side by side as a PNG, and a line of numbers."""
    _, (receptive, projective) = _filters(interpreter, row, column)
    shown = [
        nn.functional.interpolate(image[None].double(), (TILE, TILE), mode="nearest")[0]
        for _, image in panels(interpreter, row, column)
    ]
    words = [
        f"{name}: sum {filters.sum():.2f}, spread over {spread_of(filters).item():.1f} pixels"
        for name, filters in (("row", receptive), ("column", projective))
    ]
    return image_png(torch.cat(shown, dim=-1)), "; ".join(words)


def pixel_still(interpreter: LinearInterpreter) -> Figure:
    """The view at three pixels, for readers without a kernel."""
    height, width = interpreter.x0.shape[-2:]
    places = [(height // 4, width // 4), (height // 2, width // 2), (2 * height // 3, width // 4)]
    return tiles({f"pixel\n{place[0]}, {place[1]}": panels(interpreter, *place) for place in places})


def pixel_picker(interpreter: LinearInterpreter) -> StillBox:
    """Two sliders choose a pixel: its row and its column of F appear (the paper's Section 8.D)."""
    height, width = interpreter.x0.shape[-2:]
    sliders = [
        ipywidgets.IntSlider(side // 2, 0, side - 1, description=name)
        for name, side in (("row", height), ("column", width))
    ]
    text = "Two sliders choose a pixel; the still picture shows the row and the column of three."
    return viewer(
        sliders, lambda row, column: pixel_view(interpreter, row, column), pixel_still(interpreter), text
    )


def check_origin(answer: Any, interpreter: LinearInterpreter, origin: Tensor, entry: int) -> None:
    """r' of an entry when the input is written as origin + x': F origin + r."""
    right = interpreter(origin).flatten()[entry].item()

    def fits(value: Any) -> bool:
        return abs(float(value) - right) <= 1e-3 * max(1.0, abs(right))

    verdict(answer, "a number", f"{right:.4f}, to 0.1 %", fits)


def check_rule(answer: Any, model: nn.Module, x0: Tensor, unit: str) -> None:
    """A freeze rule that lets the interpreter in, gives the unit's value, and does not freeze everything."""

    def fits(rule: Any) -> bool:
        try:
            interpreter = LinearInterpreter(model, x0, rules={unit: rule})
        except NotImplementedError:
            return False
        return interpreter.apply(x0).abs().max().item() > 1e-6

    words = f"a function (function, x, ...) that returns {unit}(x), affine in x"
    verdict(answer, f"a freeze rule for {unit}", words, fits)


def check_printed_sigma(answer: Any, sigma: float, momentum: float) -> None:
    """What Algorithm 1 prints: s + m / s = sigma^2, the larger root, s = printed^2."""
    root = (sigma**2 + (sigma**4 - 4 * momentum) ** 0.5) / 2
    expected = f"{root**0.5:.4f}, to 0.001"
    verdict(answer, "a number", expected, lambda value: abs(float(value) - root**0.5) <= 1e-3)


def check_layer(answer: Any, names: tuple[str, ...], shares: Tensor) -> None:
    """The layer (not the input) whose share of the score has the largest mean over the images."""
    best = names[1:][int(shares[:, 1:].mean(0).argmax())]
    verdict(answer, "the name of a layer", repr(best), lambda name: name == best)
