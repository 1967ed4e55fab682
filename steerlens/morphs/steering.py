"""Steered morphs: small steps in phase, the class gradient taken anew at every one.

steer   live (the current image is analysed again) or persistent (increments to the source's phases)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm.std import tqdm

from .._internal.checks import (
    check_choice,
    check_images,
    check_integer,
    check_memory,
    check_number,
)
from .._internal.chunks import MODEL, images_at_once, row_slices
from .._internal.modes import evaluation_mode, own_precision
from .._internal.progress import progress_bar
from ..transforms.base import Transform, check_transform
from ..transforms.coefficients import Coefficients
from .gradients import analyzed_with_gradient, coefficient_gradient, image_gradient
from .morph import Morph, measured
from .scores import Objective, Scores, check_question, scored
from .steps import (
    DIRECTIONS,
    ascent_increments,
    bisect_distance,
    l2_distance,
    moved,
    of_length,
    rendered,
    scaled,
)
from .views import Views, check_views
from .weights import edit_weights

REGIMES = ("live", "persistent")


def steer(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | Sequence[int] | int | None,
    transform: Transform,
    *,
    regime: str = "live",
    direction: str = "phase",
    cap: float = 0.3,
    steps: int = 24,
    budget: float | None = None,
    until: float | None = None,
    length: float | None = None,
    alpha: float = 1.0,
    residuals: Mapping[str, str] | str | None = None,
    objective: Objective = "log_probability",
    views: Views | None = None,
    scales: Sequence[int] | int | None = None,
    orientations: Sequence[int] | int | None = None,
    bands: Iterable[tuple[int, int]] | None = None,
    amplifiers: Sequence[float] | None = None,
    memory: float | None = None,
    progress: bool = True,
) -> Morph:
    """Steered morphs: many small phase steps, the gradient taken anew at every one.

    The gradient is taken at the clipped image and passed straight through the clipping.

    Args:
        model, images, targets, transform: as in :func:`steerlens.extrapolate`, and so are residuals,
            objective, views (drawn anew at every step), scales, orientations, bands, amplifiers, memory and
            progress.
        regime: "live" analyses the current image again at every step; "persistent" keeps the source's
            coefficients and adds up increments to their phases (and log-amplitudes).
        direction: "phase": dL/dPhi, which moves the strong coefficients; "wirtinger": arg z of Eq. 9,
            which divides by A^2 and moves the weak ones; "joint": phase and log-amplitude together.
        cap: largest change of a step: radians of phase (or log-amplitude), or units of a real residual.
            "phase" and "joint" scale the whole step of each image to it, "wirtinger" limits each entry.
        steps: number of steps.
        length: L2 distance in the image that each step covers, to first order, whatever ``cap`` says: a fair
            pace for different transforms.
        budget: L2 distance to the source at which each morph stops, met to 5e-4; None: no stop.
        until: value of the objective at which each morph stops, log 0.99 for instance: the first frame that
            reaches it is the last that differs; None: no stop.
        alpha: step size of Eq. 6, for the direction "wirtinger" alone.

    Raises:
        TypeError, ValueError: an argument that does not fit; the message says what was expected.
    """
    images = check_images(images, check_transform(transform), unit_range=True).detach()
    targets = check_question(objective, targets, images)
    weights = edit_weights(transform, images, residuals, scales, orientations, bands, amplifiers)
    plan = _Plan(
        transform,
        weights,
        objective=objective,
        views=None if views is None else check_views(views),
        persistent=check_choice("regime", regime, REGIMES) == "persistent",
        direction=check_choice("direction", direction, DIRECTIONS),
        cap=check_number("cap", cap, positive=True),
        alpha=check_number("alpha", alpha),
        steps=check_integer("steps", steps, 1),
        budget=None if budget is None else check_number("budget", budget, positive=True),
        until=None if until is None else check_number("until", until),
        length=None if length is None else check_number("length", length, positive=True),
    )
    frames, scores = _in_chunks(model, images, targets, plan, check_memory(memory), progress)
    k = torch.arange(steps + 1, device=images.device, dtype=images.dtype)
    return measured(frames, scores, k, targets, Chords(frames, k))


@dataclass(frozen=True)
class _Plan:
    """What every step of a steered morph does."""

    transform: Transform
    weights: Coefficients
    objective: Objective
    views: Views | None
    persistent: bool
    direction: str
    cap: float
    alpha: float
    steps: int
    budget: float | None
    until: float | None
    length: float | None


def _in_chunks(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | None,
    plan: _Plan,
    memory: float | None,
    progress: bool,
) -> tuple[Tensor, Scores]:
    """What `_steered` returns, for as many images at a time as the memory allows."""
    copies = 1 if plan.views is None else plan.views.count
    chunks = row_slices(len(images), images_at_once(images, memory, MODEL * copies))
    asked = [None if targets is None else targets[rows] for rows in chunks]
    with (
        evaluation_mode(model),
        own_precision(gradients=False),
        progress_bar("steer", progress, total=plan.steps * len(chunks)) as bar,
    ):
        pairs = zip(chunks, asked, strict=True)
        parts = [_steered(model, images[rows], some, plan, bar) for rows, some in pairs]
    frames, values, logits = (torch.cat(part) for part in zip(*parts, strict=True))
    return frames, Scores(values, logits)


def _steered(
    model: nn.Module, images: Tensor, targets: Tensor | None, plan: _Plan, bar: tqdm
) -> tuple[Tensor, Tensor, Tensor]:
    """Frames (batch, steps + 1, ...), values (batch, steps + 1) and logits (batch, steps + 1, classes)."""
    at, current, sources = None, images, None
    views = None if plan.views is None else plan.views.restarted()
    moving = torch.ones(len(images), dtype=torch.bool, device=images.device)
    frames, scores = [images], []
    for _ in range(plan.steps):
        if not moving.any():
            break
        gradient, found = image_gradient(model, current, targets, plan.objective, sources, views)
        sources = found.sources if sources is None else sources
        if plan.until is not None:
            moving = moving & (found.values < plan.until)
        at, uphill = _analyzed(at, current, gradient, plan)
        at, proposed, over = _stepped(at, uphill, current, images, moving, plan)
        current, moving = torch.where(moving[:, None, None, None], proposed, current), moving & ~over
        frames.append(current)
        scores.append(found)
        bar.update()
    missing = plan.steps + 1 - len(frames)  # after all have stopped, the last frame stays
    frames += [current] * missing
    scores += [scored(model, current, targets, plan.objective, sources)] * (missing + 1)
    values, logits = (torch.stack(part, 1) for part in zip(*scores, strict=True))
    return torch.stack(frames, 1), values, logits


def _stepped(
    at: Coefficients, uphill: Coefficients, current: Tensor, sources: Tensor, moving: Tensor, plan: _Plan
) -> tuple[Coefficients, Tensor, Tensor]:
    """Coefficients and images after one step, and which of the moving ones it was cut short for."""
    step = ascent_increments(at, uphill * plan.weights, plan.direction, plan.cap, plan.alpha)
    if plan.length is not None:
        step = of_length(plan.transform, at, step, current, plan.length)
    following = moved(at, step)
    images = rendered(plan.transform, following)
    over = torch.zeros_like(moving)
    if plan.budget is not None:
        over = moving & (l2_distance(images, sources) >= plan.budget)
        if over.any():
            images[over] = _stopped(at[over], step[over], sources[over], plan, plan.budget)
    return following, images, over


def _analyzed(
    at: Coefficients | None, current: Tensor, gradient: Tensor, plan: _Plan
) -> tuple[Coefficients, Coefficients]:
    """Where a step starts, the source's own coefficients or the current image's, and the gradient there."""
    if at is not None and plan.persistent:
        return at, coefficient_gradient(gradient, current, plan.transform)
    return analyzed_with_gradient(current, gradient, plan.transform)


def _stopped(at: Coefficients, step: Coefficients, sources: Tensor, plan: _Plan, budget: float) -> Tensor:
    """Images at exactly the budget, after a fraction of the step."""

    def render(t: Tensor) -> Tensor:
        return rendered(plan.transform, moved(at, scaled(step, t)))

    zero = sources.new_zeros(len(sources))
    return bisect_distance(render, zero, zero + 1, sources, budget)[1]


@dataclass(frozen=True)
class Chords:
    """Images between frames (batch, frames, ...) at k (frames,): on the line between the two neighbours."""

    frames: Tensor
    k: Tensor

    def __call__(self, rows: Tensor, positions: Tensor) -> Tensor:
        """Images of rows (n,) at positions (n,)."""
        frames, k = self.frames, self.k
        after = torch.searchsorted(k, positions.to(k)).clamp(1, len(k) - 1)
        t = ((positions.to(k) - k[after - 1]) / (k[after] - k[after - 1]))[:, None, None, None]
        return torch.lerp(frames[rows, after - 1], frames[rows, after], t)

    def to(self, device: torch.device | str) -> "Chords":
        """The same on a device."""
        return Chords(self.frames.to(device), self.k.to(device))
