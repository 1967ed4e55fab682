"""Colour: RGB and YIQ, transforms that edit YIQ, and the hue of what is shown.

YIQ is the colour space of NTSC television (Sec. 4.3): Y is luminance; I (orange to blue) and Q (purple to
green) are chrominance, 0 for grey. It is a linear map of R, G and B, and not an orthogonal one.

    rgb_to_yiq, yiq_to_rgb   exact inverses of each other
    YIQ                      a transform of RGB images whose three channels are those of YIQ
    hue, hue_difference      of the whole image, in degrees
"""

from functools import lru_cache

import torch
from torch import Tensor

from .._internal.checks import check_images
from .base import ImageTransform, Transform, check_transform
from .coefficients import Coefficients

RGB_TO_YIQ = (  # the standard's luminance weights, and its U and V axes turned by 33 degrees
    (0.299, 0.587, 0.114),
    (0.59590059, -0.27455667, -0.32134392),
    (0.21153661, -0.52273617, 0.31119955),
)


def rgb_to_yiq(images: Tensor) -> Tensor:
    """YIQ of RGB images (batch, 3, height, width) in [0, 1]: Y in [0, 1], |I| <= 0.596, |Q| <= 0.523."""
    return _mixed(check_rgb(images), 0)


def yiq_to_rgb(images: Tensor) -> Tensor:
    """RGB of YIQ images (batch, 3, height, width), the inverse of `rgb_to_yiq`; not clipped to [0, 1]."""
    return _mixed(check_rgb(images), 1)


def check_rgb(images: Tensor) -> Tensor:
    """``images`` if they have three channels. Raises TypeError or ValueError."""
    if check_images(images).shape[1] != 3:
        raise ValueError(f"images: expected shape (batch, 3, height, width), got {tuple(images.shape)}")
    return images


def _mixed(images: Tensor, inverse: int) -> Tensor:
    matrix = _matrices(images.dtype, images.device)[inverse]
    return torch.einsum("ij,bjhw->bihw", matrix, images)


@lru_cache(maxsize=8)
def _matrices(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """RGB to YIQ, and its inverse, computed in float64."""
    with torch.inference_mode(False):
        matrix = torch.tensor(RGB_TO_YIQ, dtype=torch.float64, device="cpu")
        return matrix.to(dtype).to(device), torch.linalg.inv(matrix).to(dtype).to(device)


class YIQ(ImageTransform):
    """A transform of RGB images that works on Y, I and Q: ``YIQ(SteerablePyramid(...))``.

    Coefficients, and with them ``amplifiers=``, have the channels Y, I, Q; images stay RGB, and so does
    the clipping to [0, 1]. Because the map is not orthogonal, this is no tight frame.

    Args:
        transform: takes each channel apart; a tight frame.

    Raises:
        TypeError, ValueError: no transform, or no tight frame.
    """

    tight_frame = False

    def __init__(self, transform: Transform):
        super().__init__(check_transform(transform))
        if not transform.tight_frame:
            raise ValueError(f"transform: expected a tight frame such as Fourier, got {transform!r}")
        self.transform = transform
        self.residual_policy = transform.residual_policy

    def analyze(self, images: Tensor) -> Coefficients:
        """Coefficients of RGB images (batch, 3, height, width), their channels being Y, I and Q."""
        return self.transform.analyze(rgb_to_yiq(images))

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """RGB images (batch, 3, height, width) of coefficients whose channels are Y, I and Q."""
        return yiq_to_rgb(self.transform.synthesize(coefficients))

    def synthesize_adjoint(self, gradient: Tensor) -> Coefficients:
        """Coefficients from a gradient by R, G, B (batch, 3, height, width): the chain rule, M^-T first."""
        inverse = _matrices(gradient.dtype, gradient.device)[1]
        return self.transform.analyze(torch.einsum("ji,bjhw->bihw", inverse, gradient))


def hue(images: Tensor) -> Tensor:
    """Hue of the light of whole RGB images (batch, 3, height, width): degrees (batch,), red 0, green 120.

    The angle of the summed chroma in the plane across the grey axis; NaN for an image without colour.
    """
    light = check_rgb(images).sum((-2, -1))
    chroma = chroma_plane(light)
    colorless = chroma.abs() <= 1e-6 * light.sum(1)
    return torch.where(colorless, torch.nan, torch.rad2deg(chroma.angle()) % 360)


def chroma_plane(colors: Tensor) -> Tensor:
    """Chroma of RGB colours (batch, 3, ...) as complex numbers (batch, ...) whose angle is the hue."""
    red, green, blue = colors.unbind(1)
    return torch.complex(red - (green + blue) / 2, 0.75**0.5 * (green - blue))


def hue_difference(images: Tensor, others: Tensor) -> Tensor:
    """By how many degrees (batch,) the hues of two batches of RGB images differ: 0 to 180."""
    return ((hue(images) - hue(others) + 180) % 360 - 180).abs()
