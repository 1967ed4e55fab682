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
from .._internal.chunks import MODEL, images_at_once, row_slices, too_large
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
    rendered,
)
from .strides import ApartStride, Stride, of_length
from .views import Views, check_views
from .weights import channels_apart, edit_weights

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
    targets, memory = check_question(objective, targets, images), check_memory(memory)
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
        apart=regime == "live" and channels_apart(transform, images) and too_large(images, memory),
    )
    frames, scores = _in_chunks(model, images, targets, plan, memory, progress)
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
    apart: bool


def _in_chunks(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | None,
    plan: _Plan,
    memory: float | None,
    progress: bool,
) -> tuple[Tensor, Scores]:
    """Frames and what `_steered` returns, for as many images at a time as the memory allows."""
    copies = 1 if plan.views is None else plan.views.count
    chunks = row_slices(len(images), images_at_once(images, memory, MODEL * copies))
    asked = [None if targets is None else targets[rows] for rows in chunks]
    with (
        evaluation_mode(model),
        own_precision(gradients=False),
        progress_bar("steer", progress, total=plan.steps * len(chunks)) as bar,
    ):
        frames = images.new_empty(len(images), plan.steps + 1, *images.shape[1:])
        pairs = zip(chunks, asked, strict=True)
        parts = [_steered(model, images[rows], some, plan, frames[rows], bar) for rows, some in pairs]
    return frames, Scores(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _steered(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | None,
    plan: _Plan,
    frames: Tensor,
    bar: tqdm,
) -> Scores:
    """Scores of every frame: values (batch, steps + 1), logits (batch, steps + 1, classes). Fills frames."""
    at, current, sources = None, images, None
    views = None if plan.views is None else plan.views.restarted()
    moving = torch.ones(len(images), dtype=torch.bool, device=images.device)
    frames[:, 0], scores = images, []
    for _ in range(plan.steps):
        if not moving.any():
            break
        gradient, found = image_gradient(model, current, targets, plan.objective, sources, views)
        sources = found.sources if sources is None else sources
        if plan.until is not None:
            moving = moving & (found.values < plan.until)
        at, proposed, over = _stepped(_stride(at, current, gradient, plan), current, images, moving, plan)
        current, moving = torch.where(moving[:, None, None, None], proposed, current), moving & ~over
        scores.append(found)
        frames[:, len(scores)] = current
        bar.update()
    frames[:, len(scores) :] = current[:, None]  # after all have stopped, the last frame stays
    last = scored(model, current, targets, plan.objective, sources)
    scores += [last] * (plan.steps + 1 - len(scores))
    return Scores(*(torch.stack(part, 1) for part in zip(*scores, strict=True)))


def _stride(at: Coefficients | None, current: Tensor, gradient: Tensor, plan: _Plan) -> Stride | ApartStride:
    """The step from where it starts: the source's own coefficients (persistent) or the current image's."""
    how = plan.direction, plan.cap, plan.alpha
    if plan.apart:
        return ApartStride.of(plan.transform, current, gradient, plan.weights, how)
    if at is None:
        at, uphill = analyzed_with_gradient(current, gradient, plan.transform)
    else:
        uphill = coefficient_gradient(gradient, current, plan.transform)
    return Stride(plan.transform, at, ascent_increments(at, uphill * plan.weights, *how))


def _stepped(
    stride: Stride | ApartStride, current: Tensor, sources: Tensor, moving: Tensor, plan: _Plan
) -> tuple[Coefficients | None, Tensor, Tensor]:
    """Coefficients (persistent) and images after one step, and which moving ones it was cut short for."""
    share = None if plan.length is None else of_length(stride, current, plan.length)
    at = stride.end(share) if plan.persistent and isinstance(stride, Stride) else None
    images = stride(share) if at is None else rendered(plan.transform, at)
    over = torch.zeros_like(moving)
    if plan.budget is not None:
        over = moving & (l2_distance(images, sources) >= plan.budget)
        if over.any():
            most = images.new_ones(len(images)) if share is None else share
            nothing = torch.zeros_like(most)
            ends = nothing[over], most[over], sources[over]
            images[over] = bisect_distance(stride[over], *ends, plan.budget)[1]
    return at, images, over


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
