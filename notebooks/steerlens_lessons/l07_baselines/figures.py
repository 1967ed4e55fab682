"""Lesson 07: its figures.

edit_table        edits of several images by several methods, drawn over their sources
coefficient_rows  what one coefficient's phase does, in the Fourier domain and in the pyramid
way_and_motion    how far the centre of mass went, and how much of the edit is a motion
dots              medians with quartiles: a panel a measure, a line a method
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.morphs.morph import Morph
from steerlens.plot.figures import WIDTH, closed, show_image

from ..l03_arcade.measures import centroid_path
from .measures import translation

COLOURS = {"pixels": "C7", "Fourier": "C1", "pyramid": "C0"}  # by the first word of a method's name


def edit_table(
    titles: Sequence[str], sources: Tensor, edited: Mapping[str, tuple[Tensor, Tensor]], limit: float = 0.7
) -> Figure:
    """A row a method, a column an image: frame minus source (red: brighter, blue: darker) on its outline.

    Args:
        titles: of the columns.
        sources: (n, 1, height, width), drawn in the first row.
        edited: images like the sources and a number (n,) to be written under each, by method.
        limit: change of a pixel that has the full colour.
    """
    rows, columns = len(edited) + 1, len(titles)
    cell = min(WIDTH / (columns + 1.4), 1.35)
    figure, axes = bare(rows, columns, (cell * (columns + 1.4), rows * (cell + 0.17) + 0.25))
    for axis, title, source in zip(axes[0], titles, sources, strict=True):
        show_image(axis, source)
        axis.set_title(title, fontsize=10, pad=3)
    _named(axes[0, 0], "source")
    for line, (name, (images, numbers)) in zip(axes[1:], edited.items(), strict=True):
        _named(line[0], name)
        for axis, source, image, number in zip(line, sources, images, numbers, strict=True):
            _change(axis, image - source, source, limit)
            axis.set_xlabel(f"{number:.2f}", fontsize=8, labelpad=2)
    return closed(figure)


def coefficient_rows(rows: Mapping[str, tuple[Tensor, Tensor, Tensor]]) -> Figure:
    """A row a name: the image, its change by one Fourier coefficient, its change by one of the pyramid's.

    Each change is on its own scale, from minus to plus its largest value.
    """
    figure, axes = bare(len(rows), 3, (0.62 * WIDTH, 1.8 * len(rows) + 0.3))
    for line, (name, (image, *changes)) in zip(axes, rows.items(), strict=True):
        show_image(line[0], image[0])
        _named(line[0], name)
        for axis, change in zip(line[1:], changes, strict=True):
            _change(axis, change[0], image[0], change.abs().max().clamp(min=1e-9).item())
    for axis, title in zip(
        axes[0], ("image", "one Fourier coefficient", "one of the pyramid's"), strict=True
    ):
        axis.set_title(title, fontsize=10)
    return closed(figure)


def way_and_motion(morphs: Mapping[str, Morph]) -> Figure:
    """Share of the edit that one translation of the source explains, against the centre of mass's way.

    About ten points a method, from the source on: medians over the batch, and quartiles of the share.
    """
    figure, axis = plt.subplots(figsize=(0.62 * WIDTH, 3.3), layout="constrained")
    for name, morph in morphs.items():
        stride = max(1, len(morph.steps) // 10)
        path, frames = centroid_path(morph), morph.frames[:, stride::stride]
        way = (path - path[:, :1]).norm(dim=-1)[:, stride::stride].median(0).values
        found = [translation(morph.frames[:, 0], f, 20.0, 0.5)[0] for f in frames.unbind(1)]
        low, middle, high = torch.stack(found, 1).quantile(torch.tensor([0.25, 0.5, 0.75]), dim=0)
        style = {"color": _colour(name), "linestyle": "--" if "frozen" in name else "-"}
        axis.plot(way, middle, marker=".", label=name, **style)
        axis.fill_between(way, low, high, color=style["color"], alpha=0.15, linewidth=0)
    axis.axhline(1, color="k", linestyle=":", linewidth=1)
    axis.annotate("the disk itself moves", (0.2, 1), fontsize=8, ha="left", va="bottom")
    axis.set(xlabel="way of the centre of mass (px)", ylabel="share of the edit that\na translation explains")
    axis.set(ylim=(-0.03, 1.1), xlim=(0, None))
    axis.legend(frameon=False, fontsize=8)
    return closed(figure)


def dots(found: Mapping[str, Mapping[str, Tensor]], measures: Sequence[str]) -> Figure:
    """Median and quartiles of some measures: a panel a measure, a line a method; known edits in black."""
    size = (WIDTH, 0.21 * len(found) + 0.65)
    figure, axes = plt.subplots(
        1, len(measures), figsize=size, sharey=True, squeeze=False, layout="constrained"
    )
    points = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    for axis, measure in zip(axes[0], measures, strict=True):
        for place, (name, values) in enumerate(found.items()):
            low, middle, high = values[measure].double().quantile(points).tolist()
            style = {"color": _colour(name), "markersize": 5}
            style["marker"] = "o" if name.split(",")[0] in COLOURS else "D"
            style["markerfacecolor"] = "white" if "frozen" in name else style["color"]
            axis.plot([low, high], [place, place], color=style["color"], linewidth=1.2)
            axis.plot(middle, place, **style)
        axis.set_title(measure, fontsize=10)
        axis.set_xlim(0, None)
        axis.grid(axis="y", color="0.92")
        axis.tick_params(labelsize=8)
        axis.tick_params(axis="y", length=0)
        axis.spines[["top", "right", "left"]].set_visible(False)
    axes[0, 0].set_yticks(range(len(found)), labels=list(found))
    axes[0, 0].invert_yaxis()
    return closed(figure)


def diverging(change: Tensor, limit: float) -> Tensor:
    """Colours (3, height, width) of a change (1, height, width): red brighter, blue darker, white none."""
    colours = plt.get_cmap("RdBu_r")(Normalize(-limit, limit, clip=True)(change[0].cpu().numpy()))
    return torch.from_numpy(colours[..., :3]).movedim(-1, 0)


def _change(axis: plt.Axes, change: Tensor, source: Tensor, limit: float) -> None:
    axis.imshow(diverging(change, limit).movedim(0, -1).numpy(), interpolation="nearest")
    axis.contour(source[0].cpu().numpy(), levels=[0.3], colors="0.25", linewidths=0.6)


def _colour(name: str) -> str:
    return COLOURS.get(name.split(",")[0], "k")


def _named(axis: plt.Axes, name: str) -> None:
    axis.set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")


def bare(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, np.ndarray]:
    """Axes without ticks and frames."""
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.01, wspace=0.01, hspace=0.01)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return figure, axes
