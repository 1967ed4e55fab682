"""Frozen single-band probes: does a classifier read a band, more than chance would make it seem?

One band of a transform is edited alone, by phase, along the classifier's frozen gradient and along random
directions of the same kind, all to the same L2 distance in the image. What the gradient gains over the
random directions is its advantage; uphill and downhill apart, so that a sign error cannot hide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from steerlens._internal.checks import LARGEST_SEED, check_images, check_integer, check_number, check_targets
from steerlens.morphs.gradients import (
    coefficient_gradient,
    evaluation_mode,
    image_gradient,
    model_logits,
    objective_values,
)
from steerlens.morphs.steps import DISTANCE_TOLERANCE, bisect_distance, l2_distance, moved, rendered
from steerlens.transforms.base import Coefficients, Transform

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
    targets: Tensor | Sequence[int] | int,
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
        model, images, targets, transform: as in `steerlens.extrapolate`.
        scale, orientation: which band, from 0; scale 0 is the finest.
        distance: L2 distance that each edit moves the clipped image.
        draws: random directions.
        seed: of the random directions.

    Raises:
        TypeError, ValueError: an argument that does not fit; the message says what was expected.
    """
    check_images(images, unit_range=True)
    targets = check_targets(targets, len(images)).to(images.device)
    distance, draws = check_number("distance", distance, positive=True), check_integer("draws", draws, 1)
    at = transform.analyze(images)
    scale = check_integer("scale", scale, 0, len(at.bands) - 1)
    orientation = check_integer("orientation", orientation, 0, at.bands[scale].shape[2] - 1)
    generator = torch.Generator().manual_seed(check_integer("seed", seed, 0, LARGEST_SEED))
    with torch.no_grad(), evaluation_mode(model):
        gradient, logits = image_gradient(model, images, targets, "margin")
        sources = logits.argmax(1)
        before = objective_values(logits, targets, "margin", sources)
        changes, attained = [], torch.ones(len(images), dtype=torch.bool, device=images.device)
        noises = [torch.randn(images.shape, generator=generator).to(images) for _ in range(draws)]
        for pixels in (gradient, -gradient, *noises):
            shift = _phase_shift(at, coefficient_gradient(pixels, images, transform), scale, orientation)
            edited, reached = _edited(transform, at, shift, images, distance)
            margin = objective_values(model_logits(model, edited), targets, "margin", sources)
            changes.append(margin - before)
            attained &= reached
    return BandProbe(changes[0], changes[1], torch.stack(changes[2:]).mean(0), attained)


def _phase_shift(at: Coefficients, gradient: Coefficients, scale: int, orientation: int) -> Coefficients:
    """Phases along dL/dPhi of one band, the largest `LARGEST_SHIFT` in modulus; zero everywhere else."""
    bands = [torch.zeros_like(band.real) for band in at.bands]
    S, g = at.bands[scale][:, :, orientation], gradient.bands[scale][:, :, orientation]
    shift = (S.conj() * g).imag
    peak = shift.abs().flatten(1).amax(1).clamp(min=torch.finfo(shift.dtype).tiny)
    bands[scale][:, :, orientation] = LARGEST_SHIFT * shift / peak.view(-1, 1, 1, 1)
    return Coefficients(tuple(bands), tuple(torch.zeros_like(part) for part in at.residuals))


def _edited(
    transform: Transform, at: Coefficients, shift: Coefficients, sources: Tensor, distance: float
) -> tuple[Tensor, Tensor]:
    """Images at the distance on the way to the whole shift, and which of them attained it."""

    def render(rows: Tensor, t: Tensor) -> Tensor:
        t = t.to(sources)[:, None, None, None]
        part = shift.map(lambda band: band[rows] * t[..., None], lambda residual: residual[rows])
        return rendered(transform, moved(at.map(lambda band: band[rows], lambda r: r[rows]), part))

    edited = render(torch.arange(len(sources)), sources.new_ones(len(sources)))
    attained = l2_distance(edited, sources) >= distance - DISTANCE_TOLERANCE
    if attained.any():
        zero, there = sources.new_zeros(int(attained.sum())), partial(render, attained)
        _, edited[attained] = bisect_distance(there, zero, zero + 1, sources[attained], distance)
    return edited, attained
