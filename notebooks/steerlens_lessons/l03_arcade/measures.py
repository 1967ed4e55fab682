"""Lesson 03: the cases, and what is measured on an Arcade morph.

figure_2, cases          which disks are morphed: four by the paper's pairs, or many at random
in_parts                 one morph of many images, with little memory
measured                 score and ground truth: where the brightness goes
progress, target_half    the same against k
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, normalize

from steerlens import Morph, SteerablePyramid, extrapolate, steer
from steerlens.data import DIRECTIONS, ImageData, arcade
from steerlens.evaluation import center_of_mass, first_correct

PAIRS = (("Down", "Left"), ("Down", "Right"), ("Right", "Left"), ("Left", "Down"))  # the paper's Figure 2
UNIT = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])  # (y, x) of Up, Down, Left, Right
PART = 100  # morphs that `in_parts` makes at once


def figure_2_cases(model: nn.Module, data: ImageData) -> tuple[Tensor, Tensor]:
    """Sources (4, 1, 64, 64) and targets (4,) of `PAIRS`: the first disk of its class that is seen right."""
    rows = torch.cat([first_correct(model, data, 1, source) for source, _ in PAIRS])
    return data.images[rows], torch.tensor([DIRECTIONS.index(target) for _, target in PAIRS])


def figure_2(model: nn.Module, data: ImageData) -> dict[str, Morph]:
    """The paper's Figure 2, as `make figures` draws it; lesson 03 computes these rows in sight."""
    case, three, four = figure_2_cases(model, data), *(SteerablePyramid((64, 64), n, 4) for n in (3, 4))

    def frozen(**edit: Any) -> Morph:
        return extrapolate(model, *case, three, alpha=0.2, steps=60, **edit)

    return {
        "phases and low-pass (ours)": frozen(),
        "live, joint, four scales (ours)": steer(
            model, *case, four, direction="joint", cap=0.2, steps=40, progress=False
        ),
        "phases alone (the paper's Eq. 10-11)": frozen(residuals="fixed"),
        "low-pass alone (the control)": frozen(bands=[]),
    }


def cases(n: int = 500) -> tuple[ImageData, Tensor]:
    """Random disks, and for each a random class that is not its own, (n,)."""
    data = arcade(n, seed=7)
    other = torch.randint(1, 4, (n,), generator=torch.Generator().manual_seed(3))
    return data, (data.labels + other) % 4


def in_parts(edit: Callable[[Tensor, Tensor], Morph], images: Tensor, targets: Tensor) -> Morph:
    """The morphs of many images, 100 at a time, so that the coefficients of few are held at once.

    ``edit`` makes a morph of images and targets. The result cannot be rendered between its frames.
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


def wanted(morph: Morph) -> Tensor:
    """The way from the class that is seen in each source to its target, (batch, 2): y and x."""
    return UNIT[morph.targets] - UNIT[morph.sources]


def progress(morph: Morph) -> Tensor:
    """How far the centre of mass went along the `wanted` way, (batch, frames), in pixels."""
    path = centroid_path(morph)
    return ((path - path[:, :1]) * normalize(wanted(morph))[:, None]).sum(-1)


def mass_in_half(images: Tensor, direction: int) -> Tensor:
    """Share of the brightness in the Up, Down, Left or Right half of images (..., height, width)."""
    half = images.chunk(2, dim=-2 if direction < 2 else -1)[direction % 2]
    return half.sum((-2, -1)) / images.sum((-2, -1)).clamp(min=1e-12)


def target_half(morph: Morph) -> Tensor:
    """Share of each frame's brightness in the target's half of the image, (batch, frames)."""
    halves = torch.stack([mass_in_half(morph.frames[:, :, 0], direction) for direction in range(4)])
    return halves[morph.targets, torch.arange(len(morph.targets))]


@dataclass(frozen=True)
class Measured:
    """What is known of each morph of a batch, all (batch,).

    Attributes:
        reached: some frame is seen as the target.
        cosine: of the angle between the centre of mass's way and the `wanted` one.
        right_way: whether that angle is below 45 degrees.
        shift: length of the centre of mass's way, in pixels.
        half: share of the last frame's brightness in the target's half of the image.
    """

    reached: Tensor
    cosine: Tensor
    right_way: Tensor
    shift: Tensor
    half: Tensor


def measured(morph: Morph) -> Measured:
    """Score and ground truth of a batch of Arcade morphs."""
    path = centroid_path(morph)
    way = path[:, -1] - path[:, 0]
    cosine = cosine_similarity(way, wanted(morph))
    reached = (morph.probabilities.argmax(2) == morph.targets[:, None]).any(1)
    return Measured(reached, cosine, cosine > 0.5**0.5, way.norm(dim=1), target_half(morph)[:, -1])
