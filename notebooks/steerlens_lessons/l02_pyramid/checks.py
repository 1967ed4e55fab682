"""Lesson 02: the checks of its exercises."""

import math
from typing import Any

import torch
from torch import Tensor

from steerlens.transforms.pyramid import SteerablePyramid

from ..common.verdict import close
from .measures import fourier_shift, move

TOLERANCE = 1e-8


def check_shift(answer: Any, image: Tensor, dy: float, dx: float) -> None:
    """An image moved by the Fourier shift theorem."""
    _check(answer, fourier_shift(image, dy, dx), f"the image moved {dy:g} down and {dx:g} right")


def check_steering(answer: Any, degrees: float) -> None:
    """Weights that steer three orientations (order 2) to an angle: (1 + 2 cos 2 (phi - theta_b)) / 3."""
    gap = math.radians(degrees) - math.pi * torch.arange(3) / 3
    _check(answer, (1 + 2 * torch.cos(2 * gap)) / 3, "three weights, a tensor")


def check_without(answer: Any, pyramid: SteerablePyramid, image: Tensor, orientation: int) -> None:
    """An image without the bands of one orientation, everything else kept, the residuals too."""
    keep = (torch.arange(pyramid.orientations) != orientation).to(image.dtype)[:, None, None]
    kept = pyramid.analyze(image).map(lambda S: S * keep, lambda r: r)
    _check(answer, pyramid.synthesize(kept), f"the image without orientation {orientation}")


def check_move(answer: Any, pyramid: SteerablePyramid, image: Tensor, dy: float, dx: float) -> None:
    """An image moved by its phases, each band by its centre frequency, and its low-pass residual."""
    moved = pyramid.synthesize(move(pyramid, pyramid.analyze(image), (dy, dx)))
    _check(answer, moved, f"the image moved {dy:g} down and {dx:g} right by phases")


def _check(answer: Any, expected: Tensor, kind: str) -> None:
    """Verdict on a tensor that should equal the expected one; says how far off a wrong one is."""
    kind = f"{kind} of shape {tuple(expected.shape)}"
    words = f"{kind}, right to {TOLERANCE:g}"
    if isinstance(answer, Tensor) and answer.shape == expected.shape:
        words += f" (yours is off by up to {(answer - expected).abs().max():.2g})"
    close(answer, expected, kind, TOLERANCE, words)
