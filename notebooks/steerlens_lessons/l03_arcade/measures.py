"""Lesson 03: the cases, what is measured on an Arcade morph, and the checks of the exercises.

    figure_2, cases             which disks are morphed: four by the paper's pairs, or many at random
    in_parts                    one morph of many images, with little memory
    centroid_path, mass_in_half, measured, table   the ground truth: where the brightness goes
    transplanted                images with the bands of one disk and the low-pass residual of another

Figures stand in `arcade_figures.py`, shapes in `arcade_shapes.py`, the widget in `arcade_widgets.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from steerlens.data import DIRECTIONS, ImageData, arcade
from steerlens.evaluation import center_of_mass, first_correct
from steerlens.morphs.morph import Morph, extrapolate
from steerlens.morphs.steering import steer
from steerlens.transforms.base import Coefficients
from steerlens.transforms.pyramid import SteerablePyramid

from ..common.summaries import interval, quartiles
from ..common.verdict import verdict

PAIRS = (("Down", "Left"), ("Down", "Right"), ("Right", "Left"), ("Left", "Down"))  # the paper's Figure 2
UNIT = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])  # (y, x) of Up, Down, Left, Right
POLICIES = {
    "fixed": {"highpass": "fixed", "lowpass": "fixed"},
    "low linear": {"highpass": "fixed", "lowpass": "linear"},
    "both linear": {"highpass": "linear", "lowpass": "linear"},
}
HEADER = f"{'':24}    n {'reach target':15} {'right way':15} {'cosine':6} {'shift in px':17} mass in half"
PART = 100  # morphs that `in_parts` makes at once


def figure_2_cases(model: nn.Module, data: ImageData) -> tuple[Tensor, Tensor]:
    """Sources (4, 1, 64, 64) and targets (4,) of `PAIRS`: the first disk of its class that is seen right."""
    rows = torch.cat([first_correct(model, data, 1, source) for source, _ in PAIRS])
    return data.images[rows], torch.tensor([DIRECTIONS.index(target) for _, target in PAIRS])


def figure_2(model: nn.Module, data: ImageData) -> dict[str, Morph]:
    """The four rows of the paper's Figure 2.

    Returns:
        "frozen": 3 scales, alpha 0.2, k up to 60, the low-pass residual extrapolated by Eq. 2; "live": 4
        scales, phase and amplitude together in 40 steps of at most 0.2, the low-pass residual moved too.
    """
    case, lowpass = (model, *figure_2_cases(model, data)), POLICIES["low linear"]
    frozen = extrapolate(*case, SteerablePyramid((64, 64), 3, 4), alpha=0.2, steps=60, residuals=lowpass)
    four = SteerablePyramid((64, 64), 4, 4)
    live = steer(*case, four, direction="joint", cap=0.2, steps=40, residuals=lowpass, progress=False)
    return {"frozen": frozen, "live": live}


def cases(n: int = 500) -> tuple[ImageData, Tensor]:
    """Random disks, and for each a random class that is not its own, (n,)."""
    data = arcade(n, seed=7)
    other = torch.randint(1, 4, (n,), generator=torch.Generator().manual_seed(3))
    return data, (data.labels + other) % 4


def in_parts(edit: Callable[[Tensor, Tensor], Morph], images: Tensor, targets: Tensor) -> Morph:
    """The morphs of many images, made 100 at a time, so that the coefficients of few are held at once.

    Args:
        edit: makes a morph of images and targets.
        images: (n, 1, 64, 64).
        targets: (n,).

    Returns:
        all of them as one `Morph`, which cannot be rendered between its frames (`at_distance`).
    """
    parts = [edit(*part) for part in zip(images.split(PART), targets.split(PART), strict=True)]
    names = ("frames", "probabilities", "distances", "sources", "targets")
    joined = {name: torch.cat([getattr(part, name) for part in parts]) for name in names}
    return Morph(**joined, steps=parts[0].steps, render=_not_rendered)


def _not_rendered(rows: Tensor, positions: Tensor) -> Tensor:
    raise ValueError("render: expected a morph that was made in one part, got one of `in_parts`")


def centroid_path(morph: Morph) -> Tensor:
    """Centre of mass of every frame, (batch, frames, 2): y and x in pixels from the image's centre."""
    return center_of_mass(morph.frames)[:, :, 0]


def mass_in_half(images: Tensor, direction: int) -> Tensor:
    """Share of the brightness in the Up, Down, Left or Right half of images (..., height, width)."""
    first, second = images.chunk(2, dim=-2 if direction < 2 else -1)
    half = first if direction % 2 == 0 else second
    return half.sum((-2, -1)) / images.sum((-2, -1)).clamp(min=1e-12)


@dataclass(frozen=True)
class Measured:
    """What is known of each morph of a batch, all (batch,).

    Attributes:
        reached: some frame is seen as the target.
        cosine: of the angle between the centre of mass's way and the one from source to target class.
        shift: length of that way, in pixels.
        half: share of the last frame's brightness in the target's half of the image.
    """

    reached: Tensor
    cosine: Tensor
    shift: Tensor
    half: Tensor

    @property
    def right_way(self) -> Tensor:
        """Whether the centre of mass moves within 45 degrees of the way to the target."""
        return self.cosine > 0.5**0.5


def measured(morph: Morph) -> Measured:
    """Score and ground truth of a batch of Arcade morphs; the source's class is what the model sees."""
    targets = morph.targets
    path = center_of_mass(morph.frames[:, [0, -1]])[:, :, 0]
    way, wanted = path[:, 1] - path[:, 0], UNIT[targets] - UNIT[morph.sources]
    halves = torch.stack([mass_in_half(morph.frames[:, -1, 0], d) for d in range(4)], 1)
    return Measured(
        (morph.probabilities.argmax(2) == targets[:, None]).any(1),
        torch.nn.functional.cosine_similarity(way, wanted),
        way.norm(dim=1),
        halves.gather(1, targets[:, None])[:, 0],
    )


def table(morphs: Mapping[str, Morph]) -> None:
    """Print a line for each batch: counts with 95 % intervals in per cent, medians with quartiles."""
    print(HEADER)
    for name, morph in morphs.items():
        m = measured(morph)
        counts = (f"{int(hits.sum()):>3} {interval(hits):11}" for hits in (m.reached, m.right_way))
        truth = f"{m.cosine.median():6.3f} {quartiles(m.shift, 1):17} {quartiles(m.half)}"
        print(f"{name:24} {len(m.shift):4} {' '.join(counts)} {truth}")


def transplanted(pyramid: SteerablePyramid, bands_of: Tensor, lowpass_of: Tensor) -> Tensor:
    """Images with all bands of one batch and the low-pass residual of another, clipped to [0, 1]."""
    c, low = pyramid.analyze(bands_of), pyramid.analyze(lowpass_of).residuals[1]
    return pyramid.synthesize(Coefficients(c.bands, (c.residuals[0], low))).clamp(0, 1)


def check_half(answer: Any, morph: Morph) -> None:
    """Share of each last frame's brightness in the half of the image that its target names."""
    expected = measured(morph).half
    words = f"{[round(v, 3) for v in expected.tolist()]}, each to 0.002"

    def right(shares: Tensor) -> bool:
        shares = torch.as_tensor(shares, dtype=expected.dtype)
        return shares.shape == expected.shape and torch.allclose(shares, expected, rtol=0, atol=2e-3)

    verdict(answer, f"{len(expected)} shares between 0 and 1, a tensor or a list", words, right)


def check_doubled(answer: Any, model: nn.Module, morph: Morph, row: int, alpha: float, k: float) -> None:
    """Where the centre of mass lies in frame k of the same frozen morph with another alpha, to 0.3 px."""
    pyramid = SteerablePyramid((64, 64), 3, 4)
    case = (model, morph.frames[row : row + 1, 0], morph.targets[row : row + 1], pyramid)
    y, x = centroid_path(extrapolate(*case, alpha=alpha, steps=[k]))[0, -1].tolist()

    def right(place: Any) -> bool:
        found = torch.as_tensor(place, dtype=torch.float64).flatten()
        return found.shape == (2,) and bool(((found - torch.tensor([y, x])).abs() <= 0.3).all())

    verdict(answer, "y and x in pixels", f"({y:.1f}, {x:.1f}), that is y and x, to 0.3 px", right)


@torch.no_grad()
def check_fooled(answer: Any, model: nn.Module) -> None:
    """An image whose centre of mass lies 2 px or more to the left, and which the model sees as Right."""
    kind = "an image of shape (1, 1, 64, 64) in [0, 1]"
    expected = f"{kind}, x <= -2, y within 1 of 0, p(Right) > 0.5"
    fits = isinstance(answer, Tensor) and answer.shape == (1, 1, 64, 64)
    if fits:
        y, x = center_of_mass(answer)[0, 0].tolist()
        p = model(answer).softmax(1)[0, DIRECTIONS.index("Right")].item()
        expected += f" (yours: x = {x:.1f}, y = {y:.1f}, p(Right) = {p:.2f})"

    def right(image: Tensor) -> bool:
        return fits and 0 <= image.min() <= image.max() <= 1 and x <= -2 and abs(y) <= 1 and p > 0.5

    verdict(answer, kind, expected, right)


def check_literal(answer: Any, model: nn.Module, sources: Tensor, targets: Tensor) -> None:
    """How many morphs reach their target with all residuals fixed and alpha = 5: 3 scales, 5 scales."""
    counts = []
    for scales in (3, 5):
        case = (model, sources, targets, SteerablePyramid((64, 64), scales, 4))
        morph = extrapolate(*case, alpha=5.0, steps=[1, 3, 6, 12], residuals="fixed", progress=False)
        counts.append(int(measured(morph).reached.sum()))
    right = f"{counts[0]} with 3 scales and {counts[1]} with 5"
    verdict(answer, "two counts, (with 3 scales, with 5)", right, lambda two: [int(n) for n in two] == counts)
