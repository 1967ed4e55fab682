"""Lesson 11: a classifier and photographs, what is measured on their morphs, and the checks of the exercises.

    subject        the classifier of the lesson with photographs that it gets right
    other_models   further classifiers of ImageNet, as far as their weights are at hand
    seen_again     the same images mirrored, shifted, and at half the resolution
    grey_levels    an L2 distance as the typical change of a pixel, of 255

The figure stands in `your_model_figures.py`.
"""

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from steerlens import data as datasets
from steerlens import imagenet, models
from steerlens.data import ImageData
from steerlens.evaluation import first_correct
from steerlens.morphs.gradients import evaluation_mode, model_logits
from steerlens.morphs.morph import Morph
from steerlens.transforms.pyramid import SteerablePyramid

from ..common.verdict import verdict

SIZE = 224  # side of the photographs


@dataclass(frozen=True)
class Subject:
    """What the lesson works on.

    Attributes:
        name: of the classifier.
        model: maps images in [0, 1] to logits.
        images: (n, 3, height, width) in [0, 1], which the model gets right.
        labels: (n,) class indices.
        classes: names of the classes.
        pyramid: for these images.
        photographs: whether they are photographs, or the stand-in.
    """

    name: str
    model: nn.Module
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    pyramid: SteerablePyramid
    photographs: bool


def subject(count: int, name: str = "squeezenet1_0") -> Subject:
    """A classifier of ImageNet and the first photographs that it gets right.

    Without its weights, or with fewer photographs, our own classifier of colour digits stands in for both.

    Args:
        count: how many images.
        name: of one of torchvision's classifiers.
    """
    model = imagenet.pretrained(name)
    if model is not None:
        photos = datasets.photos(SIZE)
        with contextlib.suppress(ValueError):  # fewer photographs than asked for
            return _chosen(name, model, photos, count, SteerablePyramid((SIZE, SIZE), 4, 4), True)
    print("Our own classifier of colour digits stands in for it.")
    digits = datasets.color_digits()
    pyramid = SteerablePyramid((28, 28), 3, 4, padding=2)
    return _chosen("color_lenet", models.load("color_lenet", digits), digits, count, pyramid, False)


def _chosen(
    name: str, model: nn.Module, data: ImageData, count: int, pyramid: SteerablePyramid, photographs: bool
) -> Subject:
    rows = first_correct(model, data, count)
    return Subject(name, model, data.images[rows], data.labels[rows], data.classes, pyramid, photographs)


def other_models(names: Sequence[str], photographs: bool) -> dict[str, nn.Module]:
    """Further classifiers of ImageNet by name; those without weights here are said and left out.

    Args:
        names: of torchvision's classifiers.
        photographs: whether the images are photographs; without them there is nothing to ask.
    """
    found = {}
    for name in names if photographs else ():
        with contextlib.redirect_stdout(io.StringIO()):  # the folder's name, which differs everywhere
            model = imagenet.pretrained(name)
        if model is None:
            print(f"{name}: no weights here.")
        else:
            found[name] = model
    return found


def runner_up(model: nn.Module, images: Tensor) -> Tensor:
    """The second most probable class of each image, (n,)."""
    with evaluation_mode(model), torch.no_grad():
        return model_logits(model, images).topk(2).indices[:, 1]


def seen_again(images: Tensor) -> dict[str, Tensor]:
    """The images as they are; mirrored; moved by a 28th of their width; at half the resolution and back."""
    half = nn.functional.avg_pool2d(images, 2)
    back = nn.functional.interpolate(half, images.shape[-2:], mode="bilinear", align_corners=False)
    moved = images.roll(images.shape[-1] // 28, -1)
    return {"as it is": images, "mirrored": images.flip(-1), "shifted": moved, "halved": back}


def peak(morph: Morph) -> tuple[Tensor, Tensor]:
    """The k at which each morph's target is most probable, and this probability: (batch,) each."""
    best, at = morph.target_probabilities.max(dim=1)
    return morph.steps[at], best


def grey_levels(distance: float | Tensor, images: Tensor) -> float | Tensor:
    """The root mean square change, in levels of 255, that an L2 distance is for images of this size."""
    return 255 * distance / math.sqrt(images[0].numel())


def check_two_logits(answer: Any, net: nn.Module, images: Tensor) -> None:
    """A wrapper that makes a classifier with one logit into one with two, of the same probabilities."""
    with torch.no_grad():
        p = net(images).sigmoid()[:, 0]

    def right(wrapper: nn.Module) -> bool:
        with torch.no_grad():
            logits = wrapper(images)
        both = torch.stack([1 - p, p], 1)
        return logits.shape == both.shape and torch.allclose(logits.softmax(1), both, atol=1e-5)

    kind = "a module that returns logits (batch, 2)"
    verdict(answer, kind, f"{kind}, whose softmax is 1 - sigmoid(z) and sigmoid(z)", right)


def check_resized(answer: Any, net: nn.Module, images: Tensor, side: int) -> None:
    """A wrapper that scales images to the size of the network's input (bilinear, with antialias)."""
    shape = (side, side)
    with torch.no_grad():
        small = nn.functional.interpolate(images, shape, mode="bilinear", antialias=True, align_corners=False)
        expected = net(small)

    def right(wrapper: nn.Module) -> bool:
        with torch.no_grad():
            found = wrapper(images)
        return found.shape == expected.shape and torch.allclose(found, expected, atol=1e-4)

    kind = f"a module that scales images to {side}x{side}, then calls the network"
    verdict(answer, kind, f"{kind} (bilinear, antialias=True)", right)


def check_peak(answer: Any, morph: Morph) -> None:
    """The k at which the median of the target's probabilities is largest."""
    k = morph.steps[morph.target_probabilities.median(0).values.argmax()].item()
    verdict(answer, "a value of k", f"k = {k:g}", lambda found: float(found) == k)


def check_grey_levels(answer: Any, distance: float, images: Tensor) -> None:
    """The root mean square change of a pixel at an L2 distance, in levels of 255, to a hundredth."""
    expected = grey_levels(distance, images)
    kind = "a number of grey levels"
    verdict(answer, kind, f"{expected:.2f}", lambda found: abs(float(found) - expected) < 0.01)
