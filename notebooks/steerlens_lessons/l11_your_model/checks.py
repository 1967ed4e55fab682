"""Lesson 11: the checks of its exercises."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from steerlens import Morph

from ..common.verdict import chosen, close, verdict
from .measures import grey_levels


@torch.no_grad()
def check_two_logits(answer: Any, net: nn.Module, images: Tensor) -> None:
    """A wrapper that makes a classifier with one logit into one with two, of the same probabilities."""
    p = net(images).sigmoid()
    both = torch.cat([1 - p, p], 1)
    kind = "a module that returns logits (batch, 2)"
    words = f"{kind}, whose softmax is 1 - sigmoid(z) and sigmoid(z)"
    verdict(answer, kind, words, lambda wrapper: near(wrapper(images).softmax(-1), both, 1e-5))


@torch.no_grad()
def check_resized(answer: Any, net: nn.Module, images: Tensor, side: int) -> None:
    """A wrapper that scales images to the size of the network's input (bilinear, with antialias)."""
    small = interpolate(images, (side, side), mode="bilinear", antialias=True, align_corners=False)
    expected = net(small)
    kind = f"a module that scales images to {side}x{side}, then calls the network"
    words = f"{kind} (bilinear, antialias=True)"
    verdict(answer, kind, words, lambda wrapper: near(wrapper(images), expected, 1e-4))


def near(found: Tensor, expected: Tensor, tolerance: float) -> bool:
    """Whether a tensor has the shape of another, and its numbers to a tolerance."""
    return found.shape == expected.shape and torch.allclose(found, expected, atol=tolerance)


def check_peak(answer: Any, morph: Morph) -> None:
    """The k at which the median of the target's probabilities is largest."""
    middle = morph.target_probabilities.quantile(0.5, dim=0)
    chosen(answer, morph.steps[middle.argmax()].item(), "a value of k")


def check_grey_levels(answer: Any, distance: float, images: Tensor) -> None:
    """The root mean square change of a pixel at an L2 distance, in levels of 255, to a hundredth."""
    close(answer, grey_levels(distance, images), "a number of grey levels", 0.01)
