"""Lesson 09: its widget, the stored table, a class at a time."""

import ipywidgets
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steerlens import plot
from steerlens.plot.widgets import StillBox, image_png, viewer

from .figures import few_colors
from .table import METHODS, NAMES


def sheet_browser(sheet: Tensor, rows: pd.DataFrame) -> StillBox:
    """Choose one of the classes; without a kernel, all of them. For `stored_sheet` and the `stored` table."""
    menu = ipywidgets.Dropdown(options=[(name, i) for i, name in enumerate(NAMES)], description="class")
    text = f"A menu of {len(NAMES)} classes; four pictures of each."
    still = few_colors(sheet_figure(sheet)).data
    return viewer([menu], lambda place: sheet_view(sheet, rows, place), still, text)


def sheet_view(sheet: Tensor, rows: pd.DataFrame, place: int) -> tuple[bytes, str]:
    """The pictures of one class side by side as a PNG, and rank and probability of each."""
    words = []
    for method in METHODS:
        here = rows.loc[method].iloc[place]
        words.append(f"{method}: rank {here['rank']:.0f}, p {here['probability']:.2f}")
    return image_png(torch.cat(list(sheet[:, place]), dim=2)), "; ".join(words)


def sheet_figure(sheet: Tensor) -> Figure:
    """All pictures: a row a method, twice."""
    half, count = len(NAMES) // 2, len(METHODS)
    lines = [(name, part[n]) for part in sheet.split(half, 1) for n, name in enumerate(METHODS)]

    def named(axis: Axes, line: int, column: int) -> None:
        if line % count == 0:
            axis.set_title(NAMES[half * (line // count) + column][:14], fontsize=6, pad=2)

    return plot.grid(lines, cell=0.75, draw=named)
