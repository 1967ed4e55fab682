"""Lesson 09: its widget, the stored table, a class at a time."""

from collections.abc import Sequence
from typing import Any

import ipywidgets
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steerlens import plot
from steerlens.plot.widgets import StillBox, image_png, viewer

from .figures import few_colors
from .table import METHODS, column


def sheet_browser(sheet: Tensor, rows: list[dict[str, Any]], names: Sequence[str]) -> StillBox:
    """Choose one of the classes; without a kernel, all of them.

    Args:
        sheet: (methods, classes, 3, height, width), see `stored_sheet`.
        rows: the stored table.
        names: of the classes.
    """
    menu = ipywidgets.Dropdown(options=[(name, i) for i, name in enumerate(names)], description="class")
    text = f"A menu of {len(names)} classes; four pictures of each."
    still = few_colors(sheet_figure(sheet, names)).data
    return viewer([menu], lambda place: sheet_view(sheet, rows, place), still, text)


def sheet_view(sheet: Tensor, rows: list[dict[str, Any]], place: int) -> tuple[bytes, str]:
    """The pictures of one class side by side as a PNG, and rank and probability of each."""
    words = []
    for method in METHODS:
        rank, p = (column(rows, method, field)[place] for field in ("rank", "probability"))
        words.append(f"{method}: rank {rank:.0f}, p {p:.2f}")
    return image_png(torch.cat(list(sheet[:, place]), dim=2)), "; ".join(words)


def sheet_figure(sheet: Tensor, names: Sequence[str]) -> Figure:
    """All pictures: a row a method, twice."""
    half, count = len(names) // 2, len(METHODS)
    lines = [(name, part[n]) for part in sheet.split(half, 1) for n, name in enumerate(METHODS)]

    def named(axis: Axes, line: int, column: int) -> None:
        if line % count == 0:
            axis.set_title(names[half * (line // count) + column][:14], fontsize=6, pad=2)

    return plot.grid(lines, cell=0.75, draw=named)
