"""Images in rows, and what every figure has in common: its look and the colours of methods."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, TypeAlias, TypeVar, cast

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from .._internal.checks import check_shown

WIDTH = 8.2  # inches: the smallest text has 9 pixels where the site shows it, 688 pixels wide
LONGEST, MOST_PANELS = 300, 2000  # inches of a side; beyond, a figure takes minutes and gigabytes
METHODS = {  # the first word that a name contains decides
    "pixel": "#777777",
    "fourier": "#cc79a7",
    "persistent": "#009e73",
    "joint": "#d55e00",
    "frozen": "#0072b2",
    "phase": "#e69f00",
    "live": "#e69f00",
    "noise": "#000000",  # edits that methods are compared with
    "translation": "#000000",
    "blend": "#000000",
}
TITLE, NOTE, LETTER = 10, 8, 0.55  # points of titles and notes; width of a letter, in its size
MOST_NAMES = 8  # of panels, in a figure's description
MARKS = str.maketrans("", "", "$\\{}")  # of formulas, left out there
STYLES = ("-", "--", ":", "-.")  # of curves that share a colour

LOOK = str(Path(__file__).with_name("steerlens.mplstyle"))

Cell: TypeAlias = Tensor | tuple[Tensor, str] | None
Drawing = TypeVar("Drawing", bound=Callable[..., Any])


def styled(function: Drawing) -> Drawing:
    """A decorator: what is drawn has the look of the file and, but for fonts, no setting of the reader's."""

    @functools.wraps(function)
    def drawing(*arguments: Any, **options: Any) -> Any:
        fonts: Any = plt.rcParams.find_all(r"^font\.(?!size)")  # few have the letters of every language
        with plt.style.context(["default", LOOK, fonts]):
            return function(*arguments, **options)

    return cast(Drawing, drawing)


class _Sheet(Figure):
    """A figure that is drawn with the look that it was made with: matplotlib makes ticks when it draws."""

    draw = styled(Figure.draw)

    def __repr__(self) -> str:
        """In words, for those who do not see it: images or a chart, panels, what is written beside them."""
        texts = [(axis.get_title(), axis.get_ylabel(), axis.get_xlabel()) for axis in self.axes]
        said = dict.fromkeys(" ".join(text.translate(MARKS).split()) for each in texts for text in each)
        names = [text for text in said if any(letter.isalpha() for letter in text)]
        more = ", and more" if len(names) > MOST_NAMES else ""
        listed = f": {', '.join(names[:MOST_NAMES])}{more}" if names else ""
        kind = "figure" if any(axis.images for axis in self.axes) else "chart"
        return f"A {kind} of {len(texts)} panel{'s' * (len(texts) != 1)}{listed}."


@styled
def grid(
    rows: Mapping[str, Sequence[Cell]] | Sequence[tuple[str, Sequence[Cell]]],
    titles: Sequence[str] = (),
    *,
    cell: float = 1.3,
    outline: Sequence[Tensor] | None = None,
    draw: Callable[[Axes, int, int], None] | None = None,
    show: Callable[[Tensor], Tensor] | None = None,
) -> Figure:
    """Images in rows.

    Args:
        rows: names and cells of the rows, as a dict or as pairs. A cell is an image (1 or 3, height, width)
            in [0, 1], or an image and the note that stands under it, or None.
        titles: of the columns; like notes, in as many lines as a cell's width asks for.
        cell: largest width of a cell in inches.
        outline: an image (1, height, width) for each column, whose contour is drawn over all of its cells.
        draw: draws more into the cell of a row and a column, given its axes.
        show: makes grey or RGB (n, 1 or 3, height, width) of images of other channels.
    """
    pairs = list(rows.items() if isinstance(rows, Mapping) else rows)
    names = [name for name, _ in pairs]
    lines = [[_noted(cell, show) for cell in cells] for _, cells in pairs]
    columns = max(map(len, lines))
    margin = 0.08 * max(len(part) for name in names for part in name.split("\n"))
    cell = min(cell, (WIDTH - margin) / columns)
    aspect = max(image.shape[-2] / image.shape[-1] for row in lines for image, _ in row if image is not None)
    lines = [[(image, fitted(note, cell, NOTE)) for image, note in row] for row in lines]
    titles = [fitted(title, cell, TITLE) for title in titles]
    noted = max(len(note.splitlines()) for row in lines for _, note in row)
    titled = max((len(title.splitlines()) for title in titles), default=0)
    height = len(lines) * (aspect * cell + 0.04 + 0.16 * noted) + 0.08 * bool(titles) + 0.17 * titled
    figure, axes = subplots(len(lines), columns, (columns * cell + margin, height))
    for number, (line, name, row) in enumerate(zip(axes, names, lines, strict=True)):
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
        for column, axis in enumerate(line):
            bare(axis)
            image, note = row[column] if column < len(row) else (None, "")
            if image is not None:
                show_image(axis, image)
                axis.set_xlabel(note, fontsize=NOTE)
                if outline is not None and outline[column].min() < 0.3 < outline[column].max():
                    axis.contour(outline[column][0].cpu().numpy(), [0.3], colors="0.25", linewidths=0.6)
                if draw is not None:
                    draw(axis, number, column)
    for axis, title in zip(axes[0], titles, strict=False):
        longest = max((len(word) for word in title.split()), default=1) if "$" not in title else 1
        axis.set_title(title, fontsize=min(TITLE, max(NOTE, cell * 72 / (LETTER * longest))))
    return closed(figure)


def fitted(text: str, width: float, points: float) -> str:
    """Text in lines that fit into so many inches at a size in points; formulas and long words stay whole."""
    most = max(1, int(width * 72 / (LETTER * points)))
    parts = [[part] if "$" in part else wrap(part, most, break_long_words=False) for part in text.split("\n")]
    return "\n".join(line for part in parts for line in part)


def _noted(cell: Cell, show: Callable[[Tensor], Tensor] | None) -> tuple[Tensor | None, str]:
    """Image and note of a cell, as they are drawn."""
    image, note = cell if isinstance(cell, tuple) else (cell, "")
    return (None if image is None else check_shown(image[None], show)[0]), note


def subplots(rows: int, columns: int, size: tuple[float, float], **options: Any) -> tuple[Figure, np.ndarray]:
    """A figure of this size in inches and its axes (rows, columns). Raises ValueError for one too large."""
    if rows * columns > MOST_PANELS or max(size) > LONGEST:
        most = f"{MOST_PANELS:,} panels on {LONGEST} inches a side"
        found = f"{rows:,} rows of {columns:,} on {size[0]:,.0f} x {size[1]:,.0f} inches"
        raise ValueError(f"figure: expected at most {most}, got {found}: choose fewer rows or frames")
    return plt.subplots(rows, columns, figsize=size, squeeze=False, FigureClass=_Sheet, **options)


def show_image(axis: Axes, image: Tensor) -> None:
    """Draw an image (1 or 3, height, width) in [0, 1]: grey for one channel, colour for three."""
    pixels = check_shown(image[None])[0].cpu().movedim(0, -1).numpy()
    if pixels.shape[-1] == 1:
        axis.imshow(pixels[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        axis.imshow(pixels, interpolation="nearest")


def signed(change: Tensor, limit: float | None = None) -> Tensor:
    """Colours (3, height, width) of a change (channels, height, width), the mean of its channels.

    Args:
        change: red where positive, blue where negative, white where nothing.
        limit: change that has the full colour; the largest if None.
    """
    values = change.detach().mean(0).cpu()
    limit = max(values.abs().max().item(), 1e-12) if limit is None else limit
    colours = plt.get_cmap("RdBu_r")(Normalize(-limit, limit, clip=True)(values.numpy()))
    return torch.from_numpy(colours[..., :3]).movedim(-1, 0)


def colors(names: Sequence[str] | Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """For each name the colour of its method (`METHODS`), else one of the cycle, and a line style."""
    found: dict[str, dict[str, str]] = {}
    rest = iter(range(10 * len(names)))
    for name in names:
        word = next((word for word in METHODS if word in name.lower()), None)
        color = METHODS[word] if word else f"C{next(rest) % 10}"
        used = sum(look["color"] == color for look in found.values())
        found[name] = {"color": color, "linestyle": STYLES[used % len(STYLES)]}
    return found


def bare(axis: Axes) -> None:
    """No ticks and no frame."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def closed(figure: Figure) -> Figure:
    """The figure, closed, so that a notebook shows it once: as the value of its cell."""
    plt.close(figure)
    return figure
