"""What every transform has in common, and the two simplest: the Fourier transform and the pixels.

A transform turns images into `Coefficients` (complex bands, whose phase can be edited, and real
residuals, which have none) and back. All transforms here are tight frames: ``synthesize`` undoes
``analyze`` and is its adjoint, so energies are equal and the gradient with respect to coefficients is
the analysis of the gradient with respect to pixels. The pyramid stands in ``pyramid.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import torch
from torch import Tensor, nn

from .._internal.checks import check_images, check_shape


@dataclass(frozen=True)
class Coefficients:
    """The coefficients of a batch of images.

    Attributes:
        bands: complex tensors (batch, channels, orientations, h, w), finest first.
        residuals: real tensors (batch, channels, h, w), in the order of the transform's
            ``residual_policy``.
    """

    bands: tuple[Tensor, ...]
    residuals: tuple[Tensor, ...]

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """All tensors: the bands, then the residuals."""
        return (*self.bands, *self.residuals)

    def map(self, band: Callable[[Tensor], Tensor], residual: Callable[[Tensor], Tensor]) -> "Coefficients":
        """Coefficients with ``band`` applied to every band and ``residual`` to every residual."""
        return Coefficients(tuple(map(band, self.bands)), tuple(map(residual, self.residuals)))

    def __mul__(self, other: "Coefficients") -> "Coefficients":
        """Entry by entry, with broadcasting."""
        return Coefficients(
            tuple(a * b for a, b in zip(self.bands, other.bands, strict=True)),
            tuple(a * b for a, b in zip(self.residuals, other.residuals, strict=True)),
        )

    def __getitem__(self, rows: Tensor | slice) -> "Coefficients":
        """The coefficients of some images of the batch."""
        return self.map(lambda band: band[rows], lambda residual: residual[rows])

    def energy(self) -> Tensor:
        """Sum of squared moduli for each image, (batch,); in a tight frame that of its pixels."""
        return sum(part.abs().square().flatten(1).sum(1) for part in self.parts)


class Transform(Protocol):
    """What the rest of the library needs of a transform (`SteerablePyramid`, `Fourier`, `Pixels`, yours).

    Attributes:
        shape: height and width of the images.
        residual_policy: for each residual, by name and in order, what extrapolation does with it unless
            told otherwise: "linear" (Eq. 2) or "fixed".
        tight_frame: whether ``synthesize`` is the adjoint of ``analyze``. Gradients of other transforms
            are taken by their ``synthesize_adjoint(gradient)``, if they have one, else through
            ``synthesize`` by autograd, which is slower.
    """

    shape: tuple[int, int]
    residual_policy: dict[str, str]
    tight_frame: bool

    def analyze(self, images: Tensor) -> Coefficients:
        """Coefficients of real images (batch, channels, height, width)."""

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """Real images (batch, channels, height, width) of coefficients."""


def check_transform(transform: Transform) -> tuple[int, int]:
    """Height and width of the images of a transform. Raises TypeError for what is no `Transform`."""
    needed = ("shape", "residual_policy", "tight_frame", "analyze", "synthesize")
    if isinstance(transform, type) or not all(hasattr(transform, name) for name in needed):
        raise TypeError(f"transform: expected one such as Fourier((height, width)), got {transform!r}")
    return tuple(transform.shape)


def check_coefficients(coefficients: Coefficients, bands: list[tuple], residuals: list[tuple]) -> None:
    """Raise unless bands are complex, residuals real, and both of one precision and the shapes given.

    Args:
        coefficients: what came.
        bands: (orientations, h, w) of each band that is expected.
        residuals: (h, w) of each residual that is expected; at least one.

    Raises:
        TypeError: no `Coefficients`, or tensors of other types.
        ValueError: other shapes, or batches and channels that differ.
    """
    if not isinstance(coefficients, Coefficients):
        raise TypeError(f"coefficients: expected Coefficients, got {type(coefficients).__name__}")
    parts = coefficients.parts
    if not all(isinstance(part, Tensor) for part in parts):
        found = [type(part).__name__ for part in parts]
        raise TypeError(f"coefficients: expected torch tensors, got {found}")
    came_bands = [tuple(band.shape[2:]) for band in coefficients.bands]
    came_residuals = [tuple(residual.shape[2:]) for residual in coefficients.residuals]
    if (came_bands, came_residuals) != (bands, residuals):
        raise ValueError(
            f"coefficients: expected bands (batch, channels, ...) {bands} and residuals {residuals}, "
            f"got {came_bands} and {came_residuals}"
        )
    if len({part.shape[:2] for part in parts}) > 1:
        found = [tuple(part.shape[:2]) for part in parts]
        raise ValueError(f"coefficients: expected one (batch, channels) for all parts, got {found}")
    real = parts[-1].dtype
    found = [part.dtype for part in parts]
    fits = real in (torch.float32, torch.float64)
    if not fits or found != [real.to_complex()] * len(bands) + [real] * len(residuals):
        expected = "complex bands and real residuals of one precision, float32 or float64"
        raise TypeError(f"coefficients: expected {expected}, got {found}")


class Pixels(nn.Module):
    """The identity: no band, the image as its only residual. The baseline that edits pixels.

    Args:
        shape: height and width of the images.
    """

    tight_frame = True
    residual_policy = {"pixels": "linear"}  # noqa: RUF012

    def __init__(self, shape: tuple[int, int]):
        super().__init__()
        self.shape = check_shape(shape)

    def analyze(self, images: Tensor) -> Coefficients:
        """The images themselves, (batch, channels, height, width), as the residual."""
        return Coefficients((), (check_images(images, self.shape),))

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """The residual itself."""
        check_coefficients(coefficients, [], [self.shape])
        return coefficients.residuals[0]

    def extra_repr(self) -> str:
        return f"{self.shape}"


class Fourier(nn.Module):
    """The discrete Fourier transform of real images, as an orthonormal basis with free phases.

    A real image's spectrum is Hermitian: F(-w) = F*(w). One complex band (batch, channels, 1, height,
    width // 2 + 1), laid out like ``torch.fft.rfft2``, holds one entry of each conjugate pair, times
    sqrt(2) (Parseval); the other entry of a pair within the layout is 0 and is filled in by
    ``synthesize``. The entries that are their own conjugates (the mean, and the Nyquist frequencies of
    even sizes) are real and have no phase: they stand in the residual "self_conjugate", of the same
    layout. So under any phase edit of the band the image stays real and every |F(w)| stays exact.

    Args:
        shape: height and width of the images.
    """

    tight_frame = True
    residual_policy = {"self_conjugate": "fixed"}  # noqa: RUF012

    def __init__(self, shape: tuple[int, int]):
        super().__init__()
        self.shape = check_shape(shape)

    def analyze(self, images: Tensor) -> Coefficients:
        """Half-plane spectrum and self-conjugate entries of images (batch, channels, height, width)."""
        check_images(images, self.shape)
        pairs, _, own = _half_plane(self.shape, images.dtype, images.device)
        spectrum = torch.fft.rfft2(images, norm="ortho")
        return Coefficients(((spectrum * pairs).unsqueeze(2),), (spectrum.real * own,))

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """Images (batch, channels, height, width); what stands at entries that are not free is ignored."""
        height, width = self.shape
        layout = (height, width // 2 + 1)
        check_coefficients(coefficients, [(1, *layout)], [layout])
        (band,), (residual,) = coefficients.bands, coefficients.residuals
        _, back, own = _half_plane(self.shape, residual.dtype, residual.device)
        columns = torch.fft.ifft(band.squeeze(2) * back + residual * own, dim=-2, norm="ortho")
        return torch.fft.irfft(columns, n=width, dim=-1, norm="ortho")

    def extra_repr(self) -> str:
        return f"{self.shape}"


@lru_cache(maxsize=8)
def _half_plane(shape: tuple[int, int], dtype: torch.dtype, device: torch.device) -> tuple[Tensor, ...]:
    """Weights of the entries of a half-plane spectrum: of pairs in analysis and synthesis, of own conjugates.

    In the columns kx = 0 and kx = Nyquist both entries of a pair lie within the layout. One is free; the
    real part that the inverse transform takes of such a column adds its mirror image, at half weight.
    """
    height, width = shape
    with torch.inference_mode(False):
        ky = torch.fft.fftfreq(height, d=1 / height, dtype=dtype, device=device)[:, None]
        kx = torch.arange(width // 2 + 1, dtype=dtype, device=device)[None]
        mirrored_column = (kx == 0) | (2 * kx == width)
        own = mirrored_column & ((ky == 0) | (2 * ky.abs() == height))
        free = ~mirrored_column | ((ky > 0) & ~own)
        pairs = 2**0.5 * free.to(dtype)
        return pairs, torch.where(mirrored_column, pairs, pairs / 2), own.to(dtype)
