"""Lesson 10: its drawings.

systems   matrices with a row and a column marked, and what the parts of y = F x + r look like
"""

from collections.abc import Mapping

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from steerlens import plot
from steerlens.linear import LinearInterpreter
from steerlens.plot.figures import WIDTH, bare, closed, show_image, styled, subplots

ROW, COLUMN = "C1", "C2"  # colours of what is marked
TITLES = (
    *("matrix F", "a row: what an\noutput reads", "a column: what\nan input reaches"),
    *("residual r", "input x", "output\nF x + r"),
)


@styled
def systems(found: Mapping[str, tuple[LinearInterpreter, int, int]]) -> Figure:
    """A line for each frozen system: its matrix, one row and one column, the residual, and y = F x + r.

    Args:
        found: by name, the system, and which row and which column are shown.
    """
    figure, axes = subplots(len(found), 6, (WIDTH, 1.6 * len(found) + 0.5), width_ratios=(2, 1, 1, 1, 1, 1))
    for line, (name, (system, row, column)) in zip(axes, found.items(), strict=True):
        matrix = system.matrix()
        _marked(line[0], matrix, row, column)
        line[0].set_xlabel(f"{name}: {len(matrix)} x {len(matrix.T)}", fontsize=9)
        parts = system.row(row), system.column(column), system.residual, system.x0, system.output
        for axis, values in zip(line[1:], parts, strict=True):
            bare(axis)
            axis.set_anchor("N")
            image = beside(values[0])
            grey = values is not system.residual and image.min() >= 0 and image.max() <= 1
            show_image(axis, image if grey else plot.signed(image))
        for axis, color in zip(line[1:], (ROW, COLUMN), strict=False):
            axis.spines[:].set(visible=True, color=color, linewidth=2)
    for axis, title in zip(axes[0], TITLES, strict=True):
        axis.set_title(title)
    return closed(figure)


def _marked(axis: Axes, matrix: Tensor, row: int, column: int) -> None:
    """A matrix in colours, weak values stronger than they are, and frames around a row and a column."""
    bare(axis)
    height, width = matrix.shape
    colours = plot.signed(matrix.sign()[None] * matrix[None].abs().sqrt())
    axis.imshow(colours.movedim(0, -1).numpy(), aspect="auto", interpolation="nearest")
    thick = max(1, height // 60)
    for corner, size, color in (
        ((-0.5, row - thick / 2), (width, thick), ROW),
        ((column - 0.5, -0.5), (1, height), COLUMN),
    ):
        axis.add_patch(Rectangle(corner, *size, fill=False, edgecolor=color, linewidth=1.6))


def beside(image: Tensor) -> Tensor:
    """The channels of an image (channels, height, width) side by side, a gap between: (1, height, ...)."""
    gap = image.new_zeros(image.shape[-2], 1)
    parts = [part for channel in image for part in (gap, channel)][1:]
    return torch.cat(parts, -1)[None]
