"""Lesson 08: the table in print, beside the published one; trade-off, edits and probes as pictures.

print_rows, print_published, print_paired    figures with their intervals
edit_grid, trade_off, probe_maps             pictures
"""

from collections.abc import Mapping, Sequence

import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.evaluation import mean_difference, median_difference, median_interval

from ..common.summaries import counted
from .probes import BandProbe
from .table import Table

PUBLISHED = {  # 300 sources, L2 = 2, persistent regime: driver's p, both judges, E, E with gain
    "pixel": (0.962, 10, 0.365, 0.457),
    "Fourier phase": (1.6e-5, 3, 0.345, 0.410),
    "CSP phase": (0.0035, 6, 0.503, 0.719),
    "CSP joint": (0.0095, 8, 0.505, 0.722),
}


def both(table: Table, row: str, distance: float) -> Tensor:
    """Whether both judges see the target, (sources,)."""
    at = table.column(distance)
    return (table.values[row]["first"][at] * table.values[row]["second"][at]) > 0


def print_rows(table: Table, distance: float, rows: Sequence[str] | None = None) -> None:
    """Medians with bootstrap intervals, counts with Wilson's, a line a row."""
    at, rows = table.column(distance), rows or list(table.values)
    width = max(map(len, rows))
    print(f"{f'L2 = {distance:.3g}':{width}} p of the driver   both judges        E              E with gain")
    for row in rows:
        values = table.values[row]
        p, *energies = (_compact(values[kind][at]) for kind in ("probability", "energy", "energy with gain"))
        seen = counted(both(table, row, distance))
        print(f"{row:{width}} {p:17} {seen:18} {energies[0]:14} {energies[1]}")


def print_published(table: Table) -> None:
    """The published figures at L2 = 2 (p, both judges, E, E with gain), and ours."""
    at = table.column(2.0)
    print(f"{'L2 = 2':14} {'p':>16} {'both of 300':>13} {'E':>11} {'E + gain':>11}   (published, ours)")
    for row, (p, judges, E, gain) in PUBLISHED.items():
        values = {kind: v[at].median().item() for kind, v in table.values[row].items()}
        ours = (values["probability"], int(both(table, row, 2.0).sum()), values["energy"])
        cells = f"{p:8.2g} {ours[0]:7.2g} {judges:6} {ours[1]:6} {E:6.2f} {ours[2]:5.2f}"
        print(f"{row:14} {cells} {gain:6.2f} {values['energy with gain']:5.2f}")


def print_paired(
    table: Table, row: str, others: Sequence[str], distance: float
) -> dict[str, list[tuple[float, float, float]]]:
    """One row minus others, paired by source: share that both judges see, medians of E and E with gain."""
    at, found = table.column(distance), {}
    width = max(map(len, others))
    print(f"{row}, minus\n{'':{width}} both judges            E                      E with gain")
    for other in others:
        pairs = [(both(table, name, distance).double() for name in (row, other))]
        differences = [mean_difference(*pair) for pair in pairs]
        for kind in ("energy", "energy with gain"):
            differences.append(median_difference(*(table.values[n][kind][at] for n in (row, other))))
        found[other] = differences
        cells = (f"{middle:+.2f} [{low:+.2f}, {high:+.2f}]" for middle, low, high in differences)
        print(f"{other:{width}} " + "   ".join(cells))
    return found


def _compact(values: Tensor) -> str:
    """Median and interval: ``.25 .20-.31``."""
    return "{} {}-{}".format(*(f"{v:.0e}" if 0 < v < 0.01 else f"{v:.2f}" for v in median_interval(values)))


def trade_off(table: Table, distance: float, kind: str = "energy with gain") -> Figure:
    """Share that both judges see against the median E, with intervals; one point a row."""
    at, figure = table.column(distance), plt.figure(figsize=(9.6, 5.5), layout="constrained")
    axes = figure.subplots()
    for number, (row, values) in enumerate(table.values.items(), 1):
        seen = both(table, row, distance).double()
        middle, low, high = median_interval(values[kind][at])
        share, less, more = mean_difference(seen, torch.zeros_like(seen))
        held, robust = ", held" in row, "robust" in row
        color = "tab:green" if robust else "tab:red" if held else "tab:blue" if _gradient(row) else "0.4"
        spread = [[[middle - low], [high - middle]], [[share - less], [more - share]]]
        look = {"color": color, "fmt": "o", "ms": 4, "lw": 1, "alpha": 0.8, "label": f"{number}  {row}"}
        axes.errorbar(middle, share, xerr=spread[0], yerr=spread[1], **look)
        below = (-6, -12) if number % 2 else (6, 4)  # neighbours' numbers keep apart
        axes.annotate(str(number), (middle, share), below, textcoords="offset points", color=color)
    axes.set(xlabel=f"{kind.replace('energy', 'E')} (median)", ylabel="both judges see the target (share)")
    axes.set_title(f"L2 = {distance:.3g}: transfer against warp energy, 95 % intervals")
    handles, labels = axes.get_legend_handles_labels()
    points = [handle.lines[0] for handle in handles]
    figure.legend(points, labels, loc="outside right center", fontsize=8, frameon=False)
    plt.close(figure)
    return figure


def _gradient(row: str) -> bool:
    return row not in ("noise", "smooth noise", "nearest example")


def edit_grid(
    sources: Tensor, edits: Mapping[str, tuple[Tensor, Tensor, Tensor]], captions: Sequence[str]
) -> Figure:
    """Sources above, a row of edited images an editor; above each p of the target, a tick for each judge.

    Args:
        sources: (n, 1, height, width).
        edits: by name: images, p of the target (n,), whether each judge sees the target (n, 2).
        captions: of the sources.
    """
    size = (1.15 * len(sources) + 1.6, 1.35 * (len(edits) + 1))
    figure = plt.figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(edits) + 1, len(sources), squeeze=False)
    lines = {"source": [(image, caption) for image, caption in zip(sources, captions, strict=True)]}
    for name, (images, p, seen) in edits.items():
        ticks = ["".join("✓" if judge else "–" for judge in pair) for pair in seen]
        lines[name] = [(image, f"{v:.2f} {t}") for image, v, t in zip(images, p, ticks, strict=True)]
    for line, (name, cells) in zip(axes, lines.items(), strict=True):
        for ax, (image, title) in zip(line, cells, strict=True):
            ax.imshow(image[0].numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.set_title(title, fontsize=8)
        line[0].set_ylabel(
            name.replace(" + ", "\n+ ").replace(", ", ",\n"), fontsize=8, rotation=0, ha="right"
        )
    plt.close(figure)
    return figure


def probe_maps(probes: Mapping[tuple[int, int], BandProbe], orientations: int = 4) -> Figure:
    """Median change of the margin uphill, downhill and at random, by scale (rows) and orientation."""
    figure = plt.figure(figsize=(9, 2.8), layout="constrained")
    scales = len(probes) // orientations
    for axes, kind in zip(figure.subplots(1, 3), ("uphill", "random", "downhill"), strict=True):
        values = torch.tensor(
            [[getattr(probes[s, b], kind).median() for b in range(orientations)] for s in range(scales)]
        )
        limit = 1.5 * max(probe.uphill.median().item() for probe in probes.values())  # keeps print legible
        axes.imshow(values.numpy(), cmap="RdBu_r", vmin=-limit, vmax=limit)
        for (s, b), value in zip(probes, values.flatten(), strict=True):
            axes.text(b, s, f"{value:.2f}", ha="center", va="center", fontsize=8)
        degrees = [f"{180 * b / orientations:g}°" for b in range(orientations)]
        axes.set_xticks(range(orientations), degrees)
        axes.set_yticks(range(scales), [f"scale {s}" for s in range(scales)])
        axes.set_title(f"{kind}, logits")
    plt.close(figure)
    return figure
