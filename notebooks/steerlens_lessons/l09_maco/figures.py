"""Lesson 09: its figures and its widget.

Picture        a figure as a PNG of 256 colours
gallery        images in rows
spectrum_lines radial spectra on logarithmic axes
concept_table  images with a concept's heat map, and what the concept's direction looks for
sheet_view, sheet_browser   the stored table, a class at a time
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from steerlens.plot.figures import WIDTH, closed, show_image
from steerlens.plot.widgets import StillBox, figure_png, image_png, viewer

from ..l07_baselines.figures import bare
from .table import CLASSES, METHODS, column


class Picture:
    """A figure that a notebook keeps as a PNG of 256 colours: noise in all colours takes megabytes."""

    def __init__(self, figure: Figure):
        self.figure = closed(figure)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        picture = Image.open(io.BytesIO(figure_png(self.figure))).convert("RGB")
        few = picture.quantize(256, Image.Quantize.MAXCOVERAGE)  # keeps rare, strong colours
        few.save(buffer, format="PNG", optimize=True)
        return buffer.getvalue()

    def __repr__(self) -> str:
        return f"Picture of {len(self.figure.axes)} panels"


def gallery(rows: Mapping[str, Tensor], titles: Sequence[str]) -> Picture:
    """A row a name, a column a title.

    Args:
        rows: images (columns, channels, height, width) in [0, 1] by name.
        titles: of the columns.
    """
    cell = min(WIDTH / (len(titles) + 1), 1.9)
    figure, axes = bare(len(rows), len(titles), (cell * (len(titles) + 1), len(rows) * cell + 0.3))
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        line[0].set_ylabel(name, fontsize=10, rotation=0, ha="right", va="center")
        for axis, image in zip(line, images, strict=True):
            show_image(axis, image)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=10, pad=3)
    return Picture(figure)


def spectrum_lines(spectra: Mapping[str, Tensor]) -> Figure:
    """Radial spectra (n, cycles): medians over the images, with the band from quartile to quartile."""
    figure, axis = plt.subplots(figsize=(0.6 * WIDTH, 3.2), layout="constrained")
    points = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    for name, found in spectra.items():
        low, middle, high = found.double().quantile(points, dim=0)
        cycles = torch.arange(1, found.shape[1] + 1)
        (line,) = axis.plot(cycles, middle, label=name)
        axis.fill_between(cycles, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    axis.set(xscale="log", yscale="log", xlabel="cycles an image", ylabel="mean magnitude")
    axis.legend(frameon=False, fontsize=8)
    return closed(figure)


def concept_table(images: Tensor, maps: Tensor, seen: Tensor, shown: int = 4) -> Picture:
    """A row a concept: the images where it is strongest under its heat map, then its visualisation.

    Args:
        images: (n, channels, height, width).
        maps: heat maps (concepts, n, height, width).
        seen: visualisations (concepts, channels, height, width), any size.
        shown: how many images a concept.
    """
    cell = 0.8 * WIDTH / (shown + 1.5)
    figure, axes = bare(len(maps), shown + 1, (0.8 * WIDTH, len(maps) * (cell + 0.1) + 0.2))
    for number, (line, heat, picture) in enumerate(zip(axes, maps, seen, strict=True)):
        strongest = heat.flatten(1).amax(1).argsort(descending=True)[:shown]
        for axis, index in zip(line, strongest, strict=False):
            show_image(axis, images[index].mean(0, keepdim=True))
            axis.imshow(heat[index].numpy(), cmap="inferno", alpha=0.55, vmin=0, vmax=heat.max().item())
        show_image(line[-1], picture)
        line[0].set_ylabel(f"concept {number}", fontsize=10, rotation=0, ha="right", va="center")
    axes[0, -1].set_title("MACO", fontsize=10)
    return Picture(figure)


def sheet_view(sheet: Tensor, rows: list[dict[str, Any]], place: int) -> tuple[bytes, str]:
    """The four pictures of one class side by side as a PNG, and rank and probability of each."""
    words = []
    for method in METHODS:
        rank, p = (column(rows, method, field)[place] for field in ("rank", "probability"))
        words.append(f"{method}: rank {rank:.0f}, p {p:.2f}")
    return image_png(torch.cat(list(sheet[:, place]), dim=2)), "; ".join(words)


def sheet_browser(sheet: Tensor, rows: list[dict[str, Any]], names: Sequence[str]) -> StillBox:
    """Widget: choose one of the 20 classes; without a kernel, all of them.

    Args:
        sheet: (methods, classes, 3, height, width), see `stored_sheet`.
        rows: the stored table.
        names: of the 20 classes.
    """
    menu = ipywidgets.Dropdown(options=[(name, i) for i, name in enumerate(names)], description="class")
    text = f"A menu of {len(CLASSES)} classes; four pictures of each."
    still = sheet_figure(sheet, names)._repr_png_()
    return viewer([menu], lambda place: sheet_view(sheet, rows, place), still, text)


def sheet_figure(sheet: Tensor, names: Sequence[str]) -> Picture:
    """All of the stored pictures: four rows, twice."""
    half, lines = len(names) // 2, len(METHODS)
    cell = 0.85 * WIDTH / (half + 1)
    figure, axes = bare(2 * lines, half, (0.85 * WIDTH, 2 * lines * cell + 0.5))
    for row, line in enumerate(axes):
        for place, axis in enumerate(line, start=half * (row // lines)):
            show_image(axis, sheet[row % lines, place])
            if row % lines == 0:
                axis.set_title(names[place][:14], fontsize=6, pad=2)
        line[0].set_ylabel(list(METHODS)[row % lines], fontsize=7, rotation=0, ha="right", va="center")
    return Picture(figure)
