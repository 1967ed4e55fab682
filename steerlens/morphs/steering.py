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
    check_targets,
)
from .._internal.chunks import images_at_once, row_slices
from .._internal.modes import evaluation_mode
from .._internal.progress import progress_bar
from ..transforms.base import Transform, check_transform
from ..transforms.coefficients import Coefficients
from .gradients import (
    OBJECTIVES,
    analyzed_with_gradient,
    coefficient_gradient,
    image_gradient,
    model_logits,
)
from .morph import Morph, measured
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
from .weights import edit_weights

REGIMES = ("live", "persistent")


def steer(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | Sequence[int] | int,
    transform: Transform,
    *,
    regime: str = "live",
    direction: str = "phase",
    cap: float = 0.3,
    steps: int = 24,
    budget: float | None = None,
    length: float | None = None,
    alpha: float = 1.0,
    residuals: Mapping[str, str] | str | None = None,
    objective: str = "log_probability",
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
            objective, scales, orientations, bands, amplifiers, memory and progress.
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
        alpha: step size of Eq. 6, for the direction "wirtinger" alone.

    Raises:
        TypeError, ValueError: an argument that does not fit; the message says what was expected.
    """
    images = check_images(images, check_transform(transform), unit_range=True).detach()
    targets = check_targets(targets, len(images)).to(images.device)
    weights = edit_weights(transform, images, residuals, scales, orientations, bands, amplifiers)
    plan = _Plan(
        transform,
        weights,
        objective=check_choice("objective", objective, OBJECTIVES),
        persistent=check_choice("regime", regime, REGIMES) == "persistent",
        direction=check_choice("direction", direction, DIRECTIONS),
        cap=check_number("cap", cap, positive=True),
        alpha=check_number("alpha", alpha),
        steps=check_integer("steps", steps, 1),
        budget=None if budget is None else check_number("budget", budget, positive=True),
        length=None if length is None else check_number("length", length, positive=True),
    )
    frames, logits = _in_chunks(model, images, targets, plan, check_memory(memory), progress)
    k = torch.arange(steps + 1, device=images.device, dtype=images.dtype)
    return measured(frames, logits, k, targets, Chords(frames, k))


@dataclass(frozen=True)
class _Plan:
    """What every step of a steered morph does."""

    transform: Transform
    weights: Coefficients
    objective: str
    persistent: bool
    direction: str
    cap: float
    alpha: float
    steps: int
    budget: float | None
    length: float | None


def _in_chunks(
    model: nn.Module, images: Tensor, targets: Tensor, plan: _Plan, memory: float | None, progress: bool
) -> tuple[Tensor, Tensor]:
    """What `_steered` returns, for as many images at a time as the memory allows."""
    chunks = row_slices(len(images), images_at_once(images, memory))
    with (
        evaluation_mode(model),
        torch.no_grad(),
        progress_bar("steer", progress, total=plan.steps * len(chunks)) as bar,
    ):
        parts = [_steered(model, images[rows], targets[rows], plan, bar) for rows in chunks]
    frames, logits = (torch.cat(part) for part in zip(*parts, strict=True))
    return frames, logits


def _steered(
    model: nn.Module, images: Tensor, targets: Tensor, plan: _Plan, bar: tqdm
) -> tuple[Tensor, Tensor]:
    """Frames (batch, steps + 1, ...) and logits (batch, steps + 1, classes)."""
    transform = plan.transform
    at, current, sources = None, images, None
    moving = torch.ones(len(images), dtype=torch.bool, device=images.device)
    frames, scores = [images], []
    for _ in range(plan.steps):
        if not moving.any():
            break
        gradient, logits = image_gradient(model, current, targets, plan.objective, sources)
        sources = logits.argmax(dim=1) if sources is None else sources
        at, uphill = _analyzed(at, current, gradient, plan)
        step = ascent_increments(at, uphill * plan.weights, plan.direction, plan.cap, plan.alpha)
        if plan.length is not None:
            step = of_length(transform, at, step, current, plan.length)
        following = moved(at, step)
        proposed = rendered(transform, following)
        if plan.budget is not None:
            over = moving & (l2_distance(proposed, images) >= plan.budget)
            if over.any():
                proposed[over] = _stopped(at[over], step[over], images[over], plan, plan.budget)
            proposed, moving = torch.where(moving[:, None, None, None], proposed, current), moving & ~over
        at, current = following, proposed
        frames.append(current)
        scores.append(logits)
        bar.update()
    missing = plan.steps + 1 - len(frames)  # after all have reached the budget, the last frame stays
    frames += [current] * missing
    scores += [model_logits(model, current)] * (missing + 1)
    return torch.stack(frames, 1), torch.stack(scores, 1)


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
