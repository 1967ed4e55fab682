"""Lesson 02: colours that fit what is shown, and a band in its parts.

amplitude     dark to bright, from 0
phase         cyclic, and grey where there is too little amplitude
band_figure   real part, amplitude and phase
"""

import math

import torch
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.plot import grid, signed

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


def band_figure(S: Tensor, pixels: int) -> Figure:
    """A band (height, width) of an image with some pixels a side: real part, amplitude and phase."""
    parts = {"band (real part)": signed(S.real[None]), "amplitude": amplitude(S.abs()), "phase": phase(S)}
    figure = grid({f"{pixels} × {pixels}\npixels": list(parts.values())}, list(parts), cell=2.9)
    key = ScalarMappable(Normalize(-math.pi, math.pi), "twilight")
    bar = figure.colorbar(key, ax=figure.axes, ticks=[-math.pi, 0, math.pi], shrink=0.8)
    bar.set_ticklabels(["−π", "0", "π"])
    return figure
