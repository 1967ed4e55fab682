"""Frozen extrapolation: one gradient at the source, its phase shift amplified linearly (Eq. 2 and 9-11).

frozen_parts   what the images of a frozen morph are made of, from the gradient at their source
FrozenPath     these images at any k: one by one, or a sweep from the source outwards
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .._internal.buffers import uninitialized
from ..transforms.base import Coefficients, Transform
from .gradients import analyzed_with_gradient, gradient_step
from .steps import amplitude_gain, phasor, rendered


def frozen_parts(
    images: Tensor,
    gradient: Tensor,
    transform: Transform,
    weights: Coefficients,
    alpha: float,
    amplitude: str,
) -> tuple[Tensor, ...]:
    """Coefficients of the images; arg z of each band, z = 1 + alpha g / S; alpha dL/dr; |z| where it counts.

    Args:
        images: sources (batch, channels, height, width).
        gradient: dL/ds at them, of the same shape.
        transform: the coefficients are its.
        weights: factors on the gradient of the coefficients, as of `steerlens.morphs.steps.edit_weights`.
        alpha: step size of Eq. 6.
        amplitude: how A_k follows from |z|; it does not count if "constant".
    """
    source, uphill = analyzed_with_gradient(images, gradient, transform)
    uphill = uphill * weights
    pairs = list(zip(source.bands, uphill.bands, strict=True))
    shifts = [((S + alpha * g) * S.conj()).angle() for S, g in pairs]  # arg z, with no quotient
    gains = [] if amplitude == "constant" else [gradient_step(S, g, alpha).abs() for S, g in pairs]
    return (*source.parts, *shifts, *(alpha * g for g in uphill.residuals), *gains)


@dataclass(frozen=True)
class FrozenPath:
    """S_k = A_k exp(i (Phi_0 + k arg z)) in the bands, r_k = r_0 + k alpha dL/dr in the residuals.

    Attributes:
        transform: whose coefficients these are.
        amplitude: how A_k follows from |z| (Appendix B).
        source: coefficients of the sources.
        pace: arg z of each band, real, and alpha dL/dr of each residual: the change per unit of k.
        gains: |z| of each band; none if the amplitude is constant.
    """

    transform: Transform
    amplitude: str
    source: Coefficients
    pace: Coefficients
    gains: tuple[Tensor, ...]

    @staticmethod
    def of(parts: Sequence[Tensor], transform: Transform, amplitude: str) -> "FrozenPath":
        """The path of what `frozen_parts` returned."""
        residuals = len(transform.residual_policy)
        bands = (len(parts) - 2 * residuals) // (2 if amplitude == "constant" else 3)
        whole = bands + residuals
        source, pace, gains = parts[:whole], parts[whole : 2 * whole], parts[2 * whole :]
        source, pace = (Coefficients(tuple(c[:bands]), tuple(c[bands:])) for c in (source, pace))
        return FrozenPath(transform, amplitude, source, pace, tuple(gains))

    def render(self, rows: Tensor, k: Tensor) -> Tensor:
        """Images of rows (n,) of the batch at real k (n,)."""
        k = k.to(self.source.residuals[0])[:, None, None, None]
        source, pace = self.source[rows], self.pace[rows]
        bands = [S * phasor(k[..., None] * shift) for S, shift in zip(source.bands, pace.bands, strict=True)]
        residuals = [r + k * slope for r, slope in zip(source.residuals, pace.residuals, strict=True)]
        gains = [gain[rows] for gain in self.gains]
        return self._rendered(bands, residuals, gains, k)

    def sweep(self, rows: slice, k: Sequence[float], together: int) -> Iterator[Tensor]:
        """Images (frames, n, channels, height, width) of rows at increasing k, some frames at a time.

        Every frame's bands are the last one's, turned by one complex factor: exp(i (k' - k) arg z).
        """
        source, pace, gains = self.source[rows], self.pace[rows], [gain[rows] for gain in self.gains]
        bands, at, step, turns = source.bands, 0.0, None, []
        for start in range(0, len(k), together):
            ks = k[start : start + together]
            turned = [uninitialized((len(ks), *S.shape), S) for S in bands]
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
        self, bands: list[Tensor], residuals: list[Tensor], gains: list[Tensor], k: Tensor
    ) -> Tensor:
        """Images of bands with the source's amplitudes, which become those of k (n, 1, 1, 1)."""
        if self.amplitude != "constant":
            k = k[..., None]
            bands = [
                S * amplitude_gain(gain, k, self.amplitude) for S, gain in zip(bands, gains, strict=True)
            ]
        return rendered(self.transform, Coefficients(tuple(bands), tuple(residuals)))
