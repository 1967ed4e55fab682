"""Where the brightness of an image, or the energy of an edit, lies."""

import torch
from torch import Tensor


def center_of_mass(images: Tensor) -> Tensor:
    """Centre of mass of the brightness of images (..., height, width), summed over nothing but space.

    Returns:
        (..., 2): y and x in pixels from the centre of the image, down and right positive; 0 for a black one.
    """
    height, width = images.shape[-2:]
    y = torch.arange(height, dtype=images.dtype, device=images.device) - (height - 1) / 2
    x = torch.arange(width, dtype=images.dtype, device=images.device) - (width - 1) / 2
    mass = images.sum((-2, -1))
    moments = torch.stack([(images.sum(-1) * y).sum(-1), (images.sum(-2) * x).sum(-1)], -1)
    return moments / torch.where(mass > 0, mass, 1).unsqueeze(-1)
