"""Lesson 16: figures of concepts.

glowing          an image in grey, with a heat map that shines where it is large
compact          a figure of few colours
sheet            a row a concept: its strongest crops, and MACO's drawing
heat_maps        a row a concept, a column an image
importance_bars  total Sobol indices with their intervals, beside the share of the energy
"""

import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import PIL.Image
import torch
from IPython.display import Image
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import interpolate

from steerlens import plot
from steerlens.plot.figures import closed, styled, subplots
from steerlens.plot.widgets import figure_png

from ..common.summaries import Estimate
from ..l09_maco.figures import few_colors

OPAQUE = 0.8  # of the largest value of a heat map


def glowing(image: Tensor, heat: Tensor, most: float) -> Tensor:
    """An image in grey under a heat map: dark where it is 0, orange to white where it is large.

    Args:
        image: (channels, height, width) in [0, 1].
        heat: (h, w) >= 0, brought to the image's size by linear interpolation.
        most: value with the full colour.

    Returns:
        (3, height, width) in [0, 1].
    """
    grey = image.mean(0, keepdim=True)
    large = interpolate(heat[None, None], image.shape[-2:], mode="bilinear")[0, 0]
    value = (large / max(most, 1e-12)).clamp(0, 1)
    colour = torch.from_numpy(plt.get_cmap("inferno")(0.35 + 0.6 * value.numpy())[..., :3]).movedim(-1, 0)
    alpha = OPAQUE * value
    return ((1 - alpha) * 0.75 * grey + alpha * colour).clamp(0, 1).float()


def compact(figure: Figure, colours: int = 64) -> Image:
    """A figure as a PNG of few colours, which are enough for small pictures in grey."""
    picture = PIL.Image.open(io.BytesIO(figure_png(figure))).convert("RGB")
    buffer = io.BytesIO()
    few = picture.quantize(colours, PIL.Image.Quantize.MAXCOVERAGE, dither=PIL.Image.Dither.NONE)
    few.save(buffer, format="PNG", optimize=True)
    return Image(buffer.getvalue(), format="png")


def sheet(crops: Mapping[str, Tensor], drawings: Tensor, cell: float = 0.75) -> Image:
    """Concepts in rows: crops (n, channels, height, width) by the concept's name, and a drawing of each."""
    most = max(map(len, crops.values()))
    rows = {
        name: [*each, *[None] * (most - len(each)), drawing]
        for (name, each), drawing in zip(crops.items(), drawings, strict=True)
    }
    figure = plot.grid(rows, [*[""] * most, "MACO"], cell=cell)
    return compact(figure) if drawings.shape[1] == 1 else few_colors(figure)


def heat_maps(images: Tensor, maps: Mapping[str, Tensor], cell: float = 0.95) -> Image:
    """Images (n, channels, height, width), and under each the map (n, h, w) of each concept."""
    rows: dict[str, Sequence[Tensor]] = {"image": list(images)}
    for name, heat in maps.items():
        most = heat.max().item()
        rows[name] = [glowing(x, h, most) for x, h in zip(images, heat, strict=True)]
    return few_colors(plot.grid(rows, cell=cell))


@styled
def importance_bars(panels: Mapping[str, Mapping[str, tuple[Estimate, float]]]) -> Figure:
    """By title and concept: its total index with an interval, and its share of the energy."""
    tallest = max(map(len, panels.values()))
    figure, axes = subplots(1, len(panels), (plot.figures.WIDTH, 0.26 * tallest + 0.9), sharex=True)
    for axis, (title, concepts) in zip(axes[0], panels.items(), strict=True):
        for place, (index, energy) in enumerate(concepts.values()):
            axis.barh(place, index.value, 0.6, color="C0", label="total Sobol index" if place == 0 else None)
            axis.plot([index.low, index.high], [place, place], color="k", linewidth=1.2)
            axis.plot(
                energy,
                place,
                "D",
                color="#d55e00",
                markersize=4,
                label="share of energy" if place == 0 else None,
            )
        axis.set_yticks(range(len(concepts)), labels=list(concepts))
        axis.set(title=title, ylim=(len(concepts) - 0.5, -0.5), xlim=(0, None))
    axes[0, -1].legend(frameon=False, loc="lower right")
    return closed(figure)
