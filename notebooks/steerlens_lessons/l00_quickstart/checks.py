"""Lesson 00: the checks of its exercises."""

from collections.abc import Callable

import torch
from torch import Tensor

from steerlens import Coefficients, Morph, gradient_step
from steerlens.transforms.base import Transform

from ..common.exercises import Key, exercise, numbers


@exercise("`live.target_probabilities[0]` has p for each k. Which entry is the first with at least 0.5?")
def check_first_arrival(morph: Morph, row: int, probability: float) -> Key:
    """The first k at which a morph's target has at least this probability."""
    p = morph.target_probabilities[row]
    first = int((p >= probability).int().argmax())
    k = morph.steps[first].item()
    slips = {
        "that is p itself; give its k": p[first],
        "that is one step too late: k = 0 is the source": k + 1,
        "there p is largest; it was large enough earlier": morph.steps[p.argmax()],
    }
    return numbers(k, "a value of k", 0, slips)


@exercise(
    "for each S and g_S of `zip(c.bands, g.bands)`, `sl.gradient_step(S, g_S, alpha=0.3)` is z; the turned "
    "band is S exp(4i arg z). Then synthesise with the old residuals, and clip."
)
def check_frozen_frame(
    morph: Morph, column: int, transform: Transform, c: Coefficients, g: Coefficients, alpha: float
) -> Key:
    """The images of one frame of a frozen morph, made by hand (Eq. 10 and 11)."""
    k, case = morph.steps[column].item(), (transform, c, g)
    slips = {
        "it leaves [0, 1]: the clip is missing": by_hand(*case, alpha, k, clip=False),
        f"that is one step of {k:g} alpha, and arg z saturates": by_hand(*case, k * alpha, 1),
        f"that is frame k = 1: turn {k:g} times as far": by_hand(*case, alpha, 1),
        "the phases turn the wrong way: mind the sign of the exponent": by_hand(*case, alpha, -k),
        "amplitudes have changed: use the angle of z alone": by_hand(*case, alpha, k, lambda r: r**k),
    }
    return frame_key(morph.frames[:, column], k, slips)


def by_hand(
    transform: Transform,
    c: Coefficients,
    g: Coefficients,
    alpha: float,
    times: float,
    gain: Callable[[Tensor], Tensor] = torch.ones_like,
    clip: bool = True,
) -> Tensor:
    """Images whose bands are turned by so many times arg z, with a gain of |z|; the residuals stay."""
    steps = [(S, gradient_step(S, g_S, alpha)) for S, g_S in zip(c.bands, g.bands, strict=True)]
    bands = tuple(S * torch.polar(gain(z.abs()), times * z.angle()) for S, z in steps)
    images = transform.synthesize(Coefficients(bands, c.residuals))
    return images.clamp(0, 1) if clip else images


def frame_key(frame: Tensor, k: float, slips: dict[str, Tensor]) -> Key:
    """The key of images that should equal a frame of a morph."""
    kind = f"images of shape {tuple(frame.shape)}, float, in [0, 1]"
    return numbers(frame, kind, 1e-4, slips, words=f"{kind}, equal to frame k = {k:g} to 1e-4")


@exercise("every morph has `at_distance`. It returns two things, the images and which of them got there.")
def check_distance(frozen: Morph, live: Morph, distance: float) -> Key:
    """The images of a frozen morph, not of the live one, at an L2 distance from their sources."""
    kind = f"images of shape {tuple(frozen.frames[:, 0].shape)}"
    slips = {
        "those are images of the live morph, not of the frozen one": live.at_distance(distance)[0],
        "that is the last frame, wherever it lies": frozen.frames[:, -1],
        "that is the source": frozen.frames[:, 0],
    }
    words = f"{kind}: the frozen morph at L2 distance {distance:g}"
    return numbers(frozen.at_distance(distance)[0], kind, 0.01, slips, words=words)
