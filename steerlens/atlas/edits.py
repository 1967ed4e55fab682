"""Editors that go to several distances at once: a morph is made once, and asked for each distance."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .._internal.checks import check_choice
from ..evaluation.matched import FROZEN_STEPS, HOW, LENGTH, MOST_STEPS, matched_edit
from ..morphs import Morph, extrapolate, steer
from ..transforms.base import Transform
from ..transforms.pyramid import SteerablePyramid

HALF, SURE = 0.5, 0.99  # probabilities whose first k is kept


class Edits(NamedTuple):
    """What an editor made of images (n, channels, height, width).

    Attributes:
        images: (n, distances, channels, height, width), at each distance, or the farthest that was reached.
        first: (n, 4), k of the first frame in which p of the target is .5, and .99; then the L2 distances at
            which p gets there, between frames in proportion to the log odds; NaN where it never does.
    """

    images: Tensor
    first: Tensor


MultiEditor = Callable[[nn.Module, Tensor, Tensor, Sequence[float]], Edits]


def editor_of(editor: str | Callable, options: dict[str, Any]) -> tuple[MultiEditor, int]:
    """An editor by name ("frozen", "live") or a function as of `steerlens.evaluation.editors`.

    Returns:
        the editor to several distances, and about how many images it holds for each that it is given.
    """
    if callable(editor):
        return partial(_each_distance, editor=editor, **options), 4
    check_choice("editor", editor, ("frozen", "live"))
    if editor == "frozen":
        steps = options.get("steps", FROZEN_STEPS)
        return partial(_frozen, **options), steps if isinstance(steps, int) else len(steps)
    return partial(_live, **options), options.get("steps", MOST_STEPS)


def _frozen(
    model: nn.Module, images: Tensor, targets: Tensor, distances: Sequence[float], **options: Any
) -> Edits:
    """One gradient, followed: "CSP phase, frozen" of `steerlens.evaluation.editors` at every distance."""
    transform, options = _transform(images, {"alpha": 0.1, "steps": FROZEN_STEPS} | options)
    return _of_morph(extrapolate(model, images, targets, transform, **HOW | options), distances)


def _live(
    model: nn.Module, images: Tensor, targets: Tensor, distances: Sequence[float], **options: Any
) -> Edits:
    """The gradient anew at each step: "CSP phase" of `steerlens.evaluation.editors` to the last distance."""
    pace = {"length": LENGTH, "steps": MOST_STEPS, "residuals": "fixed", "budget": max(distances)}
    transform, options = _transform(images, pace | options)
    return _of_morph(steer(model, images, targets, transform, **HOW | options), distances)


def _transform(images: Tensor, options: dict[str, Any]) -> tuple[Transform, dict[str, Any]]:
    """The transform among the options, by default a pyramid with ``padding``; and the other options."""
    padding = options.pop("padding", 0)
    return options.pop("transform", None) or _pyramid(tuple(images.shape[-2:]), padding), options


@lru_cache(maxsize=4)
def _pyramid(shape: tuple[int, int], padding: int) -> SteerablePyramid:
    return SteerablePyramid(shape, 3, 4, padding=padding)


def _of_morph(morph: Morph, distances: Sequence[float]) -> Edits:
    images = torch.stack([morph.at_distance(distance)[0] for distance in distances], 1)
    odds = morph.target_probabilities.double().logit(1e-12)
    k, distances = zip(*(_first(morph, odds - math.log(p / (1 - p))) for p in (HALF, SURE)), strict=True)
    return Edits(images, torch.stack([*k, *distances], 1))


def _first(morph: Morph, odds: Tensor) -> tuple[Tensor, Tensor]:
    """k of the first frame in which log odds (batch, frames) are not negative, and the distance there."""
    reached = odds >= 0
    at = reached.to(torch.uint8).argmax(1, keepdim=True)
    before = (at - 1).clamp(min=0)
    (low, high), (near, far) = (
        [x.gather(1, i)[:, 0] for i in (before, at)] for x in (odds, morph.distances.double())
    )
    share = torch.where(high > low, (-low / (high - low)).clamp(0, 1), 1)
    found = morph.steps[at[:, 0]].double(), near + share * (far - near)
    k, distance = (torch.where(reached.any(1), x, torch.nan).to(morph.distances) for x in found)
    return k, distance


def _each_distance(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    distances: Sequence[float],
    editor: Callable,
    **options: Any,
) -> Edits:
    """An editor that knows one distance, asked for each."""
    one = partial(editor, **options)
    found = [matched_edit(model, images, targets, one, distance)[0] for distance in distances]
    return Edits(torch.stack(found, 1), images.new_full((len(images), 4), torch.nan))
