"""The explorer's numbers: the probabilities of a frame as bars, and their way as curves (HTML and SVG).

Text takes the colour of the page, light or dark; every picture says in words what it shows.
"""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from .views import View

COLORS = ("#0072B2", "#D55E00")  # of A and B: Okabe and Ito's blue and vermilion
GREY = "#999999"
WIDTH, TALL = 640, 190  # of the curves, in pixels
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 10, 42  # their margins
TICKS = 7  # numbers along x, at most


def bars(view: View, frame: int, names: Sequence[str], color: str, top: int = 3) -> str:
    """The target's probability and the largest others in one frame, as bars (HTML)."""
    p = view.probabilities[frame]
    others = [i for i in p.argsort(descending=True).tolist() if i != view.target]
    rows = []
    for index in [view.target, *others[: top - 1]]:
        share, goal = p[index].item(), index == view.target
        name = f"<b>{html.escape(names[index])}</b>" + (" (target)" if goal else "")
        fill = f"width:{100 * share:.1f}%;background:{color if goal else GREY}"
        rows.append(
            f'<div class="sl-bar"><span class="sl-name">{name}</span><span>{share:.2f}</span>'
            f'<span class="sl-track"><span style="{fill}"></span></span></div>'
        )
    place = "" if view.by_distance else f"k = {view.positions[frame]:g}<br>"
    facts = f"{place}L2 distance {view.distances[frame]:.2f}"
    return f'<div class="sl-bars" role="status"><div class="sl-facts">{facts}</div>{"".join(rows)}</div>'


@dataclass(frozen=True)
class Line:
    """One curve: its name, probabilities (n,), colour and dash pattern ("" for a solid line)."""

    name: str
    values: Sequence[float]
    color: str
    dash: str = ""


def curves(lines: Sequence[Line], x: Sequence[float], xlabel: str, frame: int) -> str:
    """Probabilities against increasing ``x`` as SVG, with a cursor at one frame."""
    span = max(x[-1] - x[0], 1e-9)

    def at(value: float, p: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * (value - x[0]) / span
        return round(across, 1), round(TALL - BOTTOM - (TALL - TOP - BOTTOM) * p, 1)

    parts = [_axes(at, x, xlabel)]
    for number, line in enumerate(lines):
        style = f'stroke="{line.color}" stroke-width="2.5" stroke-dasharray="{line.dash}" fill="none"'
        points = " ".join("{},{}".format(*at(v, p)) for v, p in zip(x, line.values, strict=True))
        across, up = at(x[frame], line.values[frame])
        left, low = LEFT + 175 * number, TALL - 6
        parts += [
            f'<polyline points="{points}" {style}/>',
            f'<circle cx="{across}" cy="{up}" r="4.5" fill="{line.color}"/>',
            f'<line x1="{left}" x2="{left + 24}" y1="{low - 4}" y2="{low - 4}" {style}/>',
            f'<text x="{left + 30}" y="{low}">{html.escape(line.name)}</text>',
        ]
    (across, low), (_, high) = at(x[frame], 0), at(x[frame], 1)
    cursor = f'<path d="M{across},{low}V{high}" stroke="currentColor" opacity="0.7"/>'
    said = ", ".join(f"{line.name} {line.values[frame]:.2f}" for line in lines)
    return (
        f'<svg class="sl-curves" viewBox="0 0 {WIDTH} {TALL}" role="img" fill="currentColor" font-size="12" '
        f'aria-label="Probability at {html.escape(xlabel)} {x[frame]:.3g}: {html.escape(said)}">'
        f"{''.join(parts)}{cursor}</svg>"
    )


def _axes(at: Callable[[float, float], tuple[float, float]], x: Sequence[float], xlabel: str) -> str:
    """Three grey lines with their probabilities, numbers along x, and its name at the right."""
    parts = []
    for p in (0, 0.5, 1):
        (left, up), (right, _) = at(x[0], p), at(x[-1], p)
        parts.append(f'<path d="M{left},{up}H{right}" stroke="{GREY}" opacity="0.5"/>')
        parts.append(f'<text x="{left - 6}" y="{up + 4}" text-anchor="end">{p:g}</text>')
    for value in MaxNLocator(TICKS - 1, steps=[1, 2, 5, 10]).tick_values(x[0], x[-1]):
        if not x[0] <= value <= x[-1]:
            continue
        across, low = at(value, 0)
        parts.append(f'<text x="{across}" y="{low + 16}" text-anchor="middle">{value:g}</text>')
    right = at(x[-1], 0)[0]
    parts.append(f'<text x="{right}" y="{TALL - 6}" text-anchor="end">{html.escape(xlabel)}</text>')
    return "".join(parts)
