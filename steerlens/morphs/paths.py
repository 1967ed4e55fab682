"""What a frozen morph keeps of its images, and the images at any k.

FrozenParts   coefficients of the sources, and their pace
FrozenPath    images at any k: one by one, or a sweep from the source outwards
ApartPath     the same of images whose coefficients are too large to be kept
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..transforms.base import Transform
from ..transforms.coefficients import Coefficients
from .gradients import analyzed_with_gradient, gradient_step
from .steps import amplitude_gain, phasor, rendered
from .weights import of_channel

TOGETHER = 4  # frames of a channel for which it is taken apart once


class FrozenParts(NamedTuple):
    """What the images of a frozen morph are made of.

    Attributes:
        source: coefficients of the sources.
        pace: their change per unit of k: arg z of each band, z = 1 + alpha g / S, and alpha dL/dr.
        gains: |z| of each band; none if the amplitude is constant.
    """

    source: Coefficients
    pace: Coefficients
    gains: tuple[Tensor, ...]

    @staticmethod
    def at(
        images: Tensor,
        gradient: Tensor,
        transform: Transform,
        weights: Coefficients,
        alpha: float,
        amplitude: str,
    ) -> "FrozenParts":
        """Of sources (batch, channels, height, width) and dL/ds there, of the same shape.

        Args:
            images, gradient, transform: the sources, dL/ds, and what takes both apart.
            weights: factors on the gradient, as of `steerlens.morphs.weights.edit_weights`.
            alpha: step size of Eq. 6.
            amplitude: how A_k follows from |z|; it does not count if "constant".
        """
        source, uphill = analyzed_with_gradient(images, gradient, transform)
        uphill = uphill * weights
        pairs = list(zip(source.bands, uphill.bands, strict=True))
        shifts = tuple(((S + alpha * g) * S.conj()).angle() for S, g in pairs)  # arg z, with no quotient
        gains = () if amplitude == "constant" else tuple(gradient_step(S, g, alpha).abs() for S, g in pairs)
        return FrozenParts(source, Coefficients(shifts, tuple(alpha * g for g in uphill.residuals)), gains)


@dataclass(frozen=True)
class FrozenPath:
    """S_k = A_k exp(i (Phi_0 + k arg z)) in the bands, r_k = r_0 + k alpha dL/dr in the residuals.

    Attributes:
        parts: coefficients, their pace, and the gains.
        transform: whose coefficients these are.
        amplitude: how A_k follows from |z| (Appendix B).
    """

    parts: FrozenParts
    transform: Transform
    amplitude: str

    def __call__(self, rows: Tensor, k: Tensor) -> Tensor:
        """Images of rows (n,) of the batch at real k (n,)."""
        source, pace, gains = self._rows(rows)
        k = k.to(source.residuals[0])[:, None, None, None]
        bands = [S * phasor(k[..., None] * shift) for S, shift in zip(source.bands, pace.bands, strict=True)]
        residuals = [r + k * slope for r, slope in zip(source.residuals, pace.residuals, strict=True)]
        return self._rendered(bands, residuals, gains, k)

    def to(self, device: torch.device | str) -> "FrozenPath":
        """The same on a device."""
        source, pace, gains = self.parts
        parts = FrozenParts(source.to(device), pace.to(device), tuple(gain.to(device) for gain in gains))
        return FrozenPath(parts, self.transform, self.amplitude)

    def _rows(self, rows: Tensor | slice) -> FrozenParts:
        source, pace, gains = self.parts
        return FrozenParts(source[rows], pace[rows], tuple(gain[rows] for gain in gains))

    def sweep(self, rows: slice, k: Sequence[float], together: int) -> Iterator[Tensor]:
        """Images (frames, n, channels, height, width) of rows at increasing k, some frames at a time.

        Every frame's bands are the last one's, turned by one complex factor: exp(i (k' - k) arg z).
        """
        source, pace, gains = self._rows(rows)
        bands, at = list(source.bands), 0.0
        step, turns = math.nan, list(source.bands)
        for start in range(0, len(k), together):
            ks = k[start : start + together]
            turned = [S.new_empty((len(ks), *S.shape)) for S in bands]
            for frame, position in enumerate(ks):
                if position - at != step:
                    step = position - at
                    turns = [phasor(step * shift) for shift in pace.bands]
                triples = zip(bands, turns, turned, strict=True)
                bands = [torch.mul(S, turn, out=into[frame]) for S, turn, into in triples]
                at = position
            distance = source.residuals[0].new_tensor(ks).view(-1, 1, 1, 1, 1)
            pairs = zip(source.residuals, pace.residuals, strict=True)
            residuals = [r + distance * slope for r, slope in pairs]
            images = self._rendered(
                [S.flatten(0, 1) for S in turned],
                [r.flatten(0, 1) for r in residuals],
                [gain.repeat(len(ks), 1, 1, 1, 1) for gain in gains],
                distance.repeat_interleave(len(source.residuals[0]), 0).squeeze(1),
            )
            yield images.unflatten(0, (len(ks), -1))

    def _rendered(
        self, bands: list[Tensor], residuals: list[Tensor], gains: Sequence[Tensor], k: Tensor
    ) -> Tensor:
        """Images of bands with the source's amplitudes, which become those of k (n, 1, 1, 1)."""
        if self.amplitude != "constant":
            k = k[..., None]
            bands = [
                S * amplitude_gain(gain, k, self.amplitude) for S, gain in zip(bands, gains, strict=True)
            ]
        return rendered(self.transform, Coefficients(tuple(bands), tuple(residuals)))


@dataclass(frozen=True)
class ApartPath:
    """The path of images whose coefficients are too large to be kept.

    Each channel is taken apart anew, alone, for every four frames or single image; the transform treats
    every channel alike and alone.

    Attributes:
        images, gradient: the sources and dL/ds there, (batch, channels, height, width).
        transform, weights, alpha, amplitude: as of `FrozenParts.at`.
    """

    images: Tensor
    gradient: Tensor
    transform: Transform
    weights: Coefficients
    alpha: float
    amplitude: str

    def __call__(self, rows: Tensor, k: Tensor) -> Tensor:
        """Images of rows (n,) of the batch at real k (n,)."""
        frames, first = self.images[rows], rows.new_zeros(1)
        for i, row in enumerate(rows.tolist()):
            for channel in range(frames.shape[1]):
                frames[i, channel] = self._path(row, channel)(first, k[i : i + 1])[0, 0]
        return frames

    def to(self, device: torch.device | str) -> "ApartPath":
        """The same on a device."""
        images, gradient = self.images.to(device), self.gradient.to(device)
        return replace(self, images=images, gradient=gradient, weights=self.weights.to(device))

    def sweep(self, rows: slice, k: Sequence[float], together: int) -> Iterator[Tensor]:
        """Images (frames, n, channels, height, width) of rows at increasing k, some frames at a time."""
        sources, together = self.images[rows], max(together, TOGETHER)
        for start in range(0, len(k), together):
            ks = k[start : start + together]
            frames = sources.new_empty((len(ks), *sources.shape))
            for row in range(len(sources)):
                for channel in range(sources.shape[1]):
                    path = self._path(row + rows.start, channel)
                    for i, frame in enumerate(path.sweep(slice(0, 1), ks, 1)):
                        frames[i, row, channel] = frame[0, 0, 0]
            yield frames

    def _path(self, row: int, channel: int) -> FrozenPath:
        """That of one channel of one image."""
        plane = slice(row, row + 1), slice(channel, channel + 1)
        images, gradient, weights = (
            self.images[plane],
            self.gradient[plane],
            of_channel(self.weights, channel),
        )
        parts = FrozenParts.at(images, gradient, self.transform, weights, self.alpha, self.amplitude)
        return FrozenPath(parts, self.transform, self.amplitude)
