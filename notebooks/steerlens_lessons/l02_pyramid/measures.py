"""Lesson 02: photographs, filters, and motion by phase."""

import math
from collections.abc import Collection
from importlib.util import find_spec

import torch
from torch import Tensor

from steerlens.transforms.coefficients import Coefficients
from steerlens.transforms.masks import angular_mask, bandpass_mask, frequency_grid
from steerlens.transforms.pyramid import SteerablePyramid


def photographs(size: int = 128) -> tuple[Tensor, Tensor]:
    """Two grey photographs (1, 1, size, size) in [0, 1]: plenoptic's, else scikit-learn's, which it says."""
    if find_spec("plenoptic"):
        from plenoptic.data import curie, parrot

        pair = [curie(), parrot()]
    else:
        from sklearn.datasets import load_sample_images

        print("plenoptic is not installed: a pagoda and a flower stand in for the portrait and the parrot.")
        pair = [torch.tensor(image).movedim(-1, 0)[None] / 255 for image in load_sample_images().images]
    from torchvision.transforms.v2.functional import center_crop, resize  # takes seconds: only here

    pair = [image.to(torch.get_default_dtype()).mean(1, keepdim=True) for image in pair]
    squares = (center_crop(grey, [min(grey.shape[-2:])]) for grey in pair)
    return tuple(resize(square, [size, size]).clamp(0, 1) for square in squares)


def fourier_shift(image: Tensor, dy: float, dx: float) -> Tensor:
    """A real image (..., height, width) moved dy down and dx right, in pixels: the Fourier shift theorem."""
    wy, wx = (2 * math.pi * torch.fft.fftfreq(n, dtype=image.dtype) for n in image.shape[-2:])
    return torch.fft.ifft2(torch.fft.fft2(image) * torch.exp(-1j * (wy[:, None] * dy + wx * dx))).real


def band_filter(shape: tuple[int, int], scale: int, orientation: int, orientations: int) -> Tensor:
    """Modulus of a band's mask at every frequency of an image, zero frequency in the middle."""
    radius, angle = frequency_grid(shape)
    mask = bandpass_mask(radius, scale) * angular_mask(angle, orientation, orientations)
    return torch.fft.fftshift(mask)


def centre_wavelength(scale: int) -> int:
    """Wavelength at the peak of a scale's radial mask, in pixels of the image: 4, 8, 16, ..."""
    return 2 ** (scale + 2)


def move(
    pyramid: SteerablePyramid,
    coefficients: Coefficients,
    shift: tuple[float, float],
    scales: Collection[int] | None = None,
    orientations: Collection[int] | None = None,
    lowpass: bool = True,
) -> Coefficients:
    """Coefficients with phases turned so that the image moves.

    Args:
        pyramid, coefficients: of the image.
        shift: down and right, in pixels. A phase turns by minus the shift times its band's centre frequency.
        scales, orientations: the bands that turn, scale 0 the finest; all if None.
        lowpass: whether the low-pass residual, which has no phase, is moved by the Fourier shift theorem. The
            high-pass residual always stays.
    """
    b = torch.arange(pyramid.orientations)
    along = shift[0] * torch.sin(math.pi * b / len(b)) + shift[1] * torch.cos(math.pi * b / len(b))
    along = along * torch.isin(b, torch.tensor(list(b if orientations is None else orientations)))
    bands = []
    for scale, S in enumerate(coefficients.bands):
        angle = -2 * math.pi / centre_wavelength(scale) * along[:, None, None]
        turns = scales is None or scale in scales
        bands.append(S * torch.polar(torch.ones_like(angle), angle).to(S.dtype) if turns else S)
    high, low = coefficients.residuals
    if lowpass:
        low = fourier_shift(
            low, *(d * h / n for d, h, n in zip(shift, low.shape[-2:], pyramid.shape, strict=True))
        )
    return Coefficients(tuple(bands), (high, low))
