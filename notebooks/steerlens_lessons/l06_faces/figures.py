"""Lesson 06: faces with the boxes around mouth, eyes and brows, and the way from one mouth to another.

boxes            over a cell of `steerlens.plot.grid`
before_after     sources, the first frames that convince the network, and the last frames, in columns
mean_faces       what sad and happy faces look like on average
erase_and_draw   the way from the old mouth to the new one, in two numbers
"""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from steerlens import Morph
from steerlens.data import ImageData
from steerlens.plot import curves, grid, signed

from ..common.summaries import arrivals
from .measures import BOXES

COLORS = {"mouth": "#d95f02", "eyes and brows": "#1b9e77"}


def boxes(axis: Axes, row: int = 0, column: int = 0, named: bool = False) -> None:
    """Draw the boxes over a face, in any cell of a grid."""
    for name, (top, bottom, left, right) in BOXES.items():
        corner, look = (left - 0.5, top - 0.5), {"color": COLORS[name], "linewidth": 1.2}
        axis.add_patch(Rectangle(corner, right - left, bottom - top, fill=False, **look))
        if named:
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


def mean_faces(data: ImageData) -> Figure:
    """Mean face of all and of each class, and the second class minus the first, two with the boxes."""
    means = [data.images.mean(0), *(data.of_class(name).images.mean(0) for name in data.classes)]
    faces = [(mean - mean.min()) / (mean.max() - mean.min()) for mean in means]
    titles = [f"mean face, {name}" for name in ("all", *data.classes)]
    return grid(
        {"": [*faces, signed(means[2] - means[1])]},
        [*titles, "{1} minus {0}".format(*data.classes)],
        cell=2.4,
        draw=lambda axis, _, column: boxes(axis, named=column == 0) if column in (0, 3) else None,
    )


def erase_and_draw(paths: Mapping[str, Tensor]) -> Figure:
    """How much of the old mouth is erased, and of the new one drawn: median paths, the truth at (1, 1).

    Args:
        paths: (n, frames, 2) by name: erased, drawn.
    """
    lines = {name: path.quantile(0.5, dim=0).T.unbind() for name, path in paths.items()}
    dots = {name: {"marker": "o", "markersize": 3} for name in lines}
    one, way = torch.ones(1), torch.tensor([0.0, 1.0])
    known = {"the true change": (way, way), "no mouth at all": (one, 0 * one)}
    looks = {
        "the true change": {
            "color": "k",
            "linestyle": "--",
            "marker": "*",
            "markevery": [-1],
            "markersize": 12,
        },
        "no mouth at all": {"color": "k", "linestyle": "", "marker": "x"},
    }
    labels = ("old mouth erased", "new mouth drawn")
    figure = curves({"": lines | known}, *labels, size=(5.6, 3.6), zero=True, fixed=dots | looks)
    (axis,) = figure.axes
    for line in axis.lines[2 : 2 + len(lines)]:
        axis.plot(*line.get_xydata()[-1], "o", markersize=8, color=line.get_color())
    return figure
