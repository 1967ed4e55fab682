"""Charts that lessons share; each takes what it shows by name, and returns a closed figure."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from .figures import WIDTH, closed, colors, styled, subplots

QUARTILES = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)


@styled
def curves(
    panels: Mapping[str, Mapping[str, tuple[Tensor, Tensor]]],
    x: str,
    y: str,
    *,
    size: tuple[float, float] | None = None,
    axes: Sequence[Axes] | None = None,
    zero: bool = False,
    shared: bool = True,
    fixed: Mapping[str, Mapping[str, Any]] | None = None,
    marks: Mapping[str, float] | None = None,
    **axis_options: Any,
) -> Figure:
    """Panels of curves, side by side. The last has the legend, and each with other names its own.

    Args:
        panels: by title, curves by name: x (n,), and y (n,) or, for many cases, (cases, n).
        x, y: labels.
        size: of the figure in inches; as wide as the text if None.
        axes: where to draw, one for each panel; a new figure, closed, if None.
        zero: draw the lines x = 0 and y = 0.
        shared: one x axis and one y axis for all panels.
        fixed: options of ``Axes.plot`` for a curve, by name.
        marks: values of x to compare with, by name: dotted lines.
        axis_options: of ``Axes.set``: xscale, ylim, xticks and others, for all panels.
    """
    own, size = None, size or (WIDTH, 3.0)
    if axes is None:
        own, grid = subplots(1, len(panels), size, sharex=shared, sharey=shared)
        axes = grid[0]
    last = list(panels)[-1]
    for axis, (title, found) in zip(axes, panels.items(), strict=True):
        if zero:
            axis.axhline(0, color="0.8", linewidth=0.8, zorder=0)
            axis.axvline(0, color="0.8", linewidth=0.8, zorder=0)
        looks = colors(found)
        for name, (across, up) in found.items():
            draw_curve(axis, across, up, **{"label": name, **looks[name], **(fixed or {}).get(name, {})})
        _mark(axis, title, marks or {})
        axis.set(xlabel=x, **axis_options)
        if axis is axes[-1] or list(found) != list(panels[last]):
            axis.legend(frameon=bool(marks), framealpha=0.8, edgecolor="none")
    axes[0].set_ylabel(y)
    return closed(own) if own is not None else cast(Figure, axes[0].figure)


def _mark(axis: Axes, title: str, marks: Mapping[str, float]) -> None:
    """The title of a panel, and below it the names of values along x, each with a dotted line."""
    for name, value in marks.items():
        axis.axvline(value, color="k", linestyle=":", linewidth=1)
        axis.text(value, 1, name, transform=axis.get_xaxis_transform(), fontsize=8, ha="center", va="bottom")
    axis.set_title(title, pad=16 if marks else None)


def draw_curve(axis: Axes, x: Tensor, y: Tensor, **look: Any) -> None:
    """One curve, y (n,), or the median and the band from quartile to quartile of many, (cases, n)."""
    x, y = x.detach().cpu(), y.detach().cpu().double()
    if y.ndim == 1:
        axis.plot(x, y, **look)
        return
    low, middle, high = y.quantile(QUARTILES, dim=0)
    (line,) = axis.plot(x, middle, **look)
    axis.fill_between(x, low, high, color=line.get_color(), alpha=0.2, linewidth=0)


@styled
def intervals(
    panels: Mapping[str, Mapping[str, Mapping[str, Tensor]]] | Mapping[str, Mapping[str, Tensor]],
    label: str = "",
    *,
    marks: Mapping[str, float] | None = None,
    **axis_options: Any,
) -> Figure:
    """Medians (dots) and quartiles (bars), a line a name.

    Args:
        panels: by title, values (n,) by the name of their line; or, for several groups a line, by group and
            name. All panels have the same lines.
        label: of the x axes.
        marks: values to compare with, by name: dotted lines.
        axis_options: of ``Axes.set``, for all panels.
    """
    grouped: dict[str, Any] = {
        title: groups if isinstance(next(iter(groups.values())), Mapping) else {"": groups}
        for title, groups in panels.items()
    }
    first = next(iter(grouped.values()))
    names, count = list(next(iter(first.values()))), len(first)
    size = (WIDTH if len(panels) > 1 else 0.7 * WIDTH, (0.14 + 0.12 * count) * len(names) + 0.75)
    figure, axes = subplots(1, len(panels), size, sharey=True)
    for axis, (title, groups) in zip(axes[0], grouped.items(), strict=True):
        _draw_intervals(axis, groups, names)
        _mark(axis, title, marks or {})
        axis.grid(axis="y", color="0.93")
        axis.set(xlabel=label, ylim=(len(names) - 0.5, -0.5), **axis_options)
    axes[0, 0].set_yticks(range(len(names)), labels=names)
    if count > 1:
        axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return closed(figure)


def _draw_intervals(axis: Axes, groups: Mapping[str, Mapping[str, Tensor]], names: Sequence[str]) -> None:
    """Quartiles of each name (a line) and group (a colour; of one group, each line has its own)."""
    count = len(groups)
    looks = colors(groups) if count > 1 else colors(names)
    for number, (group, values) in enumerate(groups.items()):
        for place, name in enumerate(names):
            low, middle, high = values[name].double().cpu().quantile(QUARTILES).tolist()
            color = looks[group if count > 1 else name]["color"]
            at = place + 0.24 * (number - (count - 1) / 2)
            axis.plot([low, high], [at, at], color=color, linewidth=3, alpha=0.4, solid_capstyle="butt")
            axis.plot(middle, at, "o", color=color, markersize=4, label=group if place == 0 else None)


@styled
def matrix(
    panels: Mapping[str, Tensor],
    form: str | Sequence[str] = ".2f",
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    labels: tuple[str, str] = ("", ""),
    limits: tuple[float, float] | None = None,
    cmap: str = "viridis",
) -> Figure:
    """Matrices side by side, each with its numbers; what is not a number stays empty.

    Args:
        panels: matrices (n, m) by title.
        form: of the numbers, or one for each panel.
        rows, columns: names; the indices if None.
        labels: of the rows, of the columns.
        limits: of the colours; each matrix's own if None.
        cmap: matplotlib's name of the colours.
    """
    n, m = next(iter(panels.values())).shape
    size = WIDTH, WIDTH * n / m / len(panels) + 0.55
    figure, axes = subplots(1, len(panels), size, sharey=True)
    look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7}
    forms = [form] * len(panels) if isinstance(form, str) else form
    for axis, (title, values), each in zip(axes[0], panels.items(), forms, strict=True):
        numbers = values.detach().cpu().numpy()
        low, high = limits or (np.nanmin(numbers), np.nanmax(numbers))
        shown = axis.imshow(numbers, cmap=cmap, vmin=low, vmax=high)
        for (row, column), value in np.ndenumerate(numbers):
            if np.isfinite(value):
                look["color"] = "white" if sum(shown.to_rgba(value)[:3]) < 1.5 else "black"
                axis.text(column, row, format(value, each), **look)
        axis.set_xticks(range(m), labels=columns)
        axis.set_yticks(range(n), labels=rows)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        axis.set(title=title, xlabel=labels[1])
    axes[0, 0].set_ylabel(labels[0])
    return closed(figure)
