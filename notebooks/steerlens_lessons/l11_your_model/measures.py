"""Lesson 11: a classifier with photographs, and what is asked about their morphs.

subject        the classifier of the lesson with photographs that it gets right
other_models   further classifiers of ImageNet, as far as their weights are at hand
seen_again     the same images mirrored, shifted, and at half the resolution
grey_levels    an L2 distance as the typical change of a pixel, of 255
"""

import contextlib
import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from steerlens import SteerablePyramid, data, imagenet, models
from steerlens.data import ImageData
from steerlens.evaluation import first_correct

from ..l10_linear.measures import pretrained_models

SIZE = 224  # side of the photographs


def subject(count: int, name: str = "squeezenet1_0") -> tuple[nn.Module, ImageData, SteerablePyramid]:
    """A classifier of ImageNet, the first photographs that it gets right, and a pyramid for them.

    Without its weights, or with fewer photographs, our own classifier of colour digits stands in for both.

    Args:
        count: how many images.
        name: of one of torchvision's classifiers.
    """
    model = imagenet.pretrained(name)
    if model is not None:
        photos = data.photos(SIZE)
        with contextlib.suppress(ValueError):  # fewer photographs than asked for
            return model, photos[first_correct(model, photos, count)], SteerablePyramid((SIZE, SIZE), 4, 4)
    print("Our own classifier of colour digits stands in for it.")
    digits = data.color_digits()
    model = models.load("color_lenet", digits)
    return model, digits[first_correct(model, digits, count)], SteerablePyramid((28, 28), 3, 4, padding=2)


def other_models(names: Sequence[str]) -> dict[str, nn.Module]:
    """Further classifiers of ImageNet, by their names; those without weights here are said and left out."""
    found = pretrained_models(names)
    for name, model in found.items():
        if model is None:
            print(f"{name}: no weights here.")
    return {name: model for name, model in found.items() if model is not None}


def seen_again(images: Tensor) -> dict[str, Tensor]:
    """The images as they are; mirrored; moved by a 28th of their width; at half the resolution and back."""
    half = avg_pool2d(images, 2)
    back = interpolate(half, images.shape[-2:], mode="bilinear", align_corners=False)
    moved = images.roll(images.shape[-1] // 28, -1)
    return {"as it is": images, "mirrored": images.flip(-1), "shifted": moved, "halved": back}


def grey_levels(distance: float | Tensor, images: Tensor) -> float | Tensor:
    """The root mean square change, in levels of 255, that an L2 distance is for images of this size."""
    return 255 * distance / math.sqrt(images[0].numel())
