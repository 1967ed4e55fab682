"""A step that can be taken in part: the images after any share of it.

Stride        from coefficients at hand
ApartStride   of images whose coefficients are too large to be kept
of_length     the share that moves the images by an L2 distance
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor

from ..transforms.base import Transform
from ..transforms.coefficients import Coefficients
from .gradients import analyzed_with_gradient
from .steps import ascent_increments, l2_distance, moved, rendered, scaled, step_peaks
from .weights import of_channel


@dataclass(frozen=True)
class Stride:
    """A step from coefficients at hand.

    Attributes:
        transform: whose coefficients these are.
        at: where the step starts.
        step: the increments, as of `steerlens.morphs.steps.ascent_increments`.
    """

    transform: Transform
    at: Coefficients
    step: Coefficients

    def __call__(self, share: Tensor | None = None) -> Tensor:
        """Images after a share (batch,) of the step; None: all of it."""
        return rendered(self.transform, self.end(share))

    def __getitem__(self, rows: Tensor) -> "Stride":
        """Of some of the images."""
        return Stride(self.transform, self.at[rows], self.step[rows])

    def end(self, share: Tensor | None = None) -> Coefficients:
        """The coefficients there."""
        return moved(self.at, self.step if share is None else scaled(self.step, share))


@dataclass(frozen=True)
class ApartStride:
    """A step of images whose coefficients are too large to be kept.

    Each channel is taken apart anew, alone, whenever images are asked for; the transform treats every
    channel alike and alone.

    Attributes:
        transform: of the images.
        images, gradient: where the step starts, and dL/ds there, (batch, channels, height, width).
        weights: factors on the gradient.
        how: direction, cap and alpha, as of `steerlens.morphs.steps.ascent_increments`.
        peaks: the largest modulus of bands and residuals over all channels, each (batch,).
    """

    transform: Transform
    images: Tensor
    gradient: Tensor
    weights: Coefficients
    how: tuple[str, float, float]
    peaks: tuple[Tensor, Tensor]

    @staticmethod
    def of(
        transform: Transform,
        images: Tensor,
        gradient: Tensor,
        weights: Coefficients,
        how: tuple[str, float, float],
    ) -> "ApartStride":
        """With the peaks that the step has."""
        none = images.new_zeros(len(images))
        stride = ApartStride(transform, images, gradient, weights, how, (none, none))
        channels = map(stride._channel, range(images.shape[1]))
        peaks = [step_peaks(at, uphill, *how) for at, uphill in channels]
        bands, residuals = (reduce(torch.maximum, each) for each in zip(*peaks, strict=True))
        return replace(stride, peaks=(bands, residuals))

    def __call__(self, share: Tensor | None = None) -> Tensor:
        """Images after a share (batch,) of the step; None: all of it."""
        images = torch.empty_like(self.images)
        for channel in range(images.shape[1]):
            at, uphill = self._channel(channel)
            step = ascent_increments(at, uphill, *self.how, self.peaks)
            images[:, channel : channel + 1] = Stride(self.transform, at, step)(share)
        return images

    def __getitem__(self, rows: Tensor) -> "ApartStride":
        """Of some of the images."""
        bands, residuals = self.peaks
        images, gradient = self.images[rows], self.gradient[rows]
        return replace(self, images=images, gradient=gradient, peaks=(bands[rows], residuals[rows]))

    def _channel(self, channel: int) -> tuple[Coefficients, Coefficients]:
        """Coefficients of one channel, and the weighted gradient there."""
        one = slice(None), slice(channel, channel + 1)
        at, uphill = analyzed_with_gradient(self.images[one], self.gradient[one], self.transform)
        return at, uphill * of_channel(self.weights, channel)


def of_length(
    stride: Callable[[Tensor], Tensor], current: Tensor, length: float, share: Tensor | None = None
) -> Tensor:
    """The share (batch,) of a step that moves the images by ``length``: two secants, each at most tenfold.

    Args:
        stride: images after a share of the step, a `Stride` for instance.
        current: the images before it.
        length: L2 distance.
        share: where the search starts; None: at the whole step.
    """
    share = current.new_ones(len(current)) if share is None else share
    for _ in range(2):
        found = l2_distance(stride(share), current)
        visible = found > torch.finfo(found.dtype).tiny
        share = share * torch.where(visible, length / torch.where(visible, found, 1), 1).clamp(max=10)
    return share
