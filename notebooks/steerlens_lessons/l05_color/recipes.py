"""Lesson 05: sources and targets, the paper's Figures 4, 5 and 6, and the checks of the exercises.

What is measured on the morphs stands in `color_mnist_measures.py`.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from steerlens.data import COLORS, ImageData
from steerlens.evaluation import first_correct
from steerlens.morphs.morph import Morph, extrapolate
from steerlens.morphs.steering import steer
from steerlens.transforms.base import Pixels
from steerlens.transforms.color import RGB_TO_YIQ, YIQ, check_rgb, yiq_to_rgb
from steerlens.transforms.pyramid import SteerablePyramid

from ..common.verdict import verdict
from .measures import chroma_change, hue_to, luminance_change

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


def transforms() -> tuple[SteerablePyramid, YIQ]:
    """The pyramid of the lesson's images, on R, G and B and on Y, I and Q."""
    pyramid = SteerablePyramid((28, 28), scales=3, orientations=4, padding=2)
    return pyramid, YIQ(pyramid)


def sources(
    model: nn.Module, data: ImageData, count: int, colors: Sequence[str] = tuple(COLORS)
) -> ImageData:
    """The first images in these colours that the model gets right, in order."""
    wanted = torch.tensor([COLORS[name] for name in colors], dtype=data.images.dtype)
    painted = data.images.amax((2, 3)) > 0
    fits = (painted[:, None] == (wanted > 0)).all(2).any(1)
    candidates = data[fits.nonzero()[: 4 * count, 0]]
    return candidates[first_correct(model, candidates, count)]


def other_digits(labels: Tensor, seed: int = 0) -> Tensor:
    """For each label another digit of the same colour, drawn at random; ten classes or sixty."""
    drawn = torch.randint(1, 10, labels.shape, generator=torch.Generator().manual_seed(seed))
    return labels // 10 * 10 + (labels % 10 + drawn) % 10


def other_colors(labels: Tensor, colors: Sequence[str] = tuple(COLORS), seed: int = 0) -> Tensor:
    """For each label of the sixty the same digit in another of these colours, drawn at random."""
    names = tuple(COLORS)
    codes = torch.tensor([names.index(name) for name in colors])
    place = (labels[:, None] // 10 == codes).to(torch.uint8).argmax(1)
    drawn = torch.randint(1, len(codes), labels.shape, generator=torch.Generator().manual_seed(seed))
    return codes[(place + drawn) % len(codes)] * 10 + labels % 10


def paint(targets: Tensor) -> Tensor:
    """Plain images (batch, 3, 1, 1) in the colours of labels of the sixty."""
    return torch.tensor(list(COLORS.values()))[targets // 10][:, :, None, None]


def repainted(images: Tensor) -> Tensor:
    """The same digits in each of the six colours, (6, batch, 3, height, width)."""
    colors = torch.tensor(list(COLORS.values()), dtype=images.dtype)
    return check_rgb(images).amax(1, keepdim=True) * colors[:, None, :, None, None]


def _batch(model: nn.Module, pairs: ImageData, rows: Sequence[tuple[str, str]]) -> tuple[Tensor, list[int]]:
    """The first image of each row's class that the model gets right, and the targets."""
    names = [source for source, _ in rows]
    found = {name: first_correct(model, pairs, names.count(name), name).tolist() for name in set(names)}
    images = pairs.images[[found[name].pop(0) for name in names]]
    return images, [pairs.classes.index(target) for _, target in rows]


def figure_4(model: nn.Module, pairs: ImageData) -> dict[str, Morph]:
    """Figure 4, colour and shape together: in YIQ as the paper shows it, then other edits of the same.

    Args:
        model: the net of sixty classes.
        pairs: ``color_digits(pairs=True)``.
    """
    rgb, yiq = transforms()
    batch = (model, *_batch(model, pairs, ROWS_4))
    joint, still = {"direction": "joint", "progress": False}, {"steps": 40, "progress": False}
    return {
        "YIQ joint, low-pass moved": steer(*batch, yiq, steps=24, residuals=LOWPASS, **joint),
        "YIQ joint": steer(*batch, yiq, steps=40, **joint),
        "YIQ phase": steer(*batch, yiq, **still),
        "RGB joint, low-pass moved": steer(*batch, rgb, steps=24, residuals=LOWPASS, **joint),
        "RGB joint": steer(*batch, rgb, steps=40, **joint),
        "RGB phase": steer(*batch, rgb, **still),
    }


def figure_5(model: nn.Module, pairs: ImageData) -> dict[str, Morph]:
    """Figure 5, pure colours in RGB: live as the paper's figure looks, then other edits of the same.

    Args:
        model, pairs: as in `figure_4`.
    """
    rgb, _ = transforms()
    batch = (model, *_batch(model, pairs, ROWS_5))
    return {
        "live, joint": steer(*batch, rgb, direction="joint", progress=False),
        "live, phase": steer(*batch, rgb, steps=40, progress=False),
        "frozen": extrapolate(*batch, rgb, alpha=0.3, progress=False),
        "frozen, low-pass fixed": extrapolate(*batch, rgb, residuals="fixed", progress=False),
        "pixels": steer(*batch, Pixels((28, 28)), cap=0.1, progress=False),
    }


def figure_6(model: nn.Module, pairs: ImageData) -> dict[str, Morph]:
    """Figure 6, composite colours in YIQ: all channels as in the paper, then single ones, and RGB.

    The score is the target's logit, which keeps pulling where the probability is 1 already.

    Args:
        model, pairs: as in `figure_4`.
    """
    rgb, yiq = transforms()
    batch = (model, *_batch(model, pairs, ROWS_6))
    options = {"direction": "joint", "steps": 28, "objective": "logit", "progress": False}
    gains = {"Y, I and Q": (1, 1, 1), "Y alone": (1, 0, 0), "I and Q": (0, 1, 1)}
    morphs = {name: steer(*batch, yiq, amplifiers=gain, **options) for name, gain in gains.items()}
    return {**morphs, "RGB": steer(*batch, rgb, **options)}


def check_color(answer: Any, yiq: Sequence[float]) -> None:
    """R, G and B of one (Y, I, Q), to 0.02."""
    pixel = torch.tensor(yiq, dtype=torch.float64)[None, :, None, None]
    expected = yiq_to_rgb(pixel).flatten()

    def right(found: Any) -> bool:
        found = torch.as_tensor(found, dtype=torch.float64)
        return found.shape == (3,) and bool((found - expected).abs().max() <= 0.02)

    text = "(R, G, B) = (" + ", ".join(f"{value + 0.0:.2f}" for value in expected.tolist()) + ")"
    verdict(answer, "three numbers (R, G, B)", text.replace("-0.00", "0.00"), right)


def check_channels(answer: Any, image: Tensor) -> None:
    """Names of the channels that a phase edit in RGB can change: those that are not empty."""
    names = ("red", "green", "blue")
    filled = {name for name, peak in zip(names, image.amax((0, 2, 3)).tolist(), strict=True) if peak > 0}
    kind = 'a set of names from "red", "green", "blue"'
    verdict(
        answer, kind, f"{sorted(filled)}", lambda found: not isinstance(found, str) and set(found) == filled
    )


def check_green_share(answer: Any) -> None:
    """Share of green in the energy of an RGB gradient that is M^T (1, 0, 0)."""
    energy = torch.tensor(RGB_TO_YIQ[0]).square()
    expected = (energy[1] / energy.sum()).item()
    verdict(answer, "a share from 0 to 1", f"{expected:.2f}", lambda found: abs(found - expected) < 0.01)


def check_amplifiers(answer: Any, model: nn.Module, images: Tensor, target: int) -> None:
    """Amplifiers (Y, I, Q) that bring the hue within 40 degrees of the target's, mostly by I and Q.

    The morph is `recolored`; its change in Y may be at most 0.4 times that in I and Q (L2, last frame).
    """

    found: list[str] = []

    def right(gains: Any) -> bool:
        last = recolored(model, images, target, gains).frames[:, -1]
        off = hue_to(paint(torch.tensor([target])))(last, images).item()
        ratio = (luminance_change(last, images) / chroma_change(last, images)).item()
        found.append(f"hue {off:.0f} degrees off the aim, change in Y {ratio:.2f} times that in I and Q")
        return off < 40 and ratio <= 0.4

    kind = "three numbers (y, i, q)"
    verdict(answer, kind, f"{kind}, hue within 40 degrees, change in Y at most 0.4 times the rest", right)
    print(*found, end="\n" if found else "")


def recolored(
    model: nn.Module, images: Tensor, target: int, amplifiers: Sequence[float], lowpass: bool = True
) -> Morph:
    """A live morph of 16 joint steps in YIQ with an amplifier for each channel, the low-pass moved or not."""
    options = {"direction": "joint", "steps": 16, "residuals": LOWPASS if lowpass else None}
    return steer(model, images, target, transforms()[1], amplifiers=amplifiers, progress=False, **options)
