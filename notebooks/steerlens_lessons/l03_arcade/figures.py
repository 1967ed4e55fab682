"""Lesson 03: disks with the borders of the four classes and the way of their centre of mass.

strip             frames of morphs
gallery           images, and what a model sees in each
gradient_figure   what speaks for Right and against Left
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from steerlens import Morph
from steerlens.data import DIRECTIONS
from steerlens.evaluation import center_of_mass
from steerlens.plot import curves, grid, signed
from steerlens.plot.figures import WIDTH, bare, closed, show_image, styled, subplots

from .measures import centroid_path

MIDDLE = 31.5  # of a row or a column of an image


def draw_path(axis: Axes, path: Tensor) -> None:
    """Over an image: the borders of the four classes, and a path (n, 2) that ends in a dot."""
    still = {"scalex": False, "scaley": False}
    for ends in ([0, 63], [63, 0]):
        axis.plot([0, 63], ends, color="white", linewidth=0.5, alpha=0.35, **still)
    y, x = (path + MIDDLE).unbind(-1)
    axis.plot(x, y, color="#ff7f0e", linewidth=1.6, **still)
    axis.plot(x[-1:], y[-1:], "o", color="#ff7f0e", markersize=3.5, mec="black", mew=0.4, **still)


def strip(morph: Morph, frames: int = 8) -> Figure:
    """One row a morph: frames with the centre of mass's way so far, the target's probability under each."""
    columns = torch.linspace(0, len(morph.steps) - 1, frames).round().long().tolist()
    path, p = centroid_path(morph), morph.target_probabilities
    rows = []
    for row, (source, target) in enumerate(zip(morph.sources, morph.targets, strict=True)):
        cells = [(morph.frames[row, column], f"{p[row, column]:.2f}") for column in columns]
        rows.append((f"{DIRECTIONS[source]}\n→ {DIRECTIONS[target]}", cells))
    titles = [f"k = {morph.steps[column]:g}" for column in columns]
    return grid(rows, titles, draw=lambda axis, i, j: draw_path(axis, path[i, : columns[j] + 1]))


def gallery(
    rows: Mapping[str, Tensor], titles: Sequence[str] = (), model: nn.Module | None = None, cell: float = 1.6
) -> Figure:
    """Rows of images (n, 1, 64, 64) with their centres of mass, and what a model sees under each."""
    places = [center_of_mass(images) for images in rows.values()]
    cells = []
    for name, images in rows.items():
        notes = seen_as(model, images) if model else [""] * len(images)
        cells.append((name, list(zip(images, notes, strict=True))))
    return grid(cells, titles, cell=cell, draw=lambda axis, i, j: draw_path(axis, places[i][j]))


@torch.no_grad()
def seen_as(model: nn.Module, images: Tensor) -> list[str]:
    """For each image the class that the model sees and its probability: ``Left 0.98``."""
    p, seen = model(images).softmax(1).max(1)
    return [f"{DIRECTIONS[i]} {v:.2f}" for i, v in zip(seen, p, strict=True)]


@styled
def gradient_figure(gradient: Tensor, smooth: Tensor, radius: float = 22) -> Figure:
    """Gradient (1, 64, 64), raw and smoothed, with a circle; the sums of its columns beside a ramp."""
    figure, (axes,) = subplots(1, 3, (WIDTH, 2.9))
    for axis, values, title in zip(axes, (gradient, smooth), ("gradient", "smoothed"), strict=False):
        show_image(axis, signed(values))
        axis.add_patch(plt.Circle((MIDDLE, MIDDLE), radius, fill=False, color="0.3", linestyle="--"))
        axis.set_title(title)
        bare(axis)
    x, sums = torch.arange(64) - MIDDLE, smooth[0].sum(0)
    ramp = x * (x * sums).sum() / x.square().sum()
    lines = {"sum of each column": (x, sums), "what a centroid needs": (x, ramp)}
    curves({"": lines}, "x (px)", "", axes=axes[2:], zero=True)
    axes[2].legend(loc="lower right")
    return closed(figure)
