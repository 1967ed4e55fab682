"""What a model says of images, and the score L that is raised (Eq. 1).

Scores             values of the objective, and logits
scored             both, of some images
model_logits       logits of a classifier, checked
objective_values   the objectives that have a name
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from .._internal.checks import check_choice, check_targets
from .._internal.chunks import images_at_once, in_chunks
from .._internal.modes import evaluation_mode, own_precision
from . import objectives

OBJECTIVES = ("log_probability", "logit", "margin")
Objective: TypeAlias = str | Callable[[Any, Tensor], Tensor] | objectives.Objective
REMEDY = "wrap it in a module that returns them (lesson 11), or give objective= and targets=None (lesson 12)"
PROBABILITIES = (
    "model: expected logits, got rows that look like probabilities: if they are, return their logarithms "
    "(lesson 11), or the softmax is taken twice and gradients are faint"
)


class Scores(NamedTuple):
    """What was found for images.

    Attributes:
        values: L (batch,).
        logits: (batch, classes); (batch, 0) where no class is asked for.
    """

    values: Tensor
    logits: Tensor

    @property
    def sources(self) -> Tensor | None:
        """The classes with the largest logits, (batch,)."""
        return self.logits.argmax(dim=1) if self.logits.shape[1] else None


def check_question(objective: object, targets: object, images: Tensor) -> Tensor | None:
    """Targets (batch,), on the images' device, or None if the objective needs none.

    Raises:
        TypeError, ValueError: neither a name of `OBJECTIVES` nor callable; a name without targets.
    """
    if not callable(objective):
        check_choice("objective", objective, OBJECTIVES)
        if targets is None:
            raise TypeError(f"targets: expected one class index an image for {objective!r}, got None")
    return None if targets is None else check_targets(targets, len(images)).to(images.device)


def scored(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | int | None,
    objective: Objective = "log_probability",
    sources: Tensor | None = None,
) -> Scores:
    """Values of the objective at images, and the logits, in the mode that the model is in.

    Args:
        model: maps images to logits (batch, classes); without targets to whatever the objective takes.
        images: (batch, channels, height, width).
        targets: class indices (batch,), or one for all; None: no class is asked for.
        objective: a name (see :func:`objective_values`); a function of the model's output and the images
            that returns a value for each image, (batch,); or one of `steerlens.objectives`.
        sources: class indices (batch,) that a margin is taken to; the predicted classes if None.

    Raises:
        ValueError: an output, targets or values that do not fit.
    """
    if targets is None:
        inner = isinstance(objective, objectives.Objective)  # it calls a model itself
        outputs = None if inner else model_outputs(model, images)
        return Scores(_valued(objective, outputs, images), images.new_empty(len(images), 0))
    logits = model_logits(model, images)
    targets = check_targets(targets, *logits.shape).to(images.device).clone()  # for use in inference mode
    if not isinstance(objective, str):
        return Scores(_valued(objective, logits, images), logits)
    sources = None if sources is None else sources.clone()
    return Scores(objective_values(logits, targets, objective, sources), logits)


def _valued(objective: Any, outputs: Any, images: Tensor) -> Tensor:
    """Values (batch,): of one of `steerlens.objectives`, or what a function returns, checked."""
    if isinstance(objective, objectives.Objective):
        return objective.of_images(images)
    values, count = objective(outputs, images.clone()), len(images)
    if not isinstance(values, Tensor) or values.shape != (count,) or not values.is_floating_point():
        found = f"{values.dtype} {tuple(values.shape)}" if isinstance(values, Tensor) else repr(values)
        raise ValueError(f"objective: expected a real number for each of {count} images, got {found}")
    if not values.isfinite().all():
        raise ValueError("objective: expected finite values, got NaN or infinite ones")
    return values


def model_outputs(model: nn.Module, images: Tensor) -> Any:
    """What the model makes of images (batch, channels, height, width); it gets a copy, its own to change.

    Raises:
        ValueError: the model does not take such images.
    """
    try:
        return model(images.clone())
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError, LookupError, TypeError, ValueError) as error:
        expected = f"one that accepts {images.dtype} images of shape {tuple(images.shape)}"
        raise ValueError(f"model: expected {expected}, got {type(error).__name__}: {error}") from error


def model_logits(model: nn.Module, images: Tensor) -> Tensor:
    """Logits (batch, classes) of images (batch, channels, height, width), float32 at least.

    A single column is the logit of class 1 against class 0, as for a sigmoid: class 0 gets a column of zeros.

    Raises:
        ValueError: the model does not take such images, or does not return finite (batch, classes) scores.
    """
    logits = model_outputs(model, images)
    expected = f"model: expected logits of shape ({len(images)}, classes)"
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        found = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"{expected}, got {found}; {REMEDY}")
    if logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] == 0:
        raise ValueError(f"{expected}, got {tuple(logits.shape)}; {REMEDY}")
    if not logits.isfinite().all():
        raise ValueError(f"{expected} that are finite, got NaN or infinite ones")
    logits = logits if torch.finfo(logits.dtype).bits > 16 else logits.float()
    if logits.shape[1] == 1:
        return torch.cat([torch.zeros_like(logits), logits], 1)
    if _probable(logits.detach()):
        warnings.warn(PROBABILITIES, stacklevel=2)
    return logits


def _probable(rows: Tensor) -> bool:
    """Whether rows (batch, classes) look like probabilities, and not all of them like one-hot rows."""
    sums = (rows.sum(1) - 1).abs() < 1e-3
    return bool((rows >= 0).all() and sums.all() and (rows.amax(1) < 1).any())


@torch.no_grad()
def batched_scores(
    model: nn.Module,
    images: Tensor,
    targets: Tensor | None,
    sources: Tensor | None = None,
    objective: Objective = "log_probability",
    memory: float | None = None,
) -> Scores:
    """:func:`scored` of any number of images, in eval mode, some at a time (see `images_at_once`)."""

    def part(rows: Tensor) -> Scores:
        asked, seen = (None if t is None else t[rows] for t in (targets, sources))
        return scored(model, images[rows], asked, objective, seen)

    rows = torch.arange(len(images), device=images.device)
    with evaluation_mode(model), own_precision():
        return in_chunks(part, (rows,), images_at_once(images, memory))


@torch.no_grad()
def batched_logits(model: nn.Module, images: Tensor, memory: float | None = None) -> Tensor:
    """:func:`model_logits` of any number of images, in eval mode, some at a time (see `images_at_once`)."""
    most = images_at_once(images, memory)
    with evaluation_mode(model), own_precision():
        return in_chunks(lambda part: model_logits(model, part), (images,), most)


def objective_values(
    logits: Tensor, targets: Tensor, objective: str, sources: Tensor | None = None
) -> Tensor:
    """The score L (batch,) that extrapolation raises.

    Args:
        logits: (batch, classes).
        targets: class indices (batch,).
        objective: "log_probability" of the target (the paper's), its "logit", or the "margin", target
            logit minus source logit.
        sources: class indices (batch,) that the margin is taken to; the predicted classes if None.
    """
    check_choice("objective", objective, OBJECTIVES)
    values = logits.gather(1, targets[:, None]).squeeze(1)
    if objective == "log_probability":
        return nn.functional.logsigmoid(values - _rivals(logits, targets))
    if objective == "margin":
        sources = logits.argmax(dim=1) if sources is None else sources
        values = values - logits.gather(1, sources[:, None]).squeeze(1)
    return values


def _rivals(logits: Tensor, targets: Tensor) -> Tensor:
    """logsumexp of all logits but the target's, (batch,).

    log p = log sigmoid(target's logit - this) keeps its gradient, 1 - p, where softmax has rounded p to 1.
    """
    others = torch.ones_like(logits, dtype=torch.bool).scatter(1, targets[:, None], False)
    if logits.shape[1] == 1:  # no rival: p = 1
        return logits.new_full((len(logits),), -torch.inf)
    return logits[others].view(len(logits), -1).logsumexp(1)
