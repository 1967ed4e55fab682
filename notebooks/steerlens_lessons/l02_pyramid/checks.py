"""Lesson 02: the checks of its exercises."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from steerlens.transforms.pyramid import SteerablePyramid

from ..common.exercises import Key, exercise, numbers
from .measures import fourier_shift, move

TOLERANCE = 1e-8


@exercise("the ramp is exp(-i (w_y d_y + w_x d_x)), with w = 2 pi fftfreq(128); rows are y.")
def check_shift(image: Tensor, dy: float, dx: float) -> Key:
    """An image moved by the Fourier shift theorem."""
    slips = {
        "it has moved the opposite way: the theorem has a minus sign": fourier_shift(image, -dy, -dx),
        "it has moved down instead of up: y counts downwards": fourier_shift(image, -dy, dx),
        "height and width are swapped: the first axis is y": fourier_shift(image, dx, dy),
        "fftfreq counts cycles: radians have 2 pi": fourier_shift(image, dy / math.tau, dx / math.tau),
    }
    return _image(image, f"the image moved {dy:g} down and {dx:g} right", fourier_shift(image, dy, dx), slips)


@exercise("write cos^2 u as 1/2 + cos(2u) / 2: it has the frequencies 0 and +-2: three, for three weights.")
def check_steering(degrees: float) -> Key:
    """Weights that steer three orientations (order 2) to an angle: (1 + 2 cos 2 (phi - theta_b)) / 3."""

    def weights(angle: float) -> Tensor:
        return (1 + 2 * torch.cos(2 * (angle - math.pi * torch.arange(3) / 3))) / 3

    gap = math.radians(degrees) - math.pi * torch.arange(3) / 3
    slips = {
        "those are the filter's own values cos^2; weights come from its frequencies": gap.cos() ** 2,
        "those are the weights of four orientations, without the fourth": (gap.cos() + (3 * gap).cos()) / 2,
        "the angle is in degrees, and cos takes radians": weights(degrees),
        "the angle has the wrong sign": weights(-math.radians(degrees)),
    }
    kind = "three weights, a tensor of shape (3,)"
    return numbers(weights(math.radians(degrees)), kind, 1e-6, slips)


@exercise("multiply bands by 0 or 1 with `c.map(on_bands, on_residuals)`; the orientation is axis -3.")
def check_without(pyramid: SteerablePyramid, image: Tensor, orientation: int) -> Key:
    """An image without the bands of one orientation, everything else kept, the residuals too."""
    others = torch.arange(pyramid.orientations) != orientation

    def kept(keep: Tensor, residuals: float = 1.0) -> Tensor:
        c = pyramid.analyze(image)
        return pyramid.synthesize(c.map(lambda S: S * keep[:, None, None], lambda r: residuals * r))

    slips = {
        "the residuals are gone, and with them the mean brightness": kept(others, 0.0),
        "the orientation was kept, and the others were removed": kept(~others),
    }
    return _image(image, f"the image without orientation {orientation}", kept(others), slips)


@exercise("`turned` turns the bands; the low-pass has no phase, and `with_lowpass` moves it.")
def check_move(pyramid: SteerablePyramid, image: Tensor, dy: float, dx: float) -> Key:
    """An image moved by its phases, each band by its centre frequency, and its low-pass residual."""

    def moved(dy: float, dx: float, lowpass: bool = True) -> Tensor:
        return pyramid.synthesize(move(pyramid, pyramid.analyze(image), (dy, dx), lowpass=lowpass))

    slips = {
        "the low-pass has not moved": moved(dy, dx, lowpass=False),
        "it has moved the opposite way: a delay is a negative phase": moved(-dy, -dx),
        "height and width are swapped: the first is down": moved(dx, dy),
        "that is the shift theorem; turn the bands' phases instead": fourier_shift(image, dy, dx),
    }
    kind = f"the image moved {dy:g} down and {dx:g} right by phases"
    return _image(image, kind, moved(dy, dx), slips)


def _image(image: Tensor, kind: str, expected: Tensor, slips: Mapping[str, Tensor]) -> Key:
    kind = f"{kind} of shape {tuple(image.shape)}"
    slips = {**slips, "nothing has changed": image}
    return numbers(expected, kind, TOLERANCE, slips, words=f"{kind}, right to {TOLERANCE:g}")
