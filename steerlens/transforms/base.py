"""What every transform has in common, and the two simplest: the Fourier transform and the pixels.

A transform turns images into `Coefficients` (complex bands, whose phase can be edited, and real
residuals, which have none) and back. All transforms here are tight frames: ``synthesize`` undoes
``analyze`` and is its adjoint, so energies are equal and the gradient with respect to coefficients is
the analysis of the gradient with respect to pixels. The pyramid stands in ``pyramid.py``.
"""

from functools import lru_cache
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .._internal.checks import check_images, check_shape
from .coefficients import Coefficients, check_coefficients


class Transform(Protocol):
    """What the rest of the library needs of a transform (`SteerablePyramid`, `Fourier`, `Pixels`, yours).

    Attributes:
        shape: height and width of the images.
        residual_policy: for each residual, by name and in order, what extrapolation does with it unless
            told otherwise: "linear" (Eq. 2) or "fixed".
        tight_frame: whether ``synthesize`` is the adjoint of ``analyze``. Gradients of other transforms
            are taken by their ``synthesize_adjoint(gradient)``, if they have one, else through
            ``synthesize`` by autograd, which is slower.
        channels_apart: optional; True if every channel is treated alike and alone, so that images too large
            for the memory are worked on a channel at a time.
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
    height, width = transform.shape
    return height, width


class ImageTransform(nn.Module):
    """What all transforms here have: ``transform(images)`` analyses, and ``state_dict`` tells the settings.

    Args:
        shape: height and width of the images.
    """

    def __init__(self, shape: tuple[int, int]):
        super().__init__()
        self.shape = check_shape(shape)

    def analyze(self, images: Tensor) -> Coefficients:
        """Coefficients of real images (batch, channels, height, width)."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Coefficients:
        """The same: a transform is called like any module."""
        return self.analyze(images)

    def settings(self) -> dict[str, Any]:
        """What it was made with: integers, and pairs of them."""
        return {"shape": self.shape}

    def get_extra_state(self) -> Tensor:
        """Its settings as a tensor, which so is part of ``state_dict``."""
        return torch.tensor(
            [
                part
                for value in self.settings().values()
                for part in torch.tensor(value, device="cpu").view(-1)
            ]
        )

    def set_extra_state(self, state: Tensor) -> None:
        """Raise ValueError unless a state that is loaded is that of a transform with the same settings."""
        if not torch.equal(state.cpu(), self.get_extra_state()):
            expected = f"{self.get_extra_state().tolist()} ({', '.join(self.settings())})"
            raise ValueError(f"state_dict: expected settings {expected}, got {state.tolist()}")

    def extra_repr(self) -> str:
        return f"{self.shape}"


class Pixels(ImageTransform):
    """The identity: no band, the image as its only residual. The baseline that edits pixels.

    Args:
        shape: height and width of the images.
    """

    tight_frame = channels_apart = True
    residual_policy = {"pixels": "linear"}  # noqa: RUF012

    def analyze(self, images: Tensor) -> Coefficients:
        """The images themselves, (batch, channels, height, width), as the residual."""
        return Coefficients((), (check_images(images, self.shape),))

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """The residual itself."""
        check_coefficients(coefficients, [], [self.shape])
        return coefficients.residuals[0]


class Fourier(ImageTransform):
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

    tight_frame = channels_apart = True
    residual_policy = {"self_conjugate": "fixed"}  # noqa: RUF012

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
