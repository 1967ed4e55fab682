"""Lesson 08: its figures.

edit_grid   edits of some sources by several editors, with what driver and judges say
trade_off   transfer against warp energy, a point a row of a table
"""

import textwrap
from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from steerlens import plot
from steerlens.evaluation import mean_difference, median_interval
from steerlens.plot.figures import WIDTH, closed, styled, subplots

from .table import Table

GROUPS = {"robust": "tab:green", ", held": "tab:red", "noise": "0.4", "example": "0.4", "": "tab:blue"}


def edit_grid(sources: Tensor, edits: Mapping[str, tuple[Tensor, ...]], captions: Sequence[str]) -> Figure:
    """Sources above, a row an editor; under each edit p of the target, a tick for each judge.

    Args:
        sources: (n, 1, height, width).
        edits: by name: images, p of the target (n,), whether each judge sees the target (n, 2).
        captions: of the sources.
    """
    rows = {"source": list(zip(sources, captions, strict=True))}
    for name, (images, p, seen, *_) in edits.items():
        ticks = ["".join("✓" if judge else "–" for judge in pair) for pair in seen]
        notes = [f"{value:.2f} {tick}" for value, tick in zip(p, ticks, strict=True)]
        rows[textwrap.fill(name, 18)] = list(zip(images, notes, strict=True))
    return plot.grid(rows)


@styled
def trade_off(table: Table, distance: float, kind: str = "energy with gain") -> Figure:
    """Share that both judges see against the median E, with intervals; one point a row.

    Colours: robust driver, held, references, all others.
    """
    at, (figure, ((axis,),)) = table.column(distance), subplots(1, 1, (WIDTH, 5.5))
    for number, (row, values) in enumerate(table.values.items(), 1):
        seen = table.both(row, distance).double()
        middle, low, high = median_interval(values[kind][at])
        share, less, more = mean_difference(seen, torch.zeros_like(seen))
        color = next(color for word, color in GROUPS.items() if word in row)
        look = {"color": color, "fmt": "o", "ms": 4, "lw": 1, "alpha": 0.8, "label": f"{number}  {row}"}
        spread = [[[middle - low], [high - middle]], [[share - less], [more - share]]]
        axis.errorbar(middle, share, xerr=spread[0], yerr=spread[1], **look)
        below = (-6, -12) if number % 2 else (6, 4)  # neighbours' numbers keep apart
        axis.annotate(str(number), (middle, share), below, textcoords="offset points", color=color)
    axis.set(xlabel=f"{kind.replace('energy', 'E')} (median)", ylabel="both judges see the target (share)")
    axis.set_title(f"L2 = {distance:.3g}: transfer against warp energy, 95 % intervals")
    handles, labels = axis.get_legend_handles_labels()
    figure.legend([handle.lines[0] for handle in handles], labels, loc="outside right center")
    return closed(figure)
