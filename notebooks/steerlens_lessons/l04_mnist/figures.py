"""Lesson 04: its pictures.

pair_pictures   every digit into every other, as one picture (or several side by side)
heat_maps       numbers by source and target
strips          one image under several edits, frame by frame
gallery         several images under several edits, one picture each
bars            medians with quartiles, by band group
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.morphs.morph import Morph
from steerlens.plot.figures import WIDTH, closed, show_image

from .measures import ordered_pairs

BORDER, GAP = 2, 1  # pixels around each cell of a picture of pairs, and of white between cells
GREYS = 24  # of these cells: as many as the eye needs, few enough for a small file


def pair_canvas(sources: Tensor, pictures: Tensor, colours: np.ndarray) -> np.ndarray:
    """Colours (height, width, 3) of the square of pairs, the sources on its diagonal.

    Args:
        sources: (n, 1, height, width), one a class.
        pictures: (n * (n - 1), 1, height, width), in the order of `ordered_pairs`.
        colours: (n * (n - 1), 3), of each cell's border.
    """
    n, (height, width) = len(sources), sources.shape[-2:]
    canvas = np.ones((n * (height + 2 * BORDER + GAP), n * (width + 2 * BORDER + GAP), 3))
    rows, columns = (index.tolist() for index in ordered_pairs(n))
    cells = [*zip(rows, columns, pictures, colours, strict=True)]
    cells += [(i, i, source, np.ones(3)) for i, source in enumerate(sources)]
    for row, column, picture, colour in cells:
        y, x = row * (height + 2 * BORDER + GAP), column * (width + 2 * BORDER + GAP)
        canvas[y : y + height + 2 * BORDER, x : x + width + 2 * BORDER] = colour
        inside = canvas[y + BORDER : y + BORDER + height, x + BORDER : x + BORDER + width]
        inside[:] = (picture[0].cpu().numpy()[..., None] * GREYS).round() / GREYS
    return canvas


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
    figure, axes = plt.subplots(1, count, figsize=size, squeeze=False, layout="constrained")
    scale = ScalarMappable(Normalize(*limits), "viridis")
    for axis, (title, (pictures, values)) in zip(axes.flat, panels.items(), strict=True):
        canvas = pair_canvas(sources, pictures, scale.to_rgba(values.numpy())[:, :3])
        axis.imshow(canvas, interpolation="nearest")
        centres = (np.arange(n) + 0.5) * canvas.shape[0] / n - 0.5
        axis.set_xticks(centres, labels=range(n))
        axis.set_yticks(centres, labels=range(n))
        axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
        axis.set(ylabel="source")
        axis.set_title(f"{title}\ntarget" if title else "target", fontsize=10)
        axis.spines[:].set_visible(False)
    if label is not None:
        figure.colorbar(scale, ax=axes, label=label, shrink=0.6, aspect=30, pad=0.01)
    return closed(figure)


def heat_maps(panels: Mapping[str, tuple[Tensor, str]]) -> Figure:
    """Matrices by source (row) and target (column), each with its numbers.

    Args:
        panels: by title, a matrix (n, n), NaN on the diagonal, and the format of its numbers.
    """
    count = len(panels)
    figure, axes = plt.subplots(
        1, count, figsize=(WIDTH, WIDTH / count + 0.55), squeeze=False, layout="constrained"
    )
    for axis, (title, (matrix, form)) in zip(axes.flat, panels.items(), strict=True):
        values = matrix.numpy()
        axis.imshow(values, cmap="viridis")
        middle = (np.nanmin(values) + np.nanmax(values)) / 2
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                colour = "white" if value < middle else "black"
                text = format(value, form)
                axis.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
        axis.set_xticks(range(len(values)))
        axis.set_yticks(range(len(values)))
        axis.tick_params(length=0, labelsize=8)
        axis.set_title(title, fontsize=10)
        axis.set(xlabel="target", ylabel="source" if axis is axes[0, 0] else "")
        axis.spines[:].set_visible(False)
    return closed(figure)


def strips(morphs: Mapping[str, Morph], row: int, columns: Sequence[int]) -> Figure:
    """One image under several edits: a line an edit, with k above and the target's probability below.

    Args:
        morphs: edits by name; all of them have the same k.
        row: which morph of each batch.
        columns: indices of the frames.
    """
    figure, axes = _grid(len(morphs), len(columns))
    for line, (name, morph) in zip(axes, morphs.items(), strict=True):
        line[0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")
        for axis, column in zip(line, columns, strict=True):
            show_image(axis, morph.frames[row, column])
            axis.set_xlabel(f"{morph.target_probabilities[row, column]:.2f}", fontsize=8, labelpad=2)
    for axis, column in zip(axes[0], columns, strict=True):
        axis.set_title(f"k = {morph.steps[column]:g}", fontsize=8, pad=3)
    return closed(figure)


def gallery(titles: Sequence[str], lines: Mapping[str, tuple[Tensor, Tensor | None]]) -> Figure:
    """Several images under several edits: a line an edit, a column an image, a number under each.

    Args:
        titles: of the columns.
        lines: by name, images (n, 1, height, width) and numbers (n,), or None for none.
    """
    figure, axes = _grid(len(lines), len(titles))
    for line, (name, (images, numbers)) in zip(axes, lines.items(), strict=True):
        line[0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")
        for i, (axis, image) in enumerate(zip(line, images, strict=True)):
            show_image(axis, image)
            axis.set_xlabel("" if numbers is None else f"{numbers[i]:.2f}", fontsize=8, labelpad=2)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=9, pad=3)
    return closed(figure)


def bars(groups: Mapping[str, Tensor], label: str) -> Figure:
    """Median of each group's values (n,) as a horizontal bar, with its quartiles."""
    figure, axis = plt.subplots(figsize=(0.75 * WIDTH, 0.24 * len(groups) + 0.6), layout="constrained")
    names = list(groups)
    values = torch.stack([v.double() for v in groups.values()])
    low, middle, high = values.quantile(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64), dim=1).numpy()
    colours = ["0.4" if name.startswith("all bands") else "C0" if "only" in name else "C1" for name in names]
    axis.barh(range(len(names)), middle, color=colours)
    axis.errorbar(
        middle, range(len(names)), xerr=[middle - low, high - middle], fmt="none", color="0.2", lw=1
    )
    axis.set_yticks(range(len(names)), labels=names, fontsize=8)
    axis.invert_yaxis()
    axis.set(xlabel=label, xlim=(0, 1.02))
    axis.spines[["top", "right"]].set_visible(False)
    return closed(figure)


def blind_sheet(images: Tensor, columns: int = 10) -> Figure:
    """Numbered pictures without labels, to be read by a person."""
    figure, axes = _grid(-(-len(images) // columns), columns)
    for i, axis in enumerate(axes.flat):
        if i < len(images):
            show_image(axis, images[i])
            axis.set_title(str(i + 1), fontsize=8, pad=2)
    return closed(figure)


def _grid(rows: int, columns: int) -> tuple[Figure, np.ndarray]:
    """Bare axes: cells as wide as the page allows, at most an inch."""
    cell = min(WIDTH / (columns + 1.2), 1.0)
    figure, axes = plt.subplots(
        *(rows, columns),
        figsize=(cell * (columns + 1.2), rows * (cell + 0.2) + 0.2),
        squeeze=False,
        layout="constrained",
        gridspec_kw={"wspace": 0.02, "hspace": 0.02},
    )
    for axis in axes.flat:
        _bare(axis)
    return figure, axes


def _bare(axis: Axes) -> None:
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
