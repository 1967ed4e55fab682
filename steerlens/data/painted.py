"""Colour MNIST (Sec. 4.3): digits painted in a colour each. Made from the digits at hand."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from .._internal.checks import LARGEST_SEED, check_choice, check_flag, check_integer
from .images import ImageData
from .mnist import digits

COLORS = {
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
    "magenta": (1.0, 0.0, 1.0),
    "yellow": (1.0, 1.0, 0.0),
    "cyan": (0.0, 1.0, 1.0),
}
PURE, COMPOSITE = tuple(COLORS)[:3], tuple(COLORS)[3:]


def color_digits(
    train: bool = False, colors: Sequence[str] = tuple(COLORS), pairs: bool = False, seed: int = 0
) -> ImageData:
    """The digits at hand (n, 3, 28, 28) in RGB, each painted in a colour drawn at random.

    Args:
        train: the training images of :func:`steerlens.data.digits`, or its test images.
        colors, pairs, seed: as in :func:`paint`.

    Raises:
        TypeError, ValueError: no colours, an unknown or a repeated one, or a bad seed.
    """
    return paint(digits(train), colors, pairs, seed)


def paint(
    grey: ImageData, colors: Sequence[str] = tuple(COLORS), pairs: bool = False, seed: int = 0
) -> ImageData:
    """Grey images (n, 1, height, width) as (n, 3, height, width) in RGB, each in a colour drawn at random.

    Args:
        grey: the images; their training split is painted in the same way.
        colors: names to draw from: pure (red, green, blue) and composite (magenta, yellow, cyan).
        pairs: every (class, colour) is a class of its own, "cyan 3" for instance, in the order of
            ``colors``. Otherwise the classes are those of the grey images, whatever their colour.
        seed: of the draw.

    Raises:
        TypeError, ValueError: no colours, an unknown or a repeated one, or a bad seed.
    """
    if not isinstance(colors, Sequence) or isinstance(colors, str) or not colors:
        raise TypeError(f"colors: expected names such as {PURE}, got {colors!r}")
    colors = tuple(check_choice("colors", name, COLORS) for name in colors)
    if len(set(colors)) < len(colors):
        raise ValueError(f"colors: expected each name once, got {colors}")
    check_flag("pairs", pairs)
    generator = torch.Generator().manual_seed(check_integer("seed", seed, 0, LARGEST_SEED))
    drawn = torch.randint(len(colors), (len(grey),), generator=generator)
    rgb = torch.tensor([COLORS[name] for name in colors])[drawn]
    images = grey.images * rgb[:, :, None, None]
    source = f"{grey.source} in {', '.join(colors)}"
    labels, classes = grey.labels, grey.classes
    if pairs:
        labels, source = drawn * len(classes) + labels, f"{source}, a class each"
        classes = tuple(f"{color} {name}" for color in colors for name in classes)
    return ImageData(images, labels, classes, source, partial(_painted_training, grey, colors, pairs, seed))


def _painted_training(grey: ImageData, *how: Any) -> ImageData:
    return paint(grey.training_split(), *how)
