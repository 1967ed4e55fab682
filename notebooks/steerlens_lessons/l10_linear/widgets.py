"""Lesson 10: choose a pixel and see its row and its column of F (the paper's live demonstration)."""

import ipywidgets
import torch
from torch import Tensor, nn

from steerlens import plot
from steerlens._internal.checks import check_integer
from steerlens.linear import LinearInterpreter
from steerlens.plot.widgets import StillBox, image_png, viewer

from .measures import spread_of

TILE = 192  # side of a panel in pixels
RADIUS = 5  # of the zoom, in pixels of the input
RED = torch.tensor([1.0, 0.1, 0.1])


def pixel_picker(interpreter: LinearInterpreter) -> StillBox:
    """Two sliders choose a pixel: its row and its column of F appear (the paper's Section 8.D).

    Args:
        interpreter: of a network from images to images whose sides are multiples of the input's.
    """
    height, width = interpreter.x0.shape[-2:]
    sliders = [
        ipywidgets.IntSlider(side // 2, 0, side - 1, description=name)
        for name, side in (("row", height), ("column", width))
    ]
    still = [(height // 4, width // 4), (height // 2, width // 2), (2 * height // 3, width // 4)]
    text = "Two sliders choose a pixel; the still picture shows the row and the column of three."
    return viewer(sliders, lambda row, column: pixel_view(interpreter, row, column), still, text)


def pixel_view(interpreter: LinearInterpreter, row: int, column: int) -> tuple[bytes, str]:
    """Input and output with the pixel marked, a filter beside each, as a PNG; and a line of numbers.

    The row of F is that of the first output pixel within the chosen pixel of the input.
    """
    width = interpreter.x0.shape[-1]
    scale = interpreter.output.shape[-1] // width
    y, x = scale * row, scale * column
    receptive = interpreter.row(y * scale * width + x)
    projective = interpreter.column(row * width + column)
    panels = [
        marked(interpreter.x0[0], row, column),
        plot.signed(root(zoomed(receptive[0], row, column, RADIUS))),
        marked(interpreter.output[0], y, x),
        plot.signed(root(zoomed(projective[0], y, x, scale * RADIUS))),
    ]
    large = [nn.functional.interpolate(panel[None].double(), (TILE, TILE))[0] for panel in panels]
    framed = nn.functional.pad(torch.stack(large), [4] * 4, value=1.0)
    picture = torch.cat([torch.cat([*pair], -1) for pair in framed.split(2)], -2)
    upper, lower = (f"sum {f.sum():.2f}, spread over {spread_of(f).item():.1f} pixels"
                    for f in (receptive, projective))  # fmt: skip
    return image_png(picture), (
        f"Pixel {row}, {column}. Above, the input and the receptive filter (row: {upper}); "
        f"below, the output and the projective filter (column: {lower})."
    )


def marked(image: Tensor, row: int, column: int) -> Tensor:
    """An image (1 or 3, height, width) in colour with a red cross around one pixel."""
    height, width = image.shape[-2:]
    row, column = check_integer("row", row, 0, height - 1), check_integer("column", column, 0, width - 1)
    y, x = (torch.arange(height) - row).abs()[:, None], (torch.arange(width) - column).abs()
    cross = (y * x == 0) & (y + x > 0) & (y + x <= max(2, height // 16))
    return torch.where(cross, RED[:, None, None].to(image), image.detach().clamp(0, 1))


def root(values: Tensor) -> Tensor:
    """Square root of a filter (channels, height, width), summed over channels, with its sign: (1, ...)."""
    total = values.sum(0, keepdim=True)
    return total.sign() * total.abs().sqrt()


def zoomed(image: Tensor, row: int, column: int, radius: int) -> Tensor:
    """The square of 2 radius + 1 pixels around a place, zero beyond the edges of the image."""
    around = nn.functional.pad(image, [radius] * 4)
    return around[..., row : row + 2 * radius + 1, column : column + 2 * radius + 1]
