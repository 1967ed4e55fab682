"""Lesson 09: its figures. Notebooks keep them in 256 colours: noise in all colours takes megabytes.

gallery         images in rows, in few colours
few_colors      any figure as such a picture
concept_table   images with a concept's heat map, and what the concept's direction looks for
"""

import io
from collections.abc import Mapping, Sequence

import PIL.Image
from IPython.display import Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steerlens import plot
from steerlens.plot.widgets import figure_png


def gallery(rows: Mapping[str, Tensor], titles: Sequence[str]) -> Image:
    """A row a name, images (columns, channels, height, width) in [0, 1]; a column a title."""
    return few_colors(plot.grid(rows, titles, cell=1.9))


def few_colors(figure: Figure) -> Image:
    """A figure as a PNG of 256 colours."""
    picture = PIL.Image.open(io.BytesIO(figure_png(figure))).convert("RGB")
    few = picture.quantize(256, PIL.Image.Quantize.MAXCOVERAGE)  # keeps rare, strong colours
    buffer = io.BytesIO()
    few.save(buffer, format="PNG", optimize=True)
    return Image(buffer.getvalue(), format="png")


def concept_table(images: Tensor, maps: Tensor, seen: Tensor, shown: int = 4) -> Figure:
    """A row a concept: the images where it is strongest under its heat map, then its visualisation.

    Args:
        images: (n, channels, height, width).
        maps: heat maps (concepts, n, height, width).
        seen: visualisations (concepts, channels, height, width), any size.
        shown: how many images a concept.
    """
    strongest = maps.flatten(2).amax(2).argsort(dim=1, descending=True)[:, :shown]
    grey, rows = images.mean(1, keepdim=True), {}
    for number, (best, picture) in enumerate(zip(strongest, seen, strict=True)):
        rows[f"concept {number}"] = [*grey[best], picture]

    def heat(axis: Axes, row: int, column: int) -> None:
        if column < shown:
            found, most = maps[row, strongest[row, column]], maps[row].max().item()
            axis.imshow(found.numpy(), cmap="inferno", alpha=0.55, vmin=0, vmax=most)

    return plot.grid(rows, [*[""] * shown, "MACO"], cell=1.4, draw=heat)
