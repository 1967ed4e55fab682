"""What is shown of morphs: frames and changes (PNG), bars and curves (HTML, SVG).

All of it is made of ``views`` (`views.matched`). ``verdicts`` are what other networks say of the same frames,
by name: (rows, frames, classes). Text takes the colour of the page, light or dark; every picture says in
words what it shows.
"""

import html
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.ticker import MaxNLocator
from PIL import Image
from torch import Tensor

from .._internal.checks import check_shown
from ..morphs.morph import Morph, enlarged
from ..plot.widgets import pixels_png, screen_scale
from .views import arrival_text, arrivals, change_scale, changes

GAP = 8  # pixels between a frame and its change
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # of A to D, from Okabe and Ito
THUMBNAIL = 56  # pixels of the longer side, at most
GREY = "#999999"
WIDTH, TALL = 480, 176  # of the curves, in pixels
LEFT, RIGHT, TOP, BOTTOM = 30, 12, 20, 42  # their margins
TICKS = 7  # numbers along x, at most


def frame_pngs(
    views: Morph,
    show: Callable[[Tensor], Tensor] | None = None,
    part: tuple[slice, slice] = (slice(None), slice(None)),
) -> list[list[bytes]]:
    """A PNG for each row and frame: ``show`` of it, and its change beside it, on one scale for all."""
    unit = ((changes(views) / change_scale(views) + 1) / 2).cpu().numpy()  # colormaps clip
    colors = torch.from_numpy(colormaps["RdBu_r"](unit)[..., :3]).movedim(-1, 2).to(views.frames)
    frames = torch.stack([check_shown(row, show) for row in views.frames]).expand(-1, -1, 3, -1, -1)
    rows = zip(frames[(..., *part)], colors[(..., *part)], strict=True)
    return [[_beside(*pair) for pair in zip(*row, strict=True)] for row in rows]


def _beside(*images: Tensor) -> bytes:
    """PNG of two RGB images as they are on the screen, with a transparent gap between."""
    left, right = (np.insert(enlarged(image, screen_scale(image)), 3, 255, axis=2) for image in images)
    gap = np.zeros((len(left), GAP, 4), np.uint8)
    return pixels_png(np.concatenate([left, gap, right], axis=1), compress_level=3)


def data_url(png: bytes) -> str:
    """A PNG as an address, for HTML and style sheets."""
    return f"data:image/png;base64,{b64encode(png).decode()}"


def thumbnail_style(images: Tensor, selectors: Sequence[str]) -> str:
    """A style sheet that gives each selector the picture of an image as its background."""
    rules = []
    for image, selector in zip(images, selectors, strict=True):
        picture = Image.fromarray(enlarged(image, 1)).convert("RGB")
        picture.thumbnail((THUMBNAIL, THUMBNAIL))
        url = data_url(pixels_png(np.asarray(picture), compress_level=3))
        rules.append(f"{selector} {{ background-image: url({url}) !important; }}")
    return "<style>" + "\n".join(rules) + "</style>"


def bars(
    views: Morph, row: int, frame: int, classes: Sequence[str], verdicts: Mapping[str, Tensor] | None = None
) -> str:
    """The target's probability and the two largest others in one frame of a row, as bars (HTML)."""
    p, target = views.probabilities[row, frame], int(views.targets[row])
    others = [i for i in p.argsort(descending=True).tolist() if i != target]
    rows = []
    for index in [target, *others[: 1 if len(views) > 1 else 2]]:
        share, goal = p[index].item(), index == target
        name = f"<b>{html.escape(classes[index])}</b>" + (" (target)" if goal else "")
        fill = f"width:{100 * share:.1f}%;background:{COLORS[row] if goal else GREY}"
        rows.append(
            f'<div class="sl-bar"><span class="sl-name">{name}</span><span>{share:.2f}</span>'
            f'<span class="sl-track"><span style="{fill}"></span></span></div>'
        )
    for name, said in (verdicts or {}).items():
        seen = int(said[row, frame].argmax())
        mark = '<b class="sl-yes">✓</b>' if seen == target else '<b class="sl-no">✗</b>'
        sees = f"<b>{html.escape(classes[seen])}</b> {said[row, frame, seen]:.2f}"
        rows.append(f'<div class="sl-judge">{mark} {html.escape(name)} sees {sees}</div>')
    place = "" if len(views) > 1 else f"k = {views.steps[frame]:g}, "
    facts = f"{place}L2 distance {views.distances[row, frame]:.2f}"
    return f'<div class="sl-bars" role="status"><div class="sl-facts">{facts}</div>{"".join(rows)}</div>'


def _lines(
    views: Morph, classes: Sequence[str], verdicts: Mapping[str, Tensor]
) -> list[tuple[str, list[float], str, str]]:
    """Name, values, colour and dashes of curves: targets, one morph's source, the least sure judge."""
    single, found = len(views) == 1, views.target_probabilities
    names = [f"target {classes[int(views.targets[0])][:16]}"] if single else "ABCD"
    lines = [
        (name, p.tolist(), COLORS[row], "") for row, (name, p) in enumerate(zip(names, found, strict=False))
    ]
    if single and (source := int(views.sources[0])) != views.targets[0]:
        name = f"source {classes[source][:16]}"
        lines.append((name, views.probabilities[0, :, source].tolist(), GREY, "3 3"))
    if verdicts:
        index = views.targets[:, None, None].expand(-1, len(views.steps), 1)
        said = torch.stack([p.gather(2, index).squeeze(2) for p in verdicts.values()]).amin(0)
        for row, p in enumerate(said):
            lines.append(("" if row else "other networks", p.tolist(), COLORS[1 if single else row], "7 4"))
    return lines


def curves(
    views: Morph, frame: int, classes: Sequence[str], verdicts: Mapping[str, Tensor] | None = None
) -> str:
    """Probabilities against k, or the distance in a comparison, as SVG, with a cursor at one frame.

    A ring marks where each morph arrives; of other networks the least convinced is drawn, dashed.
    """
    x, lines = views.steps.tolist(), _lines(views, classes, verdicts or {})
    xlabel = "L2 distance" if len(views) > 1 else "k"

    def at(value: float, p: float) -> tuple[float, float]:
        across = np.interp(value, (x[0], x[-1]), (LEFT, WIDTH - RIGHT))
        return round(float(across), 1), round(TALL - BOTTOM - (TALL - TOP - BOTTOM) * p, 1)

    parts, left = [_axes(at, x, xlabel)], LEFT
    for name, values, color, dash in lines:
        points = [at(v, p) for v, p in zip(x, values, strict=True)]
        parts.append(_line(points, frame, color, dash) + _legend(name, left, color, dash))
        left += 40 + 7 * len(name)
    for row, place in enumerate(arrivals(views)):
        across, up = at(x[place], lines[row][1][place])
        parts.append(
            f'<circle cx="{across}" cy="{up}" r="7" fill="none" stroke="{COLORS[row]}" stroke-width="2"/>'
        )
        if len(views) == 1:
            side = "end" if across > WIDTH / 2 else "start"
            parts.append(f'<text x="{across}" y="11" text-anchor="{side}">{arrival_text(views, row)}</text>')
    cursor = f'<path d="M{at(x[frame], 0)[0]},{TALL - BOTTOM}V{TOP}" stroke="currentColor" opacity="0.7"/>'
    said = ", ".join(f"{name} {values[frame]:.2f}" for name, values, _, _ in lines if name)
    said += "; " + "; ".join(arrival_text(views, row) for row in range(len(views)))
    return (
        f'<svg class="sl-curves" viewBox="0 0 {WIDTH} {TALL}" role="img" fill="currentColor" font-size="12" '
        f'aria-label="Probability at {xlabel} {x[frame]:.3g}: {html.escape(said)}">'
        f"{''.join(parts)}{cursor}</svg>"
    )


def _line(points: Sequence[tuple[float, float]], frame: int, color: str, dash: str) -> str:
    """One curve, with a dot at the frame."""
    (across, up), joined = points[frame], " ".join(f"{x},{y}" for x, y in points)
    look = f'stroke="{color}" stroke-width="2.5" stroke-dasharray="{dash}" fill="none"'
    return f'<polyline points="{joined}" {look}/><circle cx="{across}" cy="{up}" r="4.5" fill="{color}"/>'


def _legend(name: str, left: float, color: str, dash: str) -> str:
    """A curve's name below, with a piece of it; nothing for one without."""
    low, look = TALL - 6, f'stroke="{color}" stroke-width="2.5" stroke-dasharray="{dash}"'
    sign = f'<line x1="{left}" x2="{left + 20}" y1="{low - 4}" y2="{low - 4}" {look}/>'
    return f'{sign}<text x="{left + 24}" y="{low}">{html.escape(name)}</text>' if name else ""


def _axes(at: Callable[[float, float], tuple[float, float]], x: Sequence[float], xlabel: str) -> str:
    """Three grey lines with their probabilities, numbers along x, and its name at the right."""
    right, parts = WIDTH - RIGHT, []
    for p in (0, 0.5, 1):
        up = at(x[0], p)[1]
        parts.append(f'<path d="M{LEFT},{up}H{right}" stroke="{GREY}" opacity="0.5"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{up + 4}" text-anchor="end">{p:g}</text>')
    for value in MaxNLocator(TICKS - 1, steps=[1, 2, 5, 10]).tick_values(x[0], x[-1]):
        if x[0] <= value <= x[-1]:
            across, low = at(value, 0)
            parts.append(f'<text x="{across}" y="{low + 16}" text-anchor="middle">{value:g}</text>')
    parts.append(f'<text x="{right}" y="{TALL - 6}" text-anchor="end">{html.escape(xlabel)}</text>')
    return "".join(parts)
