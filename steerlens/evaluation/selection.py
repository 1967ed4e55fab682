"""Which images are morphed: the first ones that the model gets right, never the prettiest."""

import torch
from torch import Tensor, nn

from .._internal.checks import check_integer
from .._internal.modes import evaluation_mode
from ..data.images import ImageData, check_image_data
from ..morphs.scores import model_logits

BATCH = 500  # images that are classified at once


@torch.no_grad()
def first_correct(model: nn.Module, data: ImageData, count: int, name: str | None = None) -> Tensor:
    """Indices (count,) of the first images whose label the model gives the largest logit, in order.

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
    candidates = torch.arange(len(data), device=data.labels.device) if name is None else data.indices_of(name)
    found = candidates[:0]
    with evaluation_mode(model):
        for rows in candidates.split(BATCH):
            seen = model_logits(model, data.images[rows]).argmax(dim=1)
            found = torch.cat([found, rows[seen == data.labels[rows]]])
            if len(found) >= count:
                return found[:count]
    right = f"the images{'' if name is None else f' of class {name!r}'} that the model gets right"
    raise ValueError(f"count: expected at most {len(found)}, {right}, got {count}")
