"""Lesson 04: every digit into every other as one picture, and scores under images."""

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.plot.figures import WIDTH, closed, styled, subplots

from .measures import ordered_pairs

BORDER, GAP = 2, 1  # pixels around each cell of a picture of pairs, and of white between cells
GREYS = 24  # of these cells: as many as the eye needs, few enough for a small file


def pair_canvas(sources: Tensor, pictures: Tensor, colours: Tensor) -> Tensor:
    """Colours (height, width, 3) of the square of pairs, the sources on its diagonal.

    Args:
        sources: (n, 1, height, width), one a class.
        pictures: (n * (n - 1), 1, height, width), in the order of `ordered_pairs`.
        colours: (n * (n - 1), 3), of each cell's border.
    """
    n, (height, width) = len(sources), sources.shape[-2:]
    canvas = torch.ones(n, n, 3, height + 2 * BORDER + GAP, width + 2 * BORDER + GAP)
    canvas[ordered_pairs(n)] = colours.float()[..., None, None]
    inside = canvas[..., BORDER : BORDER + height, BORDER : BORDER + width]
    inside[ordered_pairs(n)] = pictures.float().expand(-1, 3, -1, -1)
    inside[range(n), range(n)] = sources.float().expand(-1, 3, -1, -1)
    inside.mul_(GREYS).round_().div_(GREYS)
    canvas[..., -GAP:, :] = canvas[..., -GAP:] = 1
    return canvas.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)


@styled
def pair_pictures(
    sources: Tensor,
    panels: Mapping[str, tuple[Tensor, Tensor]],
    limits: tuple[float, float],
    label: str | None = None,
) -> Figure:
    """Squares of pairs side by side: row source, column target, border by a value.

    Args:
        sources: (n, 1, height, width), one a class.
        panels: by title, pictures and values (n * (n - 1),) of each pair.
        limits: of the values, for the colours.
        label: of the bar of colours; no bar if None.
    """
    n, count = len(sources), len(panels)
    size = (WIDTH, WIDTH / count + 0.1) if count > 1 else (WIDTH, 0.9 * WIDTH)
    figure, axes = subplots(1, count, size)
    scale = ScalarMappable(Normalize(*limits), "viridis")
    for axis, (title, (pictures, values)) in zip(axes[0], panels.items(), strict=True):
        colours = torch.from_numpy(scale.to_rgba(values.numpy())[:, :3])
        canvas = pair_canvas(sources, pictures, colours)
        axis.imshow(canvas.numpy())
        centres = (np.arange(n) + 0.5) * len(canvas) / n - 0.5
        axis.set_xticks(centres, labels=range(n))
        axis.set_yticks(centres, labels=range(n))
        axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
        axis.set(ylabel="source", title=f"{title}\ntarget".strip())
        axis.spines[:].set_visible(False)
    if label is not None:
        figure.colorbar(scale, ax=axes, label=label, shrink=0.6, aspect=30, pad=0.01)
    return closed(figure)


def scored(images: Tensor, p: Tensor) -> list[tuple[Tensor, str]]:
    """Cells of `steerlens.plot.grid`: images (n, 1, height, width), each with its number of p (n,) below."""
    return [(image, f"{value:.2f}") for image, value in zip(images, p, strict=True)]
