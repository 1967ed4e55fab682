"""Where the brightness of an image, or the energy of an edit, lies; and blurring it."""

import math

import torch
from torch import Tensor, nn


def center_of_mass(images: Tensor) -> Tensor:
    """Centre of mass of the brightness of images (..., height, width), summed over nothing but space.

    Returns:
        (..., 2): y and x in pixels from the centre of the image, down and right positive; 0 for a black one.
    """
    y, x = (torch.arange(n, device=images.device).to(images) - (n - 1) / 2 for n in images.shape[-2:])
    mass = images.sum((-2, -1))
    moments = torch.stack([(images.sum(-1) * y).sum(-1), (images.sum(-2) * x).sum(-1)], -1)
    return moments / torch.where(mass > 0, mass, 1).unsqueeze(-1)


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of images (batch, channels, height, width), ``sigma`` in pixels, black outside."""
    if sigma == 0:
        return images
    reach = math.ceil(4 * sigma)
    kernel = torch.exp(
        -torch.arange(-reach, reach + 1, dtype=torch.float64, device="cpu").square() / (2 * sigma**2)
    )
    kernel = (kernel / kernel.sum()).to(images)[None, None, :, None]
    flat = images.flatten(0, 1).unsqueeze(1)
    for each, padding in ((kernel, (reach, 0)), (kernel.mT, (0, reach))):
        flat = nn.functional.conv2d(flat, each, padding=padding)
    return flat.view_as(images)
