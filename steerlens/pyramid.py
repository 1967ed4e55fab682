"""The complex steerable pyramid as a tight frame, for images of any height and width.

An image's spectrum is cut by radial masks into octaves and by angular masks into orientations. Each
angular mask covers half a plane, so every band is complex (a quadrature pair): its modulus says how
strong a local pattern is, its argument where that pattern sits.

    frequency_grid    radius and angle of every frequency of a discrete Fourier transform
    lowpass_mask      raised cosine in log2 frequency; highpass_mask completes it to one
    bandpass_mask     the octave of one scale between them
    angular_mask      one orientation's share of a half-plane
    SteerablePyramid  the masks applied: analyze, synthesize

References: Simoncelli and Freeman (1995), "The steerable pyramid"; Portilla and Simoncelli (2000), the
complex form; Karasaridis and Simoncelli (1996), the filters.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

import torch
from torch import Tensor, nn

from .checks import check_images, check_integer, check_shape
from .fft import fft2, ifft2, irfft2
from .transforms import Coefficients, check_coefficients

CACHED_PIXELS = 2**18  # worked on at once on a CPU: larger buffers cost more in page faults than the FFTs


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
        torch.fft.fftfreq(k, d=1 / k, dtype=torch.float64) * 2 / n for n, k in zip(shape, kept, strict=True)
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


class SteerablePyramid(nn.Module):
    """Complex steerable pyramid of real images: a tight frame of any height and width, odd ones too.

    The masks are exact functions of frequency, computed in float64 and cast to the precision and device
    of what they are applied to (so ``.to(device)`` is allowed and never needed). Boundaries are circular.

    Args:
        shape: height and width of the images.
        scales: number of octaves, 1 to ``max_scales``.
        orientations: number of orientations, at least 1.
        padding: pixels of black added on every side before the analysis and cut off after the
            synthesis (still a tight frame), so that what leaves one side does not enter at the other.

    Raises:
        TypeError: an argument that should be an integer is not.
        ValueError: more scales than the size allows, or another argument out of range.

    Example:
        >>> pyramid = SteerablePyramid((31, 45), scales=3, orientations=4)
        >>> images = torch.rand(2, 1, 31, 45)
        >>> c = pyramid.analyze(images)
        >>> [tuple(band.shape) for band in c.bands]
        [(2, 1, 4, 31, 45), (2, 1, 4, 16, 23), (2, 1, 4, 8, 12)]
        >>> torch.allclose(pyramid.synthesize(c), images, atol=1e-6)
        True
    """

    tight_frame = True
    residual_policy = {"highpass": "fixed", "lowpass": "linear"}  # noqa: RUF012

    def __init__(self, shape: tuple[int, int], scales: int = 3, orientations: int = 4, padding: int = 0):
        super().__init__()
        self.shape = check_shape(shape)
        self.padding = check_integer("padding", padding, 0)
        self.padded_shape = tuple(n + 2 * self.padding for n in self.shape)
        name = f"scales of a {self.padded_shape[0]}x{self.padded_shape[1]} pyramid"
        self.scales = check_integer(name, scales, 1, self.max_scales(self.padded_shape))
        self.orientations = check_integer("orientations", orientations, 1)
        self.sizes = [self.padded_shape]  # of the bands of each scale, finest first, then of the low-pass
        for _ in range(self.scales):
            self.sizes.append(tuple((n + 1) // 2 for n in self.sizes[-1]))

    @staticmethod
    def max_scales(shape: tuple[int, int]) -> int:
        """Largest number of scales: the coarsest band still holds one whole cycle along both axes."""
        return max(1, math.ceil(math.log2(min(shape))) - 1)

    def analyze(self, images: Tensor) -> Coefficients:
        """Coefficients of real images (batch, channels, height, width), float32 or float64.

        Returns:
            bands: one complex tensor (batch, channels, orientations, h, w) a scale, finest first, h and w
                halved (and rounded up) from scale to scale.
            residuals: high-pass (full size) and low-pass, real.
        """
        check_images(images, self.shape)
        chunks = self._chunks(images)
        if len(chunks) == 1:
            return self._analyze(images)
        whole = None
        for rows in chunks:
            part = self._analyze(images[rows])
            if whole is None:
                whole = part.map(*[lambda tensor: tensor.new_empty(len(images), *tensor.shape[1:])] * 2)
            for into, tensor in zip(whole.parts, part.parts, strict=True):
                into[rows] = tensor
        return whole

    def _analyze(self, images: Tensor) -> Coefficients:
        highpass, band_masks, lowpass = self._masks(images)
        padded = nn.functional.pad(images, [self.padding] * 4) if self.padding else images
        spectrum = fft2(padded)
        residuals, bands = [_real_inverse(spectrum * highpass)], []
        for mask, size in zip(band_masks, self.sizes, strict=False):
            spectrum = _crop_spectrum(spectrum, size)
            bands.append(ifft2(spectrum.unsqueeze(2) * mask))
        residuals.append(_real_inverse(_crop_spectrum(spectrum, self.sizes[-1]) * lowpass))
        return Coefficients(tuple(bands), tuple(residuals))

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """Images (batch, channels, height, width), the adjoint of ``analyze``; not clipped to [0, 1]."""
        band_shapes = [(self.orientations, *size) for size in self.sizes[:-1]]
        check_coefficients(coefficients, band_shapes, [self.sizes[0], self.sizes[-1]])
        chunks = self._chunks(*coefficients.parts)
        parts = (self._synthesize(coefficients[rows]) for rows in chunks)
        return next(parts) if len(chunks) == 1 else torch.cat(list(parts))

    def _synthesize(self, coefficients: Coefficients) -> Tensor:
        highpass, band_masks, lowpass = self._masks(coefficients.residuals[0])
        conjugate = (-1) ** (self.orientations - 1)  # of a mask: it is real but for (-i)^(n-1)
        spectrum = fft2(coefficients.residuals[0]) * highpass
        _add_spectrum(spectrum, fft2(coefficients.residuals[1]) * lowpass)
        for band, mask in zip(coefficients.bands, band_masks, strict=True):
            _add_spectrum(spectrum, conjugate * fft2(band).mul_(mask).sum(2))
        images = ifft2(spectrum).real
        height, width = self.shape
        p = self.padding
        return images[..., p : p + height, p : p + width]

    def _chunks(self, *parts: Tensor) -> list[slice]:
        """Rows that are worked on together: few enough for the cache, all where a graph is recorded."""
        batch, channels = parts[0].shape[:2]
        graph = torch.is_grad_enabled() and any(part.requires_grad for part in parts)
        if graph or parts[0].device.type != "cpu":
            return [slice(batch)]
        size = max(1, CACHED_PIXELS // (channels * math.prod(self.padded_shape)))
        return [slice(start, start + size) for start in range(0, batch, size)]

    def _masks(self, like: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        return _pyramid_masks(tuple(self.sizes), self.orientations, like.dtype, like.device)

    def extra_repr(self) -> str:
        return f"{self.shape}, scales={self.scales}, orientations={self.orientations}, padding={self.padding}"


@lru_cache(maxsize=8)
def _pyramid_masks(
    sizes: tuple[tuple[int, int], ...], orientations: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, list[Tensor], Tensor]:
    """High-pass mask, the complex masks (orientations, h, w) of each scale, low-pass mask.

    The factor (-i)^(n-1) makes each band the analytic signal of an (n-1)-th directional derivative, which
    is real in space.
    """
    with torch.inference_mode(False), torch.device("cpu"):
        bands = []
        for scale, size in enumerate(sizes[:-1]):
            radius, angle = frequency_grid(sizes[0], size)
            radial = bandpass_mask(radius, scale)
            angular = torch.stack([angular_mask(angle, b, orientations) for b in range(orientations)])
            bands.append((radial * angular * (-1j) ** (orientations - 1)).to(device, dtype.to_complex()))
        lowpass = lowpass_mask(2 ** (len(sizes) - 1) * frequency_grid(sizes[0], sizes[-1])[0])
        highpass = highpass_mask(frequency_grid(sizes[0])[0])
        return highpass.to(device, dtype), bands, lowpass.to(device, dtype)


def _corners(full: tuple[int, int], kept: tuple[int, int]) -> Iterator[tuple[tuple, tuple]]:
    """Pairs of slices of a spectrum and of its centred crop that hold the same low frequencies."""
    (low_y, high_y), (low_x, high_x) = (
        ((slice((k + 1) // 2), slice((k + 1) // 2)), (slice(n - k // 2, n), slice(k - k // 2, k)))
        for n, k in zip(full, kept, strict=True)
    )
    for y in (low_y, high_y):
        for x in (low_x, high_x):
            yield (..., y[0], x[0]), (..., y[1], x[1])


def _crop_spectrum(spectrum: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(spectrum.shape[-2:]) == size:
        return spectrum
    crop = spectrum.new_empty(*spectrum.shape[:-2], *size)
    for outer, inner in _corners(spectrum.shape[-2:], size):
        crop[inner] = spectrum[outer]
    return crop


def _add_spectrum(spectrum: Tensor, crop: Tensor) -> None:
    for outer, inner in _corners(spectrum.shape[-2:], crop.shape[-2:]):
        spectrum[outer] += crop[inner]


def _real_inverse(spectrum: Tensor) -> Tensor:
    """Inverse transform of a Hermitian spectrum, from the half of it that is not redundant."""
    height, width = spectrum.shape[-2:]
    return irfft2(spectrum[..., : width // 2 + 1], s=(height, width))
