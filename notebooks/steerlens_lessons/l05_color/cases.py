"""Lesson 05: which coloured digits are asked for what, and the paper's Figures 4, 5 and 6."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from steerlens import Morph, Pixels, extrapolate, steer
from steerlens.data import COLORS, ImageData
from steerlens.evaluation import first_correct
from steerlens.transforms.color import YIQ

from ..l04_mnist.measures import PYRAMID

CHROMATIC = YIQ(PYRAMID)  # the pyramid on Y, I and Q instead of R, G and B
HUES = torch.tensor(list(COLORS.values()))  # (6, 3)
LOWPASS = {"lowpass": "linear"}  # the low-pass residual is moved, too
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


def _batch(model: nn.Module, pairs: ImageData, rows: Sequence[tuple[str, str]]) -> tuple[Tensor, list[int]]:
    """The first image of each row's class that the model gets right, and the targets."""
    chosen = torch.cat([first_correct(model, pairs, 1, source) for source, _ in rows])
    return pairs.images[chosen], [pairs.classes.index(target) for _, target in rows]


def figure_4(model: nn.Module, pairs: ImageData) -> dict[str, Morph]:
    """Figure 4, colour and shape together: in YIQ as the paper shows it, then other edits of the same.

    Args:
        model: the net of sixty classes.
        pairs: ``color_digits(pairs=True)``.
    """
    batch, quiet, morphs = (model, *_batch(model, pairs, ROWS_4)), {"progress": False}, {}
    moved = {"steps": 24, "residuals": LOWPASS}
    for space, transform in {"YIQ": CHROMATIC, "RGB": PYRAMID}.items():
        case = (*batch, transform)
        morphs[f"{space} joint, low-pass moved"] = steer(*case, direction="joint", **moved, **quiet)
        morphs[f"{space} joint"] = steer(*case, direction="joint", steps=40, residuals="fixed", **quiet)
        morphs[f"{space} phase"] = steer(*case, steps=40, residuals="fixed", **quiet)
    return morphs


def figure_5(model: nn.Module, pairs: ImageData) -> dict[str, Morph]:
    """Figure 5, pure colours in RGB: live as the paper's figure looks, then other edits of the same.

    Args:
        model, pairs: as in `figure_4`.
    """
    batch = (model, *_batch(model, pairs, ROWS_5))
    return {
        "live, joint": steer(*batch, PYRAMID, direction="joint", residuals="fixed", progress=False),
        "live, phase": steer(*batch, PYRAMID, steps=40, residuals="fixed", progress=False),
        "frozen": extrapolate(*batch, PYRAMID, alpha=0.3, progress=False),
        "frozen, low-pass fixed": extrapolate(*batch, PYRAMID, residuals="fixed", progress=False),
        "pixels": steer(*batch, Pixels((28, 28)), cap=0.1, progress=False),
    }


def figure_6(model: nn.Module, pairs: ImageData) -> dict[str, Morph]:
    """Figure 6, composite colours in YIQ: all channels as in the paper, then single ones, and RGB.

    The score is the target's logit, which keeps pulling where the probability is 1 already.

    Args:
        model, pairs: as in `figure_4`.
    """
    batch = (model, *_batch(model, pairs, ROWS_6))
    options = {"direction": "joint", "steps": 28, "objective": "logit", "residuals": "fixed"}
    options["progress"] = False
    gains = {"Y, I and Q": (1, 1, 1), "Y alone": (1, 0, 0), "I and Q": (0, 1, 1)}
    morphs = {name: steer(*batch, CHROMATIC, amplifiers=gain, **options) for name, gain in gains.items()}
    return {**morphs, "RGB": steer(*batch, PYRAMID, **options)}


def recolored(
    model: nn.Module, images: Tensor, target: int, amplifiers: Sequence[float], lowpass: bool = True
) -> Morph:
    """A live morph of 16 joint steps in YIQ with an amplifier for each channel, the low-pass moved or not."""
    options = {"direction": "joint", "steps": 16, "residuals": LOWPASS if lowpass else "fixed"}
    return steer(model, images, target, CHROMATIC, amplifiers=amplifiers, progress=False, **options)
