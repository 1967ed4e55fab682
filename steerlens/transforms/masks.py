"""The steerable pyramid's filters in frequency: octaves by orientations, exact at any size.

    frequency_grid    radius and angle of every frequency of a discrete Fourier transform
    lowpass_mask      raised cosine in log2 frequency; highpass_mask completes it to one
    bandpass_mask     the octave of one scale between them
    angular_mask      one orientation's share of a half-plane
    pyramid_masks     all that a pyramid multiplies spectra with

References: Simoncelli and Freeman (1995), "The steerable pyramid"; Portilla and Simoncelli (2000), the
complex form; Karasaridis and Simoncelli (1996), the filters.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor


def frequency_grid(shape: tuple[int, int], kept: tuple[int, int] | None = None) -> tuple[Tensor, Tensor]:
    """Radius and angle of the frequencies of a ``shape`` image, in the order of ``torch.fft.fft2``.

    Args:
        shape: height and width of the image that was transformed.
        kept: height and width of the centred crop of the spectrum that is asked for; ``shape`` if None.

    Returns:
        radius in units of the Nyquist frequency (1 at the border of each axis, sqrt(2) in a corner) and
        angle in radians in (-pi, pi] (0: variation along x), both float64 of size ``kept``.
    """
    kept = kept or shape
    y, x = (
        torch.fft.fftfreq(k, d=1 / k, dtype=torch.float64, device="cpu") * 2 / n
        for n, k in zip(shape, kept, strict=True)
    )
    y, x = torch.meshgrid(y, x, indexing="ij")
    return torch.hypot(y, x), torch.atan2(y, x)


def lowpass_mask(radius: Tensor) -> Tensor:
    """Radial low-pass: 1 up to radius 1/2, 0 from radius 1, cos(pi/2 log2(2 r)) between."""
    return torch.cos(math.pi / 2 * _octave(radius))


def highpass_mask(radius: Tensor) -> Tensor:
    """The complement of :func:`lowpass_mask`: their squares sum to one at every radius."""
    return torch.sin(math.pi / 2 * _octave(radius))


def bandpass_mask(radius: Tensor, scale: int) -> Tensor:
    """Radial mask of a scale, between the radii 2^-(scale + 2) and 2^-scale; scale 0 is the finest."""
    return lowpass_mask(2**scale * radius) * highpass_mask(2 ** (scale + 1) * radius)


def _octave(radius: Tensor) -> Tensor:
    return (torch.log2(radius) + 1).clamp(0, 1)  # log2(0) = -inf is clamped like any low frequency


def angular_mask(angle: Tensor, orientation: int, orientations: int) -> Tensor:
    """Half-plane angular mask sqrt(2 c) cos(angle - pi b / n)^(n-1) of orientation b of n.

    With c = 2^(2(n-1)) ((n-1)!)^2 / (n (2(n-1))!) the squares of all n masks, each added to its mirror
    image through the origin, sum to 2 at every angle, which makes the pyramid of a real image a tight
    frame. The half-plane holds one of its two border rays, so that n = 1 loses no frequency.
    """
    order = orientations - 1
    c = 4**order * math.factorial(order) ** 2 / (orientations * math.factorial(2 * order))
    offset = angle - math.pi * orientation / orientations
    offset = math.pi - torch.remainder(math.pi - offset, 2 * math.pi)  # in (-pi, pi]
    half_plane = (offset > -math.pi / 2) & (offset <= math.pi / 2)
    return math.sqrt(2 * c) * torch.cos(offset) ** order * half_plane


@lru_cache(maxsize=16)
def pyramid_masks(
    sizes: tuple[tuple[int, int], ...],
    orientations: int,
    adjoint: bool,
    dtype: torch.dtype,
    device: torch.device,
) -> tuple[Tensor, list[Tensor], Tensor]:
    """High-pass mask, the masks (orientations, h, w) of each scale, low-pass mask, all complex.

    The factor (-i)^(n-1) makes each band the analytic signal of an (n-1)-th directional derivative, which
    is real in space. The spectrum of the high-pass residual is Hermitian: only the columns of ``rfft2`` are
    kept. The adjoint, which ends with a real part, doubles those that stand for two.
    """
    with torch.inference_mode(False), torch.device("cpu"):
        bands = []
        for scale, size in enumerate(sizes[:-1]):
            radius, angle = frequency_grid(sizes[0], size)
            radial = bandpass_mask(radius, scale) * (1j if adjoint else -1j) ** (orientations - 1)
            angular = (angular_mask(angle, b, orientations) for b in range(orientations))
            bands.append(torch.stack([(radial * part).to(dtype.to_complex()) for part in angular]))
        width = sizes[0][1]
        highpass = highpass_mask(frequency_grid(sizes[0])[0])[:, : width // 2 + 1].clone()
        if adjoint:
            highpass[:, 1 : (width + 1) // 2] *= 2
        lowpass = lowpass_mask(2 ** (len(sizes) - 1) * frequency_grid(sizes[0], sizes[-1])[0])
        highpass, *bands, lowpass = (m.to(device, dtype.to_complex()) for m in (highpass, *bands, lowpass))
        return highpass, bands, lowpass
