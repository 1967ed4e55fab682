"""Lesson 02: photographs, filters, motion by phase and what is measured on it."""

import math
import warnings
from collections.abc import Collection, Sequence
from importlib.util import find_spec

import torch
from sklearn.datasets import load_sample_images
from torch import Tensor

from steerlens._internal.checks import check_choice
from steerlens.evaluation import center_of_mass
from steerlens.transforms.coefficients import Coefficients
from steerlens.transforms.masks import angular_mask, bandpass_mask, frequency_grid
from steerlens.transforms.pyramid import SteerablePyramid

RULES = ("centre", "local")


def photographs(size: int = 128) -> tuple[Tensor, Tensor]:
    """Two grey photographs (1, 1, size, size) in [0, 1]: plenoptic's, else scikit-learn's, which it says."""
    if find_spec("plenoptic"):
        from plenoptic.data import curie, parrot

        pair = [curie(), parrot()]
    else:
        print("plenoptic is not installed: a pagoda and a flower stand in for the portrait and the parrot.")
        pair = [torch.tensor(image).movedim(-1, 0)[None] / 255 for image in load_sample_images().images]
    return tuple(_square(image.to(torch.get_default_dtype()), size) for image in pair)


def _square(image: Tensor, size: int) -> Tensor:
    side = min(image.shape[-2:])
    top, left = ((n - side) // 2 for n in image.shape[-2:])
    grey = image[..., top : top + side, left : left + side].mean(1, keepdim=True)
    return torch.nn.functional.interpolate(grey, (size, size), mode="bilinear", antialias=True).clamp(0, 1)


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


def local_frequency(S: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Slope of the phase of each coefficient along y and x, in radians a pixel of the image.

    Im(S* dS/dx) / abs(S)^2, with the derivative taken on the band's spectrum (Fleet and Jepson, 1990): the
    phase itself is never differentiated, nor unwrapped.
    """
    wy, wx = (
        2 * math.pi * torch.fft.fftfreq(h, d=1 / h, dtype=S.real.dtype) / n
        for h, n in zip(S.shape[-2:], shape, strict=True)
    )
    spectrum = torch.fft.fft2(S)
    power = S.abs().square().clamp(min=1e-20)
    slopes = (torch.fft.ifft2(1j * w * spectrum) for w in (wy[:, None], wx))
    return tuple((S.conj() * slope).imag / power for slope in slopes)


def phase_turn(
    pyramid: SteerablePyramid, S: Tensor, scale: int, shift: tuple[float, float], rule: str = "centre"
) -> Tensor:
    """Angle in radians by which each coefficient of a scale turns for a shift (down, right) in pixels.

    Scale 0 is the finest. The rule is "centre" (the scale's centre frequency along the orientation: one angle
    a band) or "local" (the slope of the phase at each coefficient).
    """
    if check_choice("rule", rule, RULES) == "local":
        wy, wx = local_frequency(S, pyramid.shape)
    else:
        direction = math.pi * torch.arange(pyramid.orientations) / pyramid.orientations
        w = 2 * math.pi / centre_wavelength(scale)
        wy, wx = ((w * part(direction))[:, None, None] for part in (torch.sin, torch.cos))
    return -(wy * shift[0] + wx * shift[1])


def move(
    pyramid: SteerablePyramid,
    coefficients: Coefficients,
    shift: tuple[float, float],
    rule: str = "centre",
    scales: Collection[int] | None = None,
    orientations: Collection[int] | None = None,
    lowpass: bool = True,
) -> Coefficients:
    """Coefficients with phases turned so that the image moves by a shift (down, right), in pixels.

    Args:
        pyramid, coefficients, shift, rule: as in `phase_turn`.
        scales, orientations: the bands that turn; all if None.
        lowpass: whether the low-pass residual, which has no phase, is moved by the Fourier shift theorem. The
            high-pass residual always stays.
    """
    chosen = torch.tensor([orientations is None or b in orientations for b in range(pyramid.orientations)])
    bands = []
    for scale, S in enumerate(coefficients.bands):
        if scales is None or scale in scales:
            angle = phase_turn(pyramid, S, scale, shift, rule) * chosen[:, None, None]
            S = S * torch.polar(torch.ones_like(angle), angle).to(S.dtype)
        bands.append(S)
    high, low = coefficients.residuals
    if lowpass:
        low = fourier_shift(
            low, *(d * h / n for d, h, n in zip(shift, low.shape[-2:], pyramid.shape, strict=True))
        )
    return Coefficients(tuple(bands), (high, low))


def follow(
    image: Tensor,
    scales: int,
    shifts: Sequence[float],
    rule: str = "centre",
    lowpass: bool = True,
    degrees: float = 0.0,
) -> Tensor:
    """Measured shift of the centre of mass of an image for each commanded one, along a direction, in pixels.

    Of an image (1, 1, height, width), by four orientations. Direction 0 is right, 90 degrees down;
    rule and lowpass are those of `move`.
    """
    pyramid = SteerablePyramid(tuple(image.shape[-2:]), scales, 4)
    coefficients, start = pyramid.analyze(image), center_of_mass(image)
    y, x = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    found = []
    for d in shifts:
        moved = pyramid.synthesize(move(pyramid, coefficients, (d * y, d * x), rule, lowpass=lowpass))
        path = (center_of_mass(moved) - start)[0, 0]
        found.append((path[0] * y + path[1] * x).item())
    return torch.tensor(found)


def beside_plenoptic(shapes: Sequence[tuple[int, int]], scales: int = 3) -> dict[str, dict[str, float]]:
    """By shape: largest error of plenoptic's reconstruction and of ours, and largest gap between the bands.

    On uniform noise in the default precision. Without plenoptic: a line that says so, and no rows.
    """
    if not find_spec("plenoptic"):
        print("plenoptic is not installed here: nothing to compare with.")
        return {}
    from plenoptic.process import SteerablePyramidFreq

    rows, generator = {}, torch.Generator().manual_seed(0)
    for shape in shapes:
        image = torch.rand(1, 1, *shape, generator=generator)
        with warnings.catch_warnings():  # it warns of odd sizes itself
            warnings.simplefilter("ignore")
            theirs = SteerablePyramidFreq(shape, height=scales, order=3, is_complex=True, tight_frame=True)
        ours = SteerablePyramid(shape, scales, 4)
        a, b = theirs(image), ours.analyze(image)
        gaps = {
            "plenoptic": theirs.recon_pyr(a) - image,
            "here": ours.synthesize(b) - image,
            "between bands": torch.cat([(a[s] - S).flatten() for s, S in enumerate(b.bands)]),
        }
        rows["{} × {}".format(*shape)] = {name: gap.abs().max().item() for name, gap in gaps.items()}
    return rows
