"""A layer's activations of many images, as `steerlens.objectives.activations`: a few at once, no gradients.

activations   at each place
pooled        means over places, a row an image
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from steerlens import objectives

BATCH = 64  # images at once: more are slower


def activations(model: nn.Module, layer: str, images: Tensor) -> Tensor:
    """(n, channels, h, w), or (n, channels, tokens), of images (n, channels, height, width)."""
    return _in_batches(lambda part: objectives.activations(model, part, layer), images)


def pooled(model: nn.Module, layer: str, images: Tensor) -> Tensor:
    """(n, channels): means over places of what `activations` has."""
    return _in_batches(lambda part: objectives.activations(model, part, layer).flatten(2).mean(2), images)


@torch.no_grad()
def _in_batches(function: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    return torch.cat([function(part) for part in images.split(BATCH)])
