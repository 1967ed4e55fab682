"""The complex steerable pyramid as a tight frame, for images of any height and width.

An image's spectrum is cut by radial masks into octaves and by angular masks into orientations (``masks.py``).
Each angular mask covers half a plane, so every band is complex (a quadrature pair): its modulus says how
strong a local pattern is, its argument where that pattern sits.

    SteerablePyramid  the masks applied: analyze, synthesize

Batches are worked on a few images at a time, as many as the processor's cache holds.
"""

import math
from functools import lru_cache, reduce
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from .._internal.checks import check_images, check_integer
from .._internal.chunks import in_chunks
from .base import ImageTransform
from .coefficients import Coefficients, check_coefficients
from .fft import fft2, ifft2, irfft2, rfft2
from .masks import pyramid_masks

CACHED_PIXELS = 2**18  # worked on at once on a CPU


class SteerablePyramid(ImageTransform):
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

    tight_frame = channels_apart = True
    residual_policy = {"highpass": "fixed", "lowpass": "linear"}  # noqa: RUF012

    def __init__(self, shape: tuple[int, int], scales: int = 3, orientations: int = 4, padding: int = 0):
        super().__init__(shape)
        self.padding = check_integer("padding", padding, 0)
        height, width = (n + 2 * self.padding for n in self.shape)
        self.padded_shape = height, width
        name = f"scales of a {self.padded_shape[0]}x{self.padded_shape[1]} pyramid"
        self.scales = check_integer(name, scales, 1, self.max_scales(self.padded_shape))
        self.orientations = check_integer("orientations", orientations, 1)
        self.sizes = [self.padded_shape]  # of the bands of each scale, finest first, then of the low-pass
        for _ in range(self.scales):
            height, width = ((n + 1) // 2 for n in self.sizes[-1])
            self.sizes.append((height, width))

    @staticmethod
    def max_scales(shape: tuple[int, int]) -> int:
        """Largest number of scales: the coarsest band still holds one whole cycle along both axes."""
        return max(1, math.ceil(math.log2(min(shape))) - 1)

    def analyze(self, images: Tensor) -> Coefficients:
        """Coefficients of real images (batch, channels, height, width), float32 or float64.

        Returns:
            bands, one complex tensor (batch, channels, orientations, h, w) a scale, finest first, h and w
            halved (and rounded up) from scale to scale; residuals, high-pass (full size) and low-pass, real.
        """
        check_images(images, self.shape)
        parts = [part.unflatten(0, images.shape[:2]) for part in _Analysis.apply(self, images.flatten(0, 1))]
        return Coefficients(tuple(parts[: self.scales]), tuple(parts[self.scales :]))

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """Images (batch, channels, height, width), the adjoint of ``analyze``; not clipped to [0, 1]."""
        band_shapes = [(self.orientations, *size) for size in self.sizes[:-1]]
        check_coefficients(coefficients, band_shapes, [self.sizes[0], self.sizes[-1]])
        batch = coefficients.residuals[0].shape[:2]
        images = _Synthesis.apply(self, *(part.flatten(0, 1) for part in coefficients.parts))
        return images.unflatten(0, batch)

    def _analyze(self, planes: Tensor) -> tuple[Tensor, ...]:
        """Bands (n, orientations, h, w), then residuals (n, h, w), of planes (n, height, width)."""
        highpass, band_masks, lowpass = self._masks(planes)
        if self.padding:
            planes = torch.nn.functional.pad(planes, [self.padding] * 4)
        spectrum = fft2(planes)
        half = spectrum[..., : highpass.shape[-1]]
        first, bands = irfft2(half * highpass, s=self.padded_shape), []
        for mask, size in zip(band_masks, self.sizes, strict=False):
            spectrum = _cropped(spectrum, size)
            bands.append(ifft2(spectrum.unsqueeze(1) * mask))
        size = self.sizes[-1]
        low = _cropped(spectrum, size) * lowpass
        return *bands, first, irfft2(low[..., : size[1] // 2 + 1], s=size)

    def _synthesize(self, *parts: Tensor) -> Tensor:
        """Planes of bands and residuals."""
        *bands, first, last = parts
        highpass, band_masks, lowpass = self._masks(first, adjoint=True)
        spectrum = fft2(last).mul_(lowpass)
        for band, mask in zip(reversed(bands), reversed(band_masks), strict=True):
            coarser, spectrum = spectrum, reduce(Tensor.add_, fft2(band).mul_(mask).unbind(1))
            for kept, inner in _low_frequencies(spectrum.shape[-2:], coarser.shape[-2:]):
                spectrum[kept].add_(coarser[inner])
        spectrum[..., : highpass.shape[-1]].add_(rfft2(first).mul_(highpass))
        (height, width), p = self.shape, self.padding
        return ifft2(spectrum).real[:, p : p + height, p : p + width]

    def _rows(self, planes: Tensor) -> int:
        """How many planes are worked on together: on a CPU few enough for its cache."""
        if planes.device.type != "cpu":
            return len(planes)
        return max(1, CACHED_PIXELS // math.prod(self.padded_shape))

    def _masks(self, like: Tensor, adjoint: bool = False) -> tuple[Tensor, list[Tensor], Tensor]:
        return pyramid_masks(tuple(self.sizes), self.orientations, adjoint, like.dtype, like.device)

    def settings(self) -> dict[str, Any]:
        """What it was made with."""
        return {name: getattr(self, name) for name in ("shape", "scales", "orientations", "padding")}

    def extra_repr(self) -> str:
        return f"{self.shape}, scales={self.scales}, orientations={self.orientations}, padding={self.padding}"


class _Linear(torch.autograd.Function):
    """What analysis and synthesis share as linear functions of tensors whose first axis is a batch."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: object) -> None:
        ctx.pyramid = inputs[0]

    @classmethod
    def vmap(cls, info: Any, axes: tuple, pyramid: SteerablePyramid, *parts: Tensor) -> tuple[Any, Any]:
        """Another axis of the batch is the batch, longer (torch.func.vmap)."""
        moved = [
            part.expand(info.batch_size, *part.shape) if axis is None else part.movedim(axis, 0)
            for part, axis in zip(parts, axes[1:], strict=True)
        ]
        found = cls.apply(pyramid, *(part.flatten(0, 1) for part in moved))
        split = pytree.tree_map(lambda part: part.unflatten(0, moved[0].shape[:2]), found)
        return split, pytree.tree_map(lambda _: 0, found)


class _Analysis(_Linear):
    """Planes (n, height, width) to bands and residuals; its gradient is the synthesis, its adjoint."""

    @staticmethod
    def forward(pyramid: SteerablePyramid, planes: Tensor) -> tuple[Tensor, ...]:
        return in_chunks(pyramid._analyze, (planes,), pyramid._rows(planes))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, _Synthesis.apply(ctx.pyramid, *gradients)

    @staticmethod
    def jvp(ctx: Any, _: None, tangent: Tensor) -> tuple[Tensor, ...]:
        return _Analysis.apply(ctx.pyramid, tangent)


class _Synthesis(_Linear):
    """Bands and residuals to planes; its gradient is the analysis."""

    @staticmethod
    def forward(pyramid: SteerablePyramid, *parts: Tensor) -> Tensor:
        return in_chunks(pyramid._synthesize, parts, pyramid._rows(parts[-1])).contiguous()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return None, *_Analysis.apply(ctx.pyramid, gradient)

    @staticmethod
    def jvp(ctx: Any, _: None, *tangents: Tensor) -> Tensor:
        return _Synthesis.apply(ctx.pyramid, *tangents)


@lru_cache(maxsize=64)
def _low_frequencies(full: tuple[int, int], kept: tuple[int, int]) -> list[tuple[tuple, tuple]]:
    """Pairs of slices of a spectrum and of its centred crop that hold the same frequencies."""
    rows, columns = (
        ((slice((k + 1) // 2), slice((k + 1) // 2)), (slice(n - k // 2, n), slice(k - k // 2, k)))
        for n, k in zip(full, kept, strict=True)
    )
    return [((..., y[0], x[0]), (..., y[1], x[1])) for y in rows for x in columns]


def _cropped(spectrum: Tensor, size: tuple[int, int]) -> Tensor:
    """The lowest frequencies of a spectrum."""
    if spectrum.shape[-2:] == size:
        return spectrum
    crop = spectrum.new_empty(*spectrum.shape[:-2], *size)
    for outer, inner in _low_frequencies(spectrum.shape[-2:], size):
        crop[inner] = spectrum[outer]
    return crop
