"""Which images are morphed, and what a morph did to them.

first_correct    the first images of a class that the model gets right
center_of_mass   where the brightness of an image lies
"""

import torch
from torch import Tensor, nn

from .checks import check_integer
from .data.images import ImageData, check_image_data
from .gradients import evaluation_mode, model_logits

BATCH = 500  # images that are classified at once


@torch.no_grad()
def first_correct(model: nn.Module, data: ImageData, count: int, name: str | None = None) -> Tensor:
    """Indices (count,) of the first images whose label the model gives the largest logit, in order.

    The rule by which the lessons choose what they show: the first ones, never the prettiest.

    Args:
        model: maps images to logits (batch, classes); used in eval mode and given back as it was.
        data: where to look, from its beginning.
        count: how many.
        name: of the class that they must belong to; any class if None.

    Raises:
        ValueError: there are fewer, or an unknown class.
    """
    count = check_integer("count", count, 1)
    check_image_data(data)
    candidates = torch.arange(len(data)) if name is None else data.indices_of(name)
    found = candidates[:0]
    with evaluation_mode(model):
        for rows in candidates.split(BATCH):
            seen = model_logits(model, data.images[rows]).argmax(dim=1)
            found = torch.cat([found, rows[seen == data.labels[rows]]])
            if len(found) >= count:
                return found[:count]
    kind = "images" if name is None else f"images of class {name!r}"
    raise ValueError(
        f"count: expected at most {len(found)}, the {kind} that the model gets right, got {count}"
    )


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
