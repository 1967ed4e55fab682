"""Lesson 11: the checks of its exercises."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ..common.exercises import Key, exercise, numbers
from ..l04_mnist import checks as lesson_04
from .measures import grey_levels

check_peak = lesson_04.check_peak


@exercise("softmax sees only differences: which two logits differ by z?")
def check_two_logits(net: nn.Module, images: Tensor) -> Key:
    """A wrapper that makes a classifier with one logit into one with two, of the same probabilities."""

    def pair(first: Any, second: Any) -> Any:
        return lambda images: torch.cat([first(net(images)), second(net(images))], 1)

    def same(z: Tensor) -> Tensor:
        return z

    slips = {
        "the two classes are swapped: z belongs to class 1": pair(same, torch.zeros_like),
        "those are probabilities, not logits": pair(lambda z: 1 - z.sigmoid(), torch.sigmoid),
        "-z and z differ by 2z": pair(torch.neg, same),
    }
    kind = "a module that returns logits (batch, 2)"
    words = f"{kind}, whose softmax is 1 - sigmoid(z) and sigmoid(z)"
    values = {"words": words, "of": lambda wrapper: wrapper(images).softmax(-1)}
    return numbers(pair(torch.zeros_like, same), kind, 1e-5, slips, **values)


@exercise("a module whose `forward` calls `interpolate` on its images, then the network.")
def check_resized(net: nn.Module, images: Tensor, side: int) -> Key:
    """A wrapper that scales images to the size of the network's input (bilinear, with antialias)."""

    def scaled(**how: Any) -> Any:
        return lambda images: net(interpolate(images, (side, side), **how))

    kind = f"a module that scales images to {side}x{side}, then calls the network"
    slips = {
        "without `antialias=True` most pixels are never looked at": scaled(mode="bilinear"),
        "it takes the nearest pixel, and bilinear was asked for": scaled(mode="nearest"),
        "it cuts the images, and they were to be scaled": lambda images: net(images[..., :side, :side]),
    }
    values = {"words": f"{kind} (bilinear, antialias=True)", "of": lambda wrapper: wrapper(images)}
    return numbers(scaled(mode="bilinear", antialias=True), kind, 1e-4, slips, **values)


@exercise("the root mean square is L2 over the root of the number of values, in colour three a pixel.")
def check_grey_levels(distance: float, images: Tensor) -> Key:
    """The root mean square change of a pixel at an L2 distance, in levels of 255, to a hundredth."""
    levels, size = grey_levels(distance, images), images[0].numel()
    slips = {
        "that counts one value a pixel, and a colour has three": levels * len(images[0]) ** 0.5,
        "it is divided by the number of values, and its root was needed": 255 * distance / size,
        "that is a change in [0, 1], not yet in levels of 255": levels / 255,
    }
    return numbers(levels, "a number of grey levels", 3e-3, slips)
