"""Two other transforms with local phases, to tell what is the pyramid's and what is any local phase's.

DualTree      the dual-tree complex wavelet transform: separable, decimated, six orientations
GaborFrame    Gabor filters in octaves, every band of the image's size
local_phases  both, with the pyramid's number of scales

Both are tight frames and fit the protocol `steerlens.transforms.Transform`, so gradients, morphs and
editors take them as they take the pyramid. They stand here, and not in the module, since they are made to be
compared with it. (The package dtcwt 0.14 does not run with NumPy 2, and has neither gradients nor devices.)
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from steerlens import Coefficients, SteerablePyramid
from steerlens._internal.checks import check_images, check_integer
from steerlens.transforms.base import ImageTransform, Transform
from steerlens.transforms.coefficients import check_coefficients
from steerlens.transforms.fft import fft2, ifft2
from steerlens.transforms.masks import frequency_grid, highpass_mask, lowpass_mask

ZEROS, ORDER = 4, 2  # of the wavelets at Nyquist; of the allpass filter that delays by half a sample
WIDTH = 0.3  # standard deviation of a Gabor filter in frequency, as a share of its centre frequency


def local_phases(shape: tuple[int, int], scales: int = 3, padding: int = 0) -> dict[str, Transform]:
    """The two transforms by name, for images of a shape; ``padding`` is the Gabor frame's."""
    return {"DTCWT": DualTree(shape, scales), "Gabor": GaborFrame(shape, scales, padding=padding)}


class DualTree(ImageTransform):
    """The dual-tree complex wavelet transform (Kingsbury, 2001) with orthonormal filters: a tight frame.

    Two wavelet bases, whose low-pass filters are half a sample apart, are the real and the imaginary part of
    wavelets that are close to analytic from the second scale on. Boundaries are circular. Images whose sides
    are no multiples of 2^scales stand on a black ground that is as much larger.

    Args:
        shape: height and width of the images.
        scales: number of octaves, 1 to `SteerablePyramid.max_scales`.

    Raises:
        TypeError: an argument that should be an integer is not.
        ValueError: an argument out of range.
    """

    tight_frame = True
    residual_policy = {"lowpass": "linear"}  # noqa: RUF012

    def __init__(self, shape: tuple[int, int], scales: int = 3):
        super().__init__(shape)
        self.scales = check_integer("scales", scales, 1, SteerablePyramid.max_scales(self.shape))
        block = 2**self.scales
        self.padded = tuple(-(-n // block) * block for n in self.shape)

    def analyze(self, images: Tensor) -> Coefficients:
        """Coefficients of real images (batch, channels, height, width).

        Returns:
            bands, one complex tensor (batch, channels, 6, h, w) a scale, finest first, h and w halved from
            scale to scale; one residual, the low-pass of both trees along both axes, twice the size of the
            last band.
        """
        images = _placed(check_images(images, self.shape), self.padded)
        bands, (down, right) = self._matrices(images)
        stacked = images.unsqueeze(2).to(images.dtype.to_complex())
        found = tuple(down @ stacked @ right.mT for down, right in bands)
        return Coefficients(found, (down @ images @ right.mT,))

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """Images (batch, channels, height, width), the adjoint of ``analyze``."""
        sizes = [tuple(n // 2**scale for n in self.padded) for scale in range(1, self.scales + 1)]
        lowpass = tuple(2 * n for n in sizes[-1])
        check_coefficients(coefficients, [(6, *size) for size in sizes], [lowpass])
        (residual,) = coefficients.residuals
        bands, (down, right) = self._matrices(residual)
        images = down.mT @ residual @ right
        for (down, right), band in zip(bands, coefficients.bands, strict=True):
            images = images + (down.mH @ band @ right.conj()).sum(2).real
        return _placed(images, self.shape)

    def _matrices(self, like: Tensor) -> tuple[list[tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
        """What multiplies columns, and rows: (6, h, height), (6, w, width) a scale; and for the low-pass."""
        columns, rows = (_trees(n, self.scales, like.dtype, like.device) for n in self.padded)
        bands = []
        for (low_y, high_y), (low_x, high_x) in zip(columns[0], rows[0], strict=True):
            down = torch.stack([high_y, high_y, low_y, low_y, high_y, high_y]) / 2**0.5
            right = torch.stack([low_x, low_x.conj(), high_x, high_x.conj(), high_x, high_x.conj()])
            bands.append((down, right))
        return bands, (columns[1], rows[1])

    def settings(self) -> dict[str, Any]:
        """What it was made with."""
        return {"shape": self.shape, "scales": self.scales}


class GaborFrame(ImageTransform):
    """Gaussian windows in frequency, in octaves and orientations, undecimated: a tight frame.

    The windows are divided by the root of their summed squares. What the pyramid's high-pass holds, this one
    holds, too; the low-pass is a Gaussian around frequency zero. Boundaries are circular.

    Args:
        shape: height and width of the images.
        scales: number of octaves, 1 to `SteerablePyramid.max_scales`; the finest is at half of Nyquist.
        orientations: number of orientations, at least 1.
        padding: pixels of black on every side, as the pyramid's.

    Raises:
        TypeError: an argument that should be an integer is not.
        ValueError: an argument out of range.
    """

    tight_frame = True
    residual_policy = {"highpass": "fixed", "lowpass": "linear"}  # noqa: RUF012

    def __init__(self, shape: tuple[int, int], scales: int = 3, orientations: int = 4, padding: int = 0):
        super().__init__(shape)
        self.padding = check_integer("padding", padding, 0)
        self.padded = tuple(n + 2 * self.padding for n in self.shape)
        self.scales = check_integer("scales", scales, 1, SteerablePyramid.max_scales(self.padded))
        self.orientations = check_integer("orientations", orientations, 1)

    def analyze(self, images: Tensor) -> Coefficients:
        """Coefficients of real images (batch, channels, height, width).

        Returns:
            bands, one complex tensor (batch, channels, orientations, h, w) a scale, finest first; residuals,
            high-pass and low-pass; all of the (padded) image's size.
        """
        images = _placed(check_images(images, self.shape), self.padded)
        bands, residuals = self._masks(images)
        spectrum = fft2(images)
        found = tuple(ifft2(spectrum.unsqueeze(2) * mask) for mask in bands)
        return Coefficients(found, tuple(ifft2(spectrum * mask).real for mask in residuals))

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """Images (batch, channels, height, width), the adjoint of ``analyze``."""
        shapes = [(self.orientations, *self.padded)] * self.scales
        check_coefficients(coefficients, shapes, [self.padded] * 2)
        bands, residuals = self._masks(coefficients.residuals[0])
        spectrum = sum((fft2(b) * m).sum(2) for b, m in zip(coefficients.bands, bands, strict=True))
        spectrum += sum(fft2(r) * m for r, m in zip(coefficients.residuals, residuals, strict=True))
        return _placed(ifft2(spectrum).real, self.shape)

    def _masks(self, like: Tensor) -> tuple[Tensor, Tensor]:
        return _gabor_masks(self.padded, self.scales, self.orientations, like.dtype, like.device)

    def settings(self) -> dict[str, Any]:
        """What it was made with."""
        return {name: getattr(self, name) for name in ("shape", "scales", "orientations", "padding")}


def _placed(images: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Images in the middle of a larger black ground; or, the adjoint, the middle of images."""
    gaps = [large - small for large, small in zip(shape, images.shape[-2:], strict=True)]
    (top, bottom), (left, right) = ((math.trunc(g / 2), g - math.trunc(g / 2)) for g in gaps)
    return pad(images, [left, right, top, bottom])


@lru_cache(maxsize=16)
def _gabor_masks(
    shape: tuple[int, int], scales: int, orientations: int, dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Real masks of the bands (scales, orientations, h, w), and of high-pass and low-pass (2, h, w)."""
    with torch.inference_mode(False), torch.device("cpu"):
        radius, angle = frequency_grid(shape)
        centers = 0.5 ** torch.arange(1, scales + 1, dtype=torch.float64)[:, None, None, None]
        turns = torch.arange(orientations, dtype=torch.float64)[:, None, None]
        turned = angle - math.pi * turns / orientations
        gaps = radius**2 + centers**2 - 2 * radius * centers * turned.cos()  # squared, from each centre
        bands, low = (-gaps / (2 * (WIDTH * centers) ** 2)).exp(), (-2 * (radius / centers[-1, 0]) ** 2).exp()
        both = bands.square() + bands.square().flip(-2, -1).roll((1, 1), (-2, -1))  # with the mirror image
        share = lowpass_mask(radius) / (both.sum((0, 1)) / 2 + low.square().squeeze(0)).sqrt()
        residuals = torch.stack([highpass_mask(radius), share * low.squeeze(0)])
        return (share * bands).to(device, dtype), residuals.to(device, dtype)


@lru_cache(maxsize=16)
def _trees(
    size: int, scales: int, dtype: torch.dtype, device: torch.device
) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """Low and high-pass (n, size) of each scale, complex over both trees; the last low-passes (2 n, size)."""
    with torch.inference_mode(False), torch.device("cpu"):
        trees = []
        for tree, filters in enumerate(half_sample_pair()):
            low, levels = torch.eye(size, dtype=torch.float64).roll(tree, 1), []
            for level in range(scales):
                taps = filters if level else half_sample_pair()[0]
                flipped = taps.flip(0) * (-1.0) ** torch.arange(len(taps))
                low, high = (_decimating(f, size >> level) @ low for f in (taps, flipped))
                levels.append((low, high))
            trees.append(levels)
        pairs = zip(*trees, strict=True)
        bands = [tuple(torch.complex(a, b) / 2**0.5 for a, b in zip(*pair, strict=True)) for pair in pairs]
        lowpass = torch.cat([levels[-1][0] for levels in trees]) / 2**0.5
        bands = [
            (low.to(device, dtype.to_complex()), high.to(device, dtype.to_complex())) for low, high in bands
        ]
        return bands, lowpass.to(device, dtype)


def _decimating(taps: Tensor, size: int) -> Tensor:
    """The matrix (size / 2, size) of a circular correlation at every second place."""
    rows = torch.zeros(size // 2, size, dtype=torch.float64)
    for n, tap in enumerate(taps):
        places = torch.arange(size // 2)
        rows[places, (2 * places + n) % size] += tap
    return rows


@lru_cache(maxsize=1)
def half_sample_pair() -> tuple[Tensor, Tensor]:
    """Two orthonormal low-pass filters, the second half a sample later (Selesnick, 2002), in float64.

    Both hold a factor F, with `ZEROS` zeros at Nyquist, and D or its mirror image, whose ratio is a maximally
    flat allpass. F comes from a half-band filter R S, S = (z + 2 + 1/z)^ZEROS D(z) D(1/z), by its roots
    within the unit circle.
    """
    D, n = np.ones(ORDER + 1), ORDER
    for k in range(n):
        D[k + 1] = D[k] * (n - k) / (k + 1) * (n - 0.5 - k) / (1.5 + k)
    zeros = np.poly(-np.ones(ZEROS))
    S, M = np.convolve(np.convolve(zeros, zeros), np.convolve(D, D[::-1])), ZEROS + n
    products = np.stack([np.convolve(S, row) for row in np.eye(2 * M - 1)], 1)[1::2]  # lags that must vanish
    R = np.linalg.solve(products, np.eye(2 * M - 1)[M - 1])
    roots = np.roots(R)
    F = np.convolve(zeros, np.poly(roots[np.abs(roots) < 1]).real)
    pair = (np.convolve(F, D), np.convolve(F, D[::-1]))
    return tuple(torch.tensor(taps / np.linalg.norm(taps)) for taps in pair)
