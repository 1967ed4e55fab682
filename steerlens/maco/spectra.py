"""How strong each wave of natural images is: the magnitudes that MACO holds, and what they were measured on.

Images in [0, 1] are brought to a canvas u, where colours are uncorrelated and nothing is bounded:
u = M^-1 (logit(x) - m), with m the mean colour of the logits and M M^T their covariance over all pixels. The
way back, x = sigmoid(M u + m), always ends in (0, 1).
"""

import hashlib
import operator
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path

import torch
from torch import Tensor
from torchvision.transforms import v2

from .._internal.checks import check_images, check_integer
from .._internal.modes import own_precision
from ..data.images import ImageData
from ..data.pictures import read_picture
from ..transforms.base import Fourier, Transform, check_transform
from ..transforms.coefficients import Coefficients

MARGIN = 0.01  # values nearer to 0 or 1 than this have the logit of the margin
SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Spectrum:
    """Mean magnitudes r = E|F(u)| of the canvases of some images (Definition 2.1).

    Attributes:
        transform: F; `Fourier` for the paper's MACO, `SteerablePyramid` for that of the pyramid.
        magnitudes: of each band, real (1, channels, orientations, h, w), >= 0.
        residuals: means of the transform's residuals, which are real and have no phase.
        mixing: M (channels, channels), whose columns are orthogonal, the strongest first.
        mean_color: m (channels,), in logits.
        count: number of images.
        source: what the images are.
        sha256: of the images as they were used: float32, (n, channels, height, width).
    """

    transform: Transform
    magnitudes: tuple[Tensor, ...]
    residuals: tuple[Tensor, ...]
    mixing: Tensor
    mean_color: Tensor
    count: int
    source: str
    sha256: str

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the images."""
        return self.transform.shape

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return len(self.mixing)

    @cached_property
    def unmixing(self) -> Tensor:
        """M^-1."""
        return torch.linalg.inv(self.mixing)

    def canvas_of(self, images: Tensor) -> Tensor:
        """Canvases (n, channels, height, width) of images in [0, 1]."""
        images = check_images(images, self.shape, unit_range=True)
        logits = torch.logit(images, MARGIN) - self.mean_color.to(images)[:, None, None]
        return torch.einsum("ij,njhw->nihw", self.unmixing.to(images), logits)

    def images_of(self, canvas: Tensor) -> Tensor:
        """Images (n, channels, height, width) in (0, 1) of canvases: sigmoid(M u + m)."""
        mixed = torch.einsum("ij,njhw->nihw", self.mixing.to(canvas), canvas)
        return torch.sigmoid(mixed + self.mean_color.to(canvas)[:, None, None])

    def synthesize(self, phases: tuple[Tensor, ...], contrast: float = 1.0) -> Tensor:
        """F^-1(contrast r e^{i phi}): canvases (n, channels, height, width) of phases in radians.

        What has no phase stays at its mean, whatever the contrast.
        """
        pairs = zip(self.magnitudes, phases, strict=True)
        return self.with_bands([contrast * r * torch.exp(1j * phase) for r, phase in pairs])

    def with_bands(self, bands: list[Tensor]) -> Tensor:
        """Canvases of complex bands (n, channels, orientations, h, w) and of the mean residuals."""
        residuals = [mean.expand(len(bands[0]), *mean.shape[1:]) for mean in self.residuals]
        return self.transform.synthesize(Coefficients(tuple(bands), tuple(residuals)))

    def to(self, target: torch.device | torch.dtype) -> "Spectrum":
        """The same in another precision or on another device."""
        bands, residuals = (tuple(t.to(target) for t in part) for part in (self.magnitudes, self.residuals))
        moved = replace(self, magnitudes=bands, residuals=residuals)
        return replace(moved, mixing=self.mixing.to(target), mean_color=self.mean_color.to(target))

    def __str__(self) -> str:
        height, width = self.shape
        return f"{self.count} images of {height}x{width} ({self.source}), SHA-256 {self.sha256[:12]}..."


@own_precision(gradients=False)
def magnitude_spectrum(
    images: Tensor | ImageData | str | Path, transform: Transform | None = None, size: int | None = None
) -> Spectrum:
    """Mean magnitudes of the transforms of images, in their own decorrelated colours.

    Args:
        images: (n, channels, height, width) in [0, 1], labelled images, or a folder of pictures.
        transform: for images of that height and width; `Fourier` if None.
        size: of a folder's pictures only: their shorter side is brought to it and the centre cut out.

    Raises:
        TypeError: neither a tensor, nor labelled images, nor a path.
        ValueError: values outside [0, 1], images of one colour, no pictures, or a size where none is due.
    """
    images, source = _images_and_source(images, size)
    transform = Fourier((images.shape[-2], images.shape[-1])) if transform is None else transform
    images = check_images(images, check_transform(transform), unit_range=True)
    logits = torch.logit(images.double(), MARGIN)
    mean = logits.mean((0, 2, 3))
    pixels = (logits - mean[:, None, None]).movedim(1, 0).flatten(1)
    variances, axes = torch.linalg.eigh(pixels @ pixels.T / pixels.shape[1])
    if not variances.min() > 1e-9:
        raise ValueError("images: expected colours that vary in every channel, got some that do not")
    axes = axes * torch.where(axes.sum(0) < 0, -1, 1)  # signs that no library decides
    mixing = (axes * variances.sqrt()).flip(1)
    digest = hashlib.sha256(images.float().contiguous().cpu().numpy().tobytes()).hexdigest()
    bare = Spectrum(transform, (), (), mixing, mean, len(images), source, digest)
    found = (transform.analyze(bare.canvas_of(image)) for image in images.double().split(1))  # saves memory
    shares = (c.map(lambda band: band.abs() / len(images), lambda rest: rest / len(images)) for c in found)
    mean_of = reduce(operator.add, shares)
    return replace(bare, magnitudes=mean_of.bands, residuals=mean_of.residuals).to(images.dtype)


def _images_and_source(images: Tensor | ImageData | str | Path, size: int | None) -> tuple[Tensor, str]:
    if isinstance(images, str | Path):
        size, folder = check_integer("size", size, 8), Path(images)
        paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
        if not paths:
            raise ValueError(f"images: expected a folder of pictures, got {str(folder)!r}, which has none")
        centre = v2.Compose([v2.Resize(size), v2.CenterCrop(size)])
        return torch.stack([read_picture(path, 3, centre) for path in paths]), folder.name
    if size is not None:
        raise ValueError(f"size: expected None, for these images have one, got {size!r}")
    if isinstance(images, ImageData):
        return images.images, images.source
    return check_images(images), "a tensor"
