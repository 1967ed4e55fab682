"""What is shown of a morph, or of two at equal distances: frames and changes (PNG), bars, curves (HTML, SVG).

View, view_of, matched     frames of one image, from a morph or from two that are compared
film                       views as one `Morph`, for strips and animations
frame_pngs, bars, curves   what stands on the screen

Every frame is drawn once, when its morph is made; the slider only swaps what is here. Text takes the colour
of the page, light or dark; every picture says in words what it shows.
"""

import html
import io
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.ticker import MaxNLocator
from PIL import Image
from torch import Tensor, nn

from ..morphs.gradients import evaluation_mode, model_logits
from ..morphs.morph import Morph, enlarged
from ..morphs.steps import bisect_distance, l2_distance

POSITIONS = 25  # places of the slider in a comparison
HEIGHT, GAP = 224, 8  # pixels: smallest height of a frame on the screen, and between it and its change
SMALLEST_SCALE = 1 / 255  # so that rounding is not drawn as a change
COLORS = ("#0072B2", "#D55E00")  # of A and B: Okabe and Ito's blue and vermilion
THUMBNAIL = 56  # pixels of a side
GREY = "#999999"
WIDTH, TALL = 640, 190  # of the curves, in pixels
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 10, 42  # their margins
TICKS = 7  # numbers along x, at most


class View(NamedTuple):
    """Frames of one image on its way.

    Attributes:
        frames: (n, channels, height, width) in [0, 1], the source first.
        probabilities: (n, classes).
        distances: (n,), L2 to the source.
        positions: (n,), what the slider counts: k, or the distance in a comparison.
        source, target: class indices, as the model sees the source and as was asked for.
        by_distance: whether ``positions`` are distances.
    """

    frames: Tensor
    probabilities: Tensor
    distances: Tensor
    positions: Tensor
    source: int
    target: int
    by_distance: bool = False

    @property
    def changes(self) -> Tensor:
        """Frame minus source, mean over channels: (n, height, width)."""
        return (self.frames - self.frames[:1]).mean(1)


def view_of(morph: Morph) -> View:
    """Every frame of a morph of one image."""
    source, target = int(morph.sources[0]), int(morph.targets[0])
    return View(morph.frames[0], morph.probabilities[0], morph.distances[0], morph.steps, source, target)


def matched(model: nn.Module, morphs: Sequence[Morph]) -> list[View]:
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
    distances = torch.linspace(0, 0.999 * farthest, POSITIONS, dtype=torch.float64)
    return [_at(model, morph, distances) for morph in morphs]


def _at(model: nn.Module, morph: Morph, distances: Tensor) -> View:
    """One morph at increasing distances, of which the first is 0."""
    beyond = morph.distances[0].double().cpu() >= distances[1:, None]
    after = beyond.to(torch.uint8).argmax(1).to(morph.steps.device)
    rows = torch.zeros_like(after)
    wanted = distances[1:].to(morph.distances)
    low, high = morph.steps[after - 1], morph.steps[after]
    _, images = bisect_distance(lambda k: morph.render(rows, k), low, high, morph.frames[rows, 0], wanted)
    frames = torch.cat([morph.frames[0, :1], images])
    with evaluation_mode(model), torch.no_grad():
        probabilities = model_logits(model, frames).softmax(1)
    source, target = int(morph.sources[0]), int(morph.targets[0])
    found = l2_distance(frames, frames[:1])
    return View(frames, probabilities, found, distances, source, target, by_distance=True)


def film(views: Sequence[View]) -> Morph:
    """Views of one image as a morph of a batch; it cannot be rendered between its frames."""

    def render(rows: Tensor, k: Tensor) -> Tensor:
        raise ValueError("render: expected a morph of `extrapolate` or `steer`, got frames that were chosen")

    frames, probabilities, distances, positions, sources, targets, _ = zip(*views, strict=True)
    stacked = torch.stack(frames), torch.stack(probabilities), torch.stack(distances)
    return Morph(*stacked, positions[0], torch.tensor(sources), torch.tensor(targets), render)


def largest_change(views: Sequence[View]) -> float:
    """The largest change of a pixel (mean over channels) in any frame of the views."""
    return max(view.changes.abs().max().item() for view in views)


def frame_pngs(view: View, largest: float) -> list[bytes]:
    """For each frame a PNG: the frame, and beside it its change, frame minus source.

    Args:
        view: what is shown.
        largest: change that gets the full colour: red brighter, blue darker.
    """
    unit = ((view.changes / max(largest, SMALLEST_SCALE) + 1) / 2).cpu().numpy()
    colors = torch.as_tensor(colormaps["RdBu_r"](unit)[..., :3]).movedim(-1, 1).to(view.frames)
    scale = -(-HEIGHT // view.frames.shape[-2])
    frames = view.frames.expand(-1, 3, -1, -1)
    return [png(beside(enlarged(f, scale), enlarged(c, scale))) for f, c in zip(frames, colors, strict=True)]


def beside(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two RGB pictures of equal height, with a transparent gap between: (height, width, 4)."""
    left, right = (np.insert(side, 3, 255, axis=2) for side in (left, right))
    return np.concatenate([left, np.zeros((len(left), GAP, 4), np.uint8), right], axis=1)


def png(pixels: np.ndarray) -> bytes:
    """PNG of uint8 pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def thumbnail_style(images: Tensor, selectors: Sequence[str]) -> str:
    """A style sheet that gives each selector the picture of an image as its background."""
    rules = []
    for image, selector in zip(images, selectors, strict=True):
        pixels = Image.fromarray(enlarged(image, 1)).convert("RGB").resize((THUMBNAIL, THUMBNAIL))
        data = b64encode(png(np.asarray(pixels))).decode()
        rules.append(f"{selector} {{ background-image: url(data:image/png;base64,{data}) !important; }}")
    return "<style>" + "\n".join(rules) + "</style>"


def bars(view: View, frame: int, names: Sequence[str], color: str) -> str:
    """The target's probability and the two largest others in one frame, as bars (HTML)."""
    p = view.probabilities[frame]
    others = [i for i in p.argsort(descending=True).tolist() if i != view.target]
    rows = []
    for index in [view.target, *others[:2]]:
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


class Line(NamedTuple):
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
    (across, foot), (_, head) = at(x[frame], 0), at(x[frame], 1)
    cursor = f'<path d="M{across},{foot}V{head}" stroke="currentColor" opacity="0.7"/>'
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
    ticks = MaxNLocator(TICKS - 1, steps=[1, 2, 5, 10]).tick_values(x[0], x[-1])
    for value in (tick for tick in ticks if x[0] <= tick <= x[-1]):
        across, low = at(value, 0)
        parts.append(f'<text x="{across}" y="{low + 16}" text-anchor="middle">{value:g}</text>')
    right = at(x[-1], 0)[0]
    parts.append(f'<text x="{right}" y="{TALL - 6}" text-anchor="end">{html.escape(xlabel)}</text>')
    return "".join(parts)
