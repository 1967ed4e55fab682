"""Lesson 06: its figures.

before_after   sources, the first frames that convince the network, and the last frames, in columns
mean_faces     what sad and happy faces look like on average, and the boxes around mouth, eyes and brows
edit_maps      mean edits or other signed pictures, with the boxes
region_bars    how dense the edit is in each region, one group a method
picture_table  rows of captioned images
erase_and_draw the way from the old mouth to the new one, in two numbers
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from steerlens.data import ImageData
from steerlens.morphs.morph import Morph
from steerlens.plot.figures import WIDTH, closed, show_image

from .measures import BOXES, SIZE

CELL = 2 * SIZE  # pixels of a face in a table of pictures
COLORS = {"mouth": "#d95f02", "eyes and brows": "#1b9e77", "elsewhere": "0.6"}


def before_after(morph: Morph, rows: Sequence[int], probability: float = 0.99) -> Figure:
    """Columns of three: the source, the first frame with this probability of the target, the last frame."""
    table = {name: [] for name in ("source", f"p ≥ {probability:g}", "last")}
    for row in rows:
        reached = (morph.target_probabilities[row] >= probability).nonzero()[:, 0].tolist()
        for line, frame in zip(table.values(), (0, reached[0] if reached else -1, -1), strict=True):
            p, k = morph.target_probabilities[row, frame], morph.steps[frame]
            line.append((f"k = {k:g}: {p:.2f}", morph.frames[row, frame]))
    return picture_table(table)


def mean_faces(data: ImageData) -> Figure:
    """Mean face of all and of each class, and the second class minus the first, with the regions' boxes."""
    means = {
        "all": data.images.mean(0),
        **{name: data.of_class(name).images.mean(0) for name in data.classes},
    }
    first, second = data.classes
    figure, axes = plt.subplots(1, 4, figsize=(WIDTH, 2.6), layout="constrained")
    for axis, (name, mean) in zip(axes, means.items(), strict=False):
        show_image(axis, (mean - mean.min()) / (mean.max() - mean.min()))
        axis.set_title(f"mean face, {name}", fontsize=10)
    _signed(axes[3], means[second] - means[first])
    axes[3].set_title(f"{second} minus {first}", fontsize=10)
    for axis in axes:
        _bare(axis)
    for axis in (axes[0], axes[3]):
        _boxes(axis)
    for name, (top, _, left, _) in BOXES.items():
        axes[0].annotate(name, (left, top - 1), color=COLORS[name], fontsize=8, weight="bold")
    return closed(figure)


def edit_maps(panels: Mapping[str, Tensor], columns: int = 4, top: float | None = None) -> Figure:
    """Signed pictures (1, 48, 48), red brighter and blue darker, with the boxes.

    Args:
        panels: what to show, by title.
        columns: panels a row.
        top: value of full colour, for all; each panel's own largest if None.
    """
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(WIDTH, rows * (WIDTH / columns + 0.25)), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        _bare(axis)
    for axis, (title, values) in zip(axes.flat, panels.items(), strict=False):
        _signed(axis, values, top)
        _boxes(axis)
        axis.set_title(title, fontsize=10)
    return closed(figure)


def region_bars(found: Mapping[str, Mapping[str, Tensor]], limit: float) -> Figure:
    """Median energy density of each region, quartiles as whiskers, a group of bars a method.

    Args:
        found: densities (n,) by region, by method.
        limit: the density that an edit has which lies in the mouth's box alone.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 2.7), layout="constrained")
    for i, (region, color) in enumerate(COLORS.items()):
        q = [[part[region].quantile(p).item() for part in found.values()] for p in (0.25, 0.5, 0.75)]
        x = [column + 0.27 * (i - 1) for column in range(len(found))]
        whiskers = [
            [m - low for low, m in zip(q[0], q[1], strict=True)],
            [high - m for m, high in zip(*q[1:], strict=True)],
        ]
        axis.bar(x, q[1], 0.25, yerr=whiskers, color=color, label=region, error_kw={"linewidth": 1})
    axis.axhline(1, color="k", linestyle=":", linewidth=1)
    axis.annotate("spread evenly", (len(found) - 0.5, 1), fontsize=8, ha="right", va="bottom")
    axis.set_xticks(range(len(found)), labels=list(found))
    axis.set(ylabel="share of energy / of area", ylim=(0, limit))
    axis.legend(frameon=False, fontsize=8, ncols=3)
    return closed(figure)


def picture_table(rows: Mapping[str, Sequence[tuple[str, Tensor]]]) -> Figure:
    """Rows of captioned faces (1, 48, 48) behind a name each, two pixels by two for one of the image's."""
    columns = max(len(row) for row in rows.values())
    width, height = 100 * WIDTH, len(rows) * (CELL + 18)
    figure = plt.figure(figsize=(WIDTH, height / 100), dpi=100)
    for i, (name, row) in enumerate(rows.items()):
        bottom = height - (i + 1) * (CELL + 18) + 17
        for j, (caption, image) in enumerate(row):
            left = width - (columns - j) * (CELL + 4)
            axis = figure.add_axes((left / width, bottom / height, CELL / width, CELL / height))
            _bare(axis)
            show_image(axis, image)
            axis.images[0].set_interpolation("nearest")
            axis.set_xlabel(caption, fontsize=7.5, labelpad=1)
            if j == 0:
                axis.set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center", labelpad=3)
    return closed(figure)


def erase_and_draw(paths: Mapping[str, Tensor]) -> Figure:
    """How much of the old mouth is erased, and of the new one drawn: median paths, the truth at (1, 1).

    Args:
        paths: (n, frames, 2) by name: erased, drawn.
    """
    figure, axis = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
    for i, (name, path) in enumerate(paths.items()):
        erased, drawn = path.median(0).values.T.tolist()
        axis.plot(erased, drawn, "o-", markersize=3, color=f"C{i}", label=name)
        axis.plot(erased[-1], drawn[-1], "o", markersize=8, color=f"C{i}")
    axis.plot([0, 1], [0, 1], color="0.8", linestyle="--", zorder=0)
    axis.plot(1, 1, "k*", markersize=14)
    axis.annotate("the true change", (1, 1), (-8, -3), textcoords="offset points", fontsize=9, ha="right")
    axis.plot(1, 0, "kx", markersize=8)
    axis.annotate("no mouth at all", (1, 0), (-8, -3), textcoords="offset points", fontsize=9, ha="right")
    axis.axhline(0, color="0.9", zorder=0)
    axis.set(xlabel="old mouth erased", ylabel="new mouth drawn", xlim=(-0.1, 1.12), ylim=(-0.3, 1.12))
    axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return closed(figure)


def _signed(axis: Axes, values: Tensor, top: float | None = None) -> None:
    top = top or max(values.abs().max().item(), 1e-12)
    axis.imshow(values.mean(0).cpu().numpy(), cmap="RdBu_r", vmin=-top, vmax=top)


def _boxes(axis: Axes) -> None:
    for name, (top, bottom, left, right) in BOXES.items():
        corner = (left - 0.5, top - 0.5)
        axis.add_patch(
            Rectangle(corner, right - left, bottom - top, fill=False, color=COLORS[name], linewidth=1.2)
        )
    axis.set(xlim=(-0.5, SIZE - 0.5), ylim=(SIZE - 0.5, -0.5))


def _bare(axis: Axes) -> None:
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
