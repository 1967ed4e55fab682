"""Frozen single-band probes: does a classifier read a band, more than chance would make it seem?

One band of a transform is edited alone, by phase, along the classifier's frozen gradient and along random
directions of the same kind, all to the same L2 distance in the image. What the gradient gains over the
random directions is its advantage; uphill and downhill apart, so that a sign error cannot hide.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from steerlens._internal.modes import evaluation_mode
from steerlens.morphs.gradients import coefficient_gradient, image_gradient
from steerlens.morphs.scores import model_logits, objective_values
from steerlens.morphs.steps import (
    DISTANCE_TOLERANCE,
    ascent_increments,
    bisect_distance,
    l2_distance,
    moved,
    rendered,
    scaled,
)
from steerlens.morphs.weights import edit_weights
from steerlens.transforms.base import Transform
from steerlens.transforms.coefficients import Coefficients

LARGEST_SHIFT = 3.0  # radians, of the coefficient that moves most


@dataclass(frozen=True)
class BandProbe:
    """What moving one band by a distance did to the margin, target logit minus source logit, in logits.

    Attributes:
        uphill, downhill: change of the margin along the gradient and against it, (batch,).
        random: mean change over the random directions, (batch,).
        attained: whether all of an image's edits reached the distance with no phase moved by more than 3
            radians, (batch,); the others are measured as far as they got.
    """

    uphill: Tensor
    downhill: Tensor
    random: Tensor
    attained: Tensor

    @property
    def advantage(self) -> Tensor:
        """Of the gradient over random directions, in logits, (batch,)."""
        return self.uphill - self.random


def band_probe(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    transform: Transform,
    scale: int,
    orientation: int,
    distance: float,
    draws: int = 8,
    seed: int = 0,
) -> BandProbe:
    """Move the phases of one band along the frozen gradient of the margin, against it, and at random.

    The gradient's direction is dL/dPhi = 2 Im(S* g) of the band (Eq. 5), g the analysis of the image's
    gradient; a random direction is the same with white noise in the place of the image's gradient.

    Args:
        model, images, targets, transform: as in `steerlens.extrapolate`; targets (batch,).
        scale, orientation: which band, from 0; scale 0 is the finest. Raises ValueError if it is not there.
        distance: L2 distance that each edit moves the clipped image.
        draws: random directions, at least one.
        seed: of the random directions.
    """
    one_band = edit_weights(transform, images, "fixed", scale, orientation)
    generator = torch.Generator().manual_seed(seed)
    at = transform.analyze(images)
    with torch.no_grad(), evaluation_mode(model):
        gradient, before = image_gradient(model, images, targets, "margin")
        changes, attained = [], torch.ones(len(images), dtype=torch.bool, device=images.device)
        noises = [torch.randn(images.shape, generator=generator).to(images) for _ in range(draws)]
        for pixels in (gradient, -gradient, *noises):
            uphill = coefficient_gradient(pixels, images, transform) * one_band
            shift = ascent_increments(at, uphill, "phase", LARGEST_SHIFT, 1.0)
            edited, reached = _edited(transform, at, shift, images, distance)
            margin = objective_values(model_logits(model, edited), targets, "margin", before.sources)
            changes.append(margin - before.values)
            attained &= reached
    return BandProbe(changes[0], changes[1], torch.stack(changes[2:]).mean(0), attained)


def _edited(
    transform: Transform, at: Coefficients, shift: Coefficients, sources: Tensor, distance: float
) -> tuple[Tensor, Tensor]:
    """Images at the distance on the way to the whole shift, and which of them attained it."""
    edited = rendered(transform, moved(at, shift))
    attained = l2_distance(edited, sources) >= distance - DISTANCE_TOLERANCE
    if attained.any():
        start, whole = at[attained], shift[attained]
        zero = sources.new_zeros(len(start))

        def render(t: Tensor) -> Tensor:
            return rendered(transform, moved(start, scaled(whole, t)))

        _, edited[attained] = bisect_distance(render, zero, zero + 1, sources[attained], distance)
    return edited, attained
