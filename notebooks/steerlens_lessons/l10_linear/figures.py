"""Lesson 10: its figures.

signed, marked, voted   what the tiles show: filters, a pixel's place, who votes for a class
tiles                   pictures in rows with names
layer_shares            what input and layers contribute, in units of the score
bands                   a row of F and its contribution, by scale and orientation of the pyramid
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from steerlens._internal.checks import check_integer
from steerlens.plot.figures import WIDTH, closed, show_image

from ..l07_baselines.figures import diverging

RED = torch.tensor([1.0, 0.1, 0.1])


def signed(values: Tensor, power: float = 1.0) -> Tensor:
    """Colours (3, height, width) of a filter (channels, height, width), summed over channels.

    Args:
        values: red where positive, blue where negative, on their own scale.
        power: of the absolute values, below 1 to see the weak ones.
    """
    total = values.sum(0, keepdim=True)
    total = total.sign() * (total.abs() / total.abs().max().clamp(min=1e-30)) ** power
    return diverging(total, 1.0)


def marked(image: Tensor, row: int, column: int) -> Tensor:
    """An image (1 or 3, height, width) in colour with a red cross around one pixel."""
    height, width = image.shape[-2:]
    row, column = check_integer("row", row, 0, height - 1), check_integer("column", column, 0, width - 1)
    coloured = image.detach().expand(3, -1, -1).clone().clamp(0, 1)
    arm = max(2, height // 16)
    for offset in range(-arm, arm + 1):
        for y, x in ((row + offset, column), (row, column + offset)):
            if offset and 0 <= y < height and 0 <= x < width:
                coloured[:, y, x] = RED.to(coloured)
    return coloured


def voted(image: Tensor, votes: Tensor, entry: int) -> Tensor:
    """The image (channels, height, width), its pixels that do not vote for a class nearly white."""
    keep = (votes == entry).to(image)
    return image * (0.15 + 0.85 * keep) + 0.85 * (1 - keep)


def zoomed(image: Tensor, row: int, column: int, radius: int) -> Tensor:
    """The square of 2 radius + 1 pixels around a place, moved inside where it would reach over the edge."""
    height, width = image.shape[-2:]
    side = min(2 * radius + 1, height, width)
    top = min(max(row - radius, 0), height - side)
    left = min(max(column - radius, 0), width - side)
    return image[..., top : top + side, left : left + side]


def tiles(rows: Mapping[str, Sequence[tuple[str, Tensor]]], cell: float = 1.35) -> Figure:
    """Pictures in rows.

    Args:
        rows: for each name, captions and images (1 or 3, height, width) in [0, 1].
        cell: largest side of a picture in inches.
    """
    columns = max(len(row) for row in rows.values())
    cell = min(cell, (WIDTH - 1) / columns)
    size = (cell * columns + 1, len(rows) * (cell + 0.25))
    figure, axes = plt.subplots(len(rows), columns, figsize=size, squeeze=False, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.01, wspace=0.01, hspace=0.01)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")
        for axis, (caption, image) in zip(line, row, strict=False):
            show_image(axis, image.clamp(0, 1))
            axis.set_title(caption, fontsize=8, pad=3)
    return closed(figure)


def layer_shares(names: Sequence[str], found: Mapping[str, Tensor]) -> Figure:
    """Mean and standard deviation of each layer's share of the top score: a panel for each group of images.

    Args:
        names: of input and layers.
        found: shares (n, names), by name of the group.
    """
    figure, axes = plt.subplots(
        1,
        len(found),
        figsize=(WIDTH, 0.15 * len(names) + 0.6),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    places = range(len(names))
    for axis, (group, shares) in zip(axes[0], found.items(), strict=True):
        deviation = shares.std(0) if len(shares) > 1 else torch.zeros(len(names))
        axis.barh(
            places,
            shares.mean(0).tolist(),
            xerr=deviation.tolist(),
            color="C0",
            error_kw={"linewidth": 1, "ecolor": "0.3"},
        )
        axis.axvline(0, color="0.6", linewidth=0.8)
        axis.set_title(group, fontsize=10)
        axis.set_xlabel("share of the score")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_yticks(places, labels=names, fontsize=7)
    axes[0, 0].invert_yaxis()
    return closed(figure)


def bands(names: Sequence[str], found: Mapping[str, Tensor]) -> Figure:
    """Mean of some shares (n, parts) by part of the pyramid, finest first: a line a name."""
    figure, axis = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
    for place, (name, shares) in enumerate(found.items()):
        axis.plot(
            range(len(names)),
            shares.mean(0).tolist(),
            marker="o",
            markersize=3,
            label=name,
            color=f"C{place}",
        )
    axis.axhline(0, color="0.7", linewidth=0.8)
    axis.set_xticks(range(len(names)), labels=names, rotation=90, fontsize=7)
    axis.set_ylabel("share")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8)
    return closed(figure)
