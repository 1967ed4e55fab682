"""Lesson 02: colours that fit what is shown.

amplitude     dark to bright, from 0
phase         cyclic, and grey where there is too little amplitude
"""

import math

import torch
from matplotlib import colormaps
from torch import Tensor

FADED = 0.6  # grey of a phase without amplitude: no colour of the cyclic map


def amplitude(values: Tensor) -> Tensor:
    """Colours (3, height, width) of values (height, width), from 0, dark, to the largest, bright."""
    return _colours(values / values.max().clamp(min=1e-12), "magma")


def phase(S: Tensor) -> Tensor:
    """Colours (3, height, width) of the phase of S (height, width); nothing has no phase, hence grey."""
    weight = (S.abs() / S.abs().max().clamp(min=1e-12)).sqrt()
    return weight * _colours(0.5 + S.angle() / (2 * math.pi), "twilight") + (1 - weight) * FADED


def _colours(shares: Tensor, name: str) -> Tensor:
    return torch.from_numpy(colormaps[name](shares.numpy())[..., :3]).movedim(-1, 0)
