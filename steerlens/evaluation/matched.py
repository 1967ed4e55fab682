"""Edits at equal distance: every editor goes to exactly the same L2 distance from the source.

A score means little without the distance that it was bought with. Here each editor raises the same
objective, at the same pace in the image, and stops where its rendered, clipped image lies at the distance
that was asked for (to 5e-4).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .._internal.checks import check_images, check_number, check_targets
from .._internal.modes import evaluation_mode, own_precision
from ..morphs import extrapolate, steer
from ..morphs.gradients import image_gradient
from ..morphs.scores import model_logits
from ..morphs.steps import DISTANCE_TOLERANCE, bisect_distance, l2_distance
from ..transforms.base import Fourier, Pixels
from ..transforms.pyramid import SteerablePyramid
from .warp import WarpProblem

LENGTH = 0.15  # L2 distance that a step of the live editors covers
MOST_STEPS = 150  # of the live editors
GRID = 8  # points a side of the smooth warp
FROZEN_STEPS = [0.25 * 1.12**n for n in range(60)]  # k of the frozen editors: 0.25 to 200
HOW: dict[str, Any] = {"objective": "margin", "progress": False}

Edit = tuple[Tensor, Tensor]  # images, and which of them attained the distance
Editor = Callable[[nn.Module, Tensor, Tensor, float], Edit]


def editors(shape: tuple[int, int], padding: int = 0) -> dict[str, Editor]:
    """The editors for images of a shape; the pyramid has 3 scales, 4 orientations and this padding."""
    pyramid, fourier, pixels = SteerablePyramid(shape, 3, 4, padding=padding), Fourier(shape), Pixels(shape)
    return {
        "pixel": partial(_live, transform=pixels),
        "Fourier phase": partial(_live, transform=fourier),
        "CSP phase": partial(_live, transform=pyramid, residuals="fixed"),
        "CSP joint": partial(_live, transform=pyramid, direction="joint", residuals="fixed"),
        "CSP joint, low-pass": partial(_live, transform=pyramid, direction="joint"),
        "pixel, frozen": partial(_frozen, transform=pixels),
        "CSP phase, frozen": partial(_frozen, transform=pyramid),
        "smooth warp": _smooth_warp,
    }


def matched_edit(
    model: nn.Module, images: Tensor, targets: Tensor | int, editor: Editor, distance: float
) -> Edit:
    """Edited images at one L2 distance from their sources.

    Args:
        model: the driver: maps images to logits.
        images: (batch, channels, height, width) in [0, 1].
        targets: class indices (batch,), or one for all.
        editor: one of :func:`editors`, or a function with the same arguments.
        distance: L2 distance of the clipped image, over channels, height and width.

    Returns:
        images, shaped like the sources, and whether each attained the distance, (batch,); where it did not,
        the farthest image that the editor reached.
    """
    images = check_images(images, unit_range=True)
    targets = check_targets(targets, len(images)).to(images.device)
    with own_precision():
        return editor(model, images, targets, check_number("distance", distance, positive=True))


def _live(model: nn.Module, images: Tensor, targets: Tensor, distance: float, **options: Any) -> Edit:
    options |= {"budget": distance, "length": LENGTH, "steps": MOST_STEPS}
    morph = steer(model, images, targets, **HOW, **options)
    farthest, at = morph.distances.max(dim=1)
    return morph.frames[
        torch.arange(len(images), device=at.device), at
    ], farthest >= distance - DISTANCE_TOLERANCE


def _frozen(model: nn.Module, images: Tensor, targets: Tensor, distance: float, **options: Any) -> Edit:
    options |= {"alpha": 0.1, "steps": FROZEN_STEPS}
    return extrapolate(model, images, targets, **HOW, **options).at_distance(distance)


@torch.no_grad()
def _smooth_warp(model: nn.Module, images: Tensor, targets: Tensor, distance: float) -> Edit:
    """Ascent on the displacements of an 8x8 grid: the image is resampled, never painted."""
    problem = WarpProblem.of(images, images, GRID, 2)
    fields = images.new_zeros(len(images), 2 * GRID**2)
    found, attained = images.clone(), torch.zeros(len(images), dtype=torch.bool, device=images.device)
    with evaluation_mode(model):
        classes = model_logits(model, images).argmax(dim=1)
        for _ in range(MOST_STEPS):
            rows = (~attained).nonzero()[:, 0]
            if len(rows) == 0:
                break
            part, at = problem[rows], fields[rows]
            gradient, _ = image_gradient(model, found[rows], targets[rows], HOW["objective"], classes[rows])
            step = part.uphill(at, gradient, found[rows], LENGTH)
            found[rows], fields[rows], attained[rows] = _within(part, at, step, images[rows], distance)
    return found, attained


def _within(
    problem: WarpProblem, fields: Tensor, step: Tensor, sources: Tensor, distance: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Images and fields after the step, cut short where it would pass the distance; and where it did."""

    def render(t: Tensor) -> Tensor:
        return problem.warped(fields + step * t.to(step).unsqueeze(1)).clamp(0, 1)

    whole = fields.new_ones(len(fields))
    images = render(whole)
    over = l2_distance(images, sources) >= distance
    if over.any():
        _, exact = bisect_distance(render, 0 * whole, whole, sources, distance)
        images = torch.where(over[:, None, None, None], exact, images)
    return images, fields + step, over
