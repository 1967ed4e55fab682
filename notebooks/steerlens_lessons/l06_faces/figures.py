"""Lesson 06: faces with the boxes around mouth, eyes and brows, and what a morph did to many.

boxes            over a cell of `steerlens.plot.grid`
before_after     sources, the first frames that convince the network, and the last frames, in columns
"""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from steerlens import Morph
from steerlens.plot import grid

from ..common.summaries import arrivals
from .measures import BOXES

COLORS = {"mouth": "#d95f02", "eyes and brows": "#1b9e77"}


def boxes(axis: Axes, row: int = 0, column: int = 0) -> None:
    """Draw the boxes over a face, in any cell of a grid; the first cell names them."""
    for name, (top, bottom, left, right) in BOXES.items():
        corner, look = (left - 0.5, top - 0.5), {"color": COLORS[name], "linewidth": 1.2}
        axis.add_patch(Rectangle(corner, right - left, bottom - top, fill=False, **look))
        if row == column == 0:
            axis.annotate(name, (left, top - 1), color=COLORS[name], fontsize=8, weight="bold", va="bottom")


def before_after(morph: Morph, rows: Sequence[int], probability: float = 0.99) -> Figure:
    """Columns of three: the source, the first frame with this probability of the target, the last frame."""
    first, last = arrivals(morph, probability)[1], len(morph.steps) - 1
    frames = {"source": 0 * first, f"p ≥ {probability:g}": first, "last": torch.full_like(first, last)}
    table = {}
    for name, shown in frames.items():
        places = [(row, int(shown[row])) for row in rows]
        notes = [f"k = {morph.steps[k]:g}: {morph.target_probabilities[row, k]:.2f}" for row, k in places]
        table[name] = [(morph.frames[place], note) for place, note in zip(places, notes, strict=True)]
    return grid(table)
