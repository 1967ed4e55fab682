"""What is shown of a morph, or of two at equal distances: frames and changes (PNG), bars, curves (HTML, SVG).

All of it is made of one `Morph`, ``views`` below: of one row, or of two (`matched`) whose ``steps`` are L2
distances. Text takes the colour of the page, light or dark; every picture says in words what it shows.
"""

import html
from base64 import b64encode
from collections.abc import Callable, Sequence

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.ticker import MaxNLocator
from PIL import Image
from torch import Tensor, nn

from .._internal.checks import check_shown
from .._internal.modes import evaluation_mode
from ..morphs.morph import Morph, enlarged, measured
from ..morphs.scores import Scores, scored
from ..morphs.steering import Chords
from ..morphs.steps import bisect_distance
from ..plot.widgets import pixels_png, screen_scale

POSITIONS = 25  # places of the slider in a comparison
GAP = 8  # pixels between a frame and its change
SMALLEST_SCALE = 1 / 255  # so that rounding is not drawn as a change
COLORS = ("#0072B2", "#D55E00")  # of A and B: Okabe and Ito's blue and vermilion
THUMBNAIL = 56  # pixels of the longer side, at most
GREY = "#999999"
WIDTH, TALL = 640, 190  # of the curves, in pixels
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 10, 42  # their margins
TICKS = 7  # numbers along x, at most


def matched(model: nn.Module, morphs: Sequence[Morph]) -> Morph:
    """Morphs of one image at `POSITIONS` equal distances: from 0 to the largest that all of them reach.

    The image at a distance is the first on the path that lies there (met to 5e-4), and is scored itself.

    Raises:
        ValueError: one of them does not move at all.
    """
    farthest = min(morph.distances.max().item() for morph in morphs)
    if farthest < 2e-3:
        raise ValueError(
            f"settings: expected two morphs that move, got one that stays at distance {farthest:.1g}"
        )
    wanted = morphs[0].distances.new_tensor(np.linspace(0, 0.999 * farthest, POSITIONS))
    frames = torch.stack([_at(morph, wanted) for morph in morphs])
    with evaluation_mode(model), torch.no_grad():
        targets = torch.cat([morph.targets for morph in morphs if morph.targets is not None])
        found = [scored(model, row, target) for row, target in zip(frames, targets, strict=True)]
    scores = Scores(*(torch.stack(part) for part in zip(*found, strict=True)))
    return measured(frames, scores, wanted, targets, Chords(frames, wanted))


def _at(morph: Morph, distances: Tensor) -> Tensor:
    """Images of one morph at increasing distances, of which the first is 0."""
    after = (morph.distances[0] >= distances[1:, None]).to(torch.uint8).argmax(1)
    rows, low, high = torch.zeros_like(after), morph.steps[after - 1], morph.steps[after]
    sources = morph.frames[rows, 0]
    _, images = bisect_distance(lambda k: morph.render(rows, k), low, high, sources, distances[1:])
    return torch.cat([morph.frames[0, :1], images])


def changes(views: Morph) -> Tensor:
    """Frame minus source, mean over channels: (rows, frames, height, width)."""
    return (views.frames - views.frames[:, :1]).mean(2)


def frame_pngs(views: Morph, show: Callable[[Tensor], Tensor] | None = None) -> list[list[bytes]]:
    """A PNG for each row and frame: ``show`` of it, and its change beside it, on one scale for all."""
    change = changes(views)
    unit = ((change / change.abs().max().clamp(min=SMALLEST_SCALE) + 1) / 2).cpu().numpy()
    colors = torch.from_numpy(colormaps["RdBu_r"](unit)[..., :3]).movedim(-1, 2).to(views.frames)
    frames = torch.stack([check_shown(row, show) for row in views.frames]).expand(-1, -1, 3, -1, -1)
    rows = zip(frames, colors, strict=True)
    return [[_beside(*pair) for pair in zip(*row, strict=True)] for row in rows]


def _beside(*images: Tensor) -> bytes:
    """PNG of two RGB images as they are on the screen, with a transparent gap between."""
    left, right = (np.insert(enlarged(image, screen_scale(image)), 3, 255, axis=2) for image in images)
    gap = np.zeros((len(left), GAP, 4), np.uint8)
    return pixels_png(np.concatenate([left, gap, right], axis=1), compress_level=3)


def thumbnail_style(images: Tensor, selectors: Sequence[str]) -> str:
    """A style sheet that gives each selector the picture of an image as its background."""
    rules = []
    for image, selector in zip(images, selectors, strict=True):
        picture = Image.fromarray(enlarged(image, 1)).convert("RGB")
        picture.thumbnail((THUMBNAIL, THUMBNAIL))
        data = b64encode(pixels_png(np.asarray(picture), compress_level=3)).decode()
        rules.append(f"{selector} {{ background-image: url(data:image/png;base64,{data}) !important; }}")
    return "<style>" + "\n".join(rules) + "</style>"


def bars(views: Morph, row: int, frame: int, classes: Sequence[str]) -> str:
    """The target's probability and the two largest others in one frame of a row, as bars (HTML)."""
    p, target = views.probabilities[row, frame], int(views.targets[row])
    others = [i for i in p.argsort(descending=True).tolist() if i != target]
    rows = []
    for index in [target, *others[:2]]:
        share, goal = p[index].item(), index == target
        name = f"<b>{html.escape(classes[index])}</b>" + (" (target)" if goal else "")
        fill = f"width:{100 * share:.1f}%;background:{COLORS[row] if goal else GREY}"
        rows.append(
            f'<div class="sl-bar"><span class="sl-name">{name}</span><span>{share:.2f}</span>'
            f'<span class="sl-track"><span style="{fill}"></span></span></div>'
        )
    place = "" if len(views) > 1 else f"k = {views.steps[frame]:g}<br>"
    facts = f"{place}L2 distance {views.distances[row, frame]:.2f}"
    return f'<div class="sl-bars" role="status"><div class="sl-facts">{facts}</div>{"".join(rows)}</div>'


def _lines(views: Morph, classes: Sequence[str]) -> list[tuple[str, list[float], str, str]]:
    """Name, probabilities, colour and dashes of curves: A's and B's target, or one morph's target, source."""
    source, target = int(views.sources[0]), int(views.targets[0])
    compared = len(views) > 1
    shown = [("A: " if compared else "target ", 0, target, COLORS[0], "")]
    if compared:
        shown.append(("B: ", 1, target, COLORS[1], "7 4"))
    elif source != target:
        shown.append(("source ", 0, source, GREY, "3 3"))
    return [
        (mark + classes[index][:16], views.probabilities[row, :, index].tolist(), color, dash)
        for mark, row, index, color, dash in shown
    ]


def curves(views: Morph, frame: int, classes: Sequence[str]) -> str:
    """Probabilities against k, or the distance in a comparison, as SVG, with a cursor at one frame."""
    x, lines = views.steps.tolist(), _lines(views, classes)
    xlabel = "L2 distance to the source" if len(views) > 1 else "k"

    def at(value: float, p: float) -> tuple[float, float]:
        across = np.interp(value, (x[0], x[-1]), (LEFT, WIDTH - RIGHT))
        return round(float(across), 1), round(TALL - BOTTOM - (TALL - TOP - BOTTOM) * p, 1)

    parts = [_axes(at, x, xlabel)]
    for number, (name, values, color, dash) in enumerate(lines):
        style = f'stroke="{color}" stroke-width="2.5" stroke-dasharray="{dash}" fill="none"'
        points = " ".join("{},{}".format(*at(v, p)) for v, p in zip(x, values, strict=True))
        across, up = at(x[frame], values[frame])
        left, low = LEFT + 175 * number, TALL - 6
        parts += [
            f'<polyline points="{points}" {style}/>',
            f'<circle cx="{across}" cy="{up}" r="4.5" fill="{color}"/>',
            f'<line x1="{left}" x2="{left + 24}" y1="{low - 4}" y2="{low - 4}" {style}/>',
            f'<text x="{left + 30}" y="{low}">{html.escape(name)}</text>',
        ]
    cursor = f'<path d="M{across},{TALL - BOTTOM}V{TOP}" stroke="currentColor" opacity="0.7"/>'
    said = ", ".join(f"{name} {values[frame]:.2f}" for name, values, _, _ in lines)
    return (
        f'<svg class="sl-curves" viewBox="0 0 {WIDTH} {TALL}" role="img" fill="currentColor" font-size="12" '
        f'aria-label="Probability at {html.escape(xlabel)} {x[frame]:.3g}: {html.escape(said)}">'
        f"{''.join(parts)}{cursor}</svg>"
    )


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
