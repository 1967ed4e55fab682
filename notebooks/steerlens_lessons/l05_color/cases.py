"""Lesson 05: which coloured digits are asked for what, and the paper's Figures 4, 5 and 6."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from steerlens import Morph, extrapolate, steer
from steerlens.data import COLORS, ImageData
from steerlens.evaluation import first_correct
from steerlens.transforms.base import Transform
from steerlens.transforms.color import YIQ

from ..l04_mnist.measures import PYRAMID

CHROMATIC = YIQ(PYRAMID)  # the pyramid on Y, I and Q instead of R, G and B
HUES = torch.tensor(list(COLORS.values()))  # (6, 3)
ALPHA = 0.3  # of the frozen rows
ROWS_4 = (("cyan 3", "yellow 8"), ("yellow 5", "magenta 9"))
ROWS_5 = (
    ("red 5", "red 3"),
    ("green 9", "green 4"),
    ("blue 3", "blue 5"),
    ("green 5", "green 3"),
    ("red 4", "red 7"),
)
ROWS_6 = (
    ("magenta 5", "magenta 6"),
    ("yellow 5", "yellow 9"),
    ("cyan 5", "cyan 8"),
    ("magenta 8", "magenta 3"),
)


def sources(
    model: nn.Module, data: ImageData, count: int, colors: Sequence[str] = tuple(COLORS)
) -> ImageData:
    """The first images in these colours that the model gets right, in order."""
    painted = data.images.amax((2, 3)) > 0
    wanted = torch.tensor([COLORS[name] for name in colors]) > 0
    fits = (painted[:, None] == wanted).all(2).any(1)
    candidates = data[fits.nonzero()[: 4 * count, 0]]
    return candidates[first_correct(model, candidates, count)]


def other_digits(labels: Tensor, seed: int = 0) -> Tensor:
    """For each label another digit of the same colour, drawn at random; ten classes or sixty."""
    drawn = torch.randint(1, 10, labels.shape, generator=torch.Generator().manual_seed(seed))
    return labels // 10 * 10 + (labels % 10 + drawn) % 10


def other_colors(labels: Tensor, colors: Sequence[str] = tuple(COLORS), seed: int = 0) -> Tensor:
    """For each label of the sixty the same digit in another of these colours, drawn at random."""
    codes = torch.tensor([list(COLORS).index(name) for name in colors])
    place = (labels[:, None] // 10 == codes).to(torch.uint8).argmax(1)
    drawn = torch.randint(1, len(codes), labels.shape, generator=torch.Generator().manual_seed(seed))
    return codes[(place + drawn) % len(codes)] * 10 + labels % 10


def paint(targets: Tensor) -> Tensor:
    """Plain images (batch, 3, 1, 1) in the colours of labels of the sixty."""
    return HUES[targets // 10][:, :, None, None]


def case(model: nn.Module, pairs: ImageData, rows: Sequence[tuple[str, str]]) -> tuple[Tensor, list[int]]:
    """The first image of each row's class that the model gets right, and the targets."""
    chosen = torch.cat([first_correct(model, pairs, 1, source) for source, _ in rows])
    return pairs.images[chosen], [pairs.classes.index(target) for _, target in rows]


def _figure(
    model: nn.Module, pairs: ImageData, rows: Sequence[tuple[str, str]], transform: Transform, **live: Any
) -> dict[str, Morph]:
    """A live morph, then frozen ones: with the low-pass moved as well, and the paper's literal Eq. 10-11."""
    batch, quiet = (model, *case(model, pairs, rows), transform), {"progress": False}
    return {
        "live, joint": steer(*batch, direction="joint", **live, **quiet),
        "frozen, low-pass moved": extrapolate(*batch, alpha=ALPHA, **quiet),
        "frozen, phases alone (the paper's)": extrapolate(*batch, alpha=ALPHA, residuals="fixed", **quiet),
    }


# Of the net of sixty classes and its pairs. The logit keeps pulling where the probability is 1 already.
figure_4 = partial(_figure, rows=ROWS_4, transform=CHROMATIC)
figure_5 = partial(_figure, rows=ROWS_5, transform=PYRAMID, residuals="fixed")
figure_6 = partial(_figure, rows=ROWS_6, transform=CHROMATIC, residuals="fixed", objective="logit", steps=28)


def recolored(
    model: nn.Module, images: Tensor, target: int, amplifiers: Sequence[float], lowpass: bool = True
) -> Morph:
    """A live morph of 16 joint steps in YIQ with an amplifier for each channel, the low-pass moved or not."""
    options = {"amplifiers": amplifiers, "residuals": None if lowpass else "fixed", "progress": False}
    return steer(model, images, target, CHROMATIC, direction="joint", steps=16, **options)
