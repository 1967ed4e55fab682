"""Lesson 08: known warps, and a table in print.

wavy_warps                                   images that were smoothly warped
print_rows, print_published, print_paired    a table's figures with their intervals
gap                                          how far edits of today are from the table's
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from steerlens.evaluation import mean_difference, median_difference, median_interval

from ..common.summaries import counted
from .table import Table

KINDS = ("probability", "energy", "energy with gain")
PUBLISHED = {  # 300 sources, L2 = 2, persistent regime: driver's p, both judges, E, E with gain
    "pixel": (0.962, 10, 0.365, 0.457),
    "Fourier phase": (1.6e-5, 3, 0.345, 0.410),
    "CSP phase": (0.0035, 6, 0.503, 0.719),
    "CSP joint": (0.0095, 8, 0.505, 0.722),
}


def wavy_warps(sources: Tensor, size: float, seed: int = 0) -> Tensor:
    """Each source smoothly deformed: a shift and two half waves across the frame, at random.

    The displacement is no combination of the solver's own grid functions, so that the solver has to find it.

    Args:
        sources: (batch, channels, height, width) in [0, 1].
        size: standard deviation of the shift and of each wave, in pixels.
        seed: of the draws.
    """
    height, width = sources.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    waves = torch.stack([torch.ones_like(x), (math.pi / 2 * x).sin(), (math.pi / 2 * y).sin()])
    draws = torch.randn(len(sources), 2, 3, 1, 1, generator=torch.Generator().manual_seed(seed))
    down, right = (size * (draws * waves).sum(2)).unbind(1)
    places = torch.stack([x + 2 * right / (width - 1), y + 2 * down / (height - 1)], -1).to(sources)
    return grid_sample(sources, places, mode="bicubic", align_corners=True).clamp(0, 1)


def print_rows(table: Table, distance: float, rows: Sequence[str] | None = None) -> None:
    """Medians with bootstrap intervals, counts with Wilson's, a line a row."""
    at, rows = table.column(distance), rows or list(table.values)
    width = max(map(len, rows))
    print(f"{f'L2 = {distance:.3g}':{width}} p of the driver   both judges        E              E with gain")
    for row in rows:
        p, E, with_gain = (_compact(table.values[row][kind][at]) for kind in KINDS)
        print(f"{row:{width}} {p:17} {counted(table.both(row, distance)):18} {E:14} {with_gain}")


def _compact(values: Tensor) -> str:
    """Median and interval: ``.25 .20-.31``."""
    return "{} {}-{}".format(*(f"{v:.0e}" if 0 < v < 0.01 else f"{v:.2f}" for v in median_interval(values)))


def print_published(table: Table) -> None:
    """The published figures at L2 = 2 (p, both judges, E, E with gain), and ours."""
    at = table.column(2.0)
    print(f"{'L2 = 2':14} {'p':>16} {'both of 300':>13} {'E':>11} {'E + gain':>11}   (published, ours)")
    for row, (p, judges, E, gain) in PUBLISHED.items():
        ours = [table.values[row][kind][at].quantile(0.5).item() for kind in KINDS]
        cells = f"{p:8.2g} {ours[0]:7.2g} {judges:6} {int(table.both(row, 2.0).sum()):6}"
        print(f"{row:14} {cells} {E:6.2f} {ours[1]:5.2f} {gain:6.2f} {ours[2]:5.2f}")


def print_paired(
    table: Table, row: str, others: Sequence[str], distance: float
) -> dict[str, list[tuple[float, float, float]]]:
    """One row minus others, paired by source: share that both judges see, medians of E and E with gain."""
    at, width, found = table.column(distance), max(map(len, others)), {}
    print(f"{row}, minus\n{'':{width}} both judges            E                      E with gain")
    for other in others:
        pairs = [[table.values[name][kind][at] for name in (row, other)] for kind in KINDS[1:]]
        shares = [table.both(name, distance).double() for name in (row, other)]
        found[other] = [mean_difference(*shares), *(median_difference(*pair) for pair in pairs)]
        cells = (f"{middle:+.2f} [{low:+.2f}, {high:+.2f}]" for middle, low, high in found[other])
        print(f"{other:{width}} " + "   ".join(cells))
    return found


def gap(table: Table, row: str, distance: float, live: dict[str, Tensor]) -> float:
    """Largest gap of the medians of p, E and E with gain to the table's, over the same first sources."""
    at, count = table.column(distance), live["probability"].shape[1]
    pairs = [(live[kind][0], table.values[row][kind][at, :count]) for kind in KINDS]
    return max((new.quantile(0.5) - old.quantile(0.5)).abs().item() for new, old in pairs)
