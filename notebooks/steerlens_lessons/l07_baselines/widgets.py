"""Lesson 07: one coefficient of the Fourier transform and one of the pyramid, whose phases turn.

one_turned           what that changes in an image
coefficient_rows     the same as pictures
coefficient_picker   the widget
"""

import math
from collections.abc import Sequence

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.plot import grid, signed
from steerlens.plot.widgets import StillBox, figure_png, viewer

from ..l02_pyramid.measures import centre_wavelength
from ..l04_mnist.measures import PYRAMID
from .measures import FOURIER, participation

SIDE = 28
CONTROLS = {  # and the largest value of each
    "scale": PYRAMID.scales - 1,
    "orientation": PYRAMID.orientations - 1,
    "row": SIDE - 1,
    "column": SIDE - 1,
    "degrees": 360,
}
STILL = ((0, 3, 9, 14, 90), (1, 1, 14, 12, 90), (2, 0, 14, 14, 90))  # their values in the still picture
TITLES = ("image", "one Fourier coefficient", "one of the pyramid's")


def fourier_entry(scale: int, orientation: int) -> tuple[int, int]:
    """Place in the half-plane spectrum of the wave nearest to a pyramid band's centre: row, column."""
    angle, cycles = math.pi * orientation / PYRAMID.orientations, SIDE / centre_wavelength(scale)
    ky, kx = round(cycles * math.sin(angle)), round(cycles * math.cos(angle))
    return (-ky % SIDE, -kx) if kx < 0 else (ky % SIDE, kx)


def one_turned(
    image: Tensor, scale: int, orientation: int, row: int, column: int, degrees: float
) -> tuple[Tensor, Tensor]:
    """Change of an image when the phase of one coefficient turns: in the Fourier domain, in the pyramid.

    Args:
        image: (1, 1, 28, 28).
        scale, orientation: of the pyramid's band; the Fourier coefficient is the wave nearest to its centre.
        row, column: pixel at which the pyramid's coefficient lies.
        degrees: by how much the phase turns.
    """
    turn = torch.polar(torch.ones(()), torch.tensor(math.radians(degrees)))
    place = ((n + PYRAMID.padding) // 2**scale for n in (row, column))
    wave = (FOURIER, 0, (0, 0, 0, *fourier_entry(scale, orientation)))
    changes = []
    for transform, band, entry in (wave, (PYRAMID, scale, (0, 0, orientation, *place))):
        c = transform.analyze(image)
        change = 0 * c
        change.bands[band][entry] = c.bands[band][entry] * (turn - 1)
        changes.append(transform.synthesize(change))
    return tuple(changes)


def coefficient_rows(image: Tensor, settings: Sequence[tuple[float, ...]]) -> Figure:
    """A row a setting of `one_turned`: the image, and both changes, each on its own scale."""
    rows = []
    for scale, orientation, *place in settings:
        changes = one_turned(image, scale, orientation, *place)
        name = f"scale {scale}\n{orientation * 180 / PYRAMID.orientations:g}°"
        rows.append((name, [image[0], *(signed(change[0]) for change in changes)]))
    return grid(rows, TITLES, cell=1.9, outline=[image[0]] * 3)


def coefficient_view(image: Tensor, *setting: float) -> tuple[bytes, str]:
    """The row of one setting as a PNG, and a line of numbers."""
    words = [
        f"{name}: largest change {change.abs().max():.3f}, spread {participation(change).item():.2f}"
        for name, change in zip(("Fourier", "pyramid"), one_turned(image, *setting), strict=True)
    ]
    return figure_png(coefficient_rows(image, [setting])), "; ".join(words)


def coefficient_picker(image: Tensor) -> StillBox:
    """Widget: choose a coefficient by scale, orientation and place, and turn its phase."""
    controls = [
        ipywidgets.IntSlider(value, 0, last, description=name)
        for value, (name, last) in zip(STILL[1], CONTROLS.items(), strict=True)
    ]
    rows = [ipywidgets.HBox(controls[:2]), ipywidgets.HBox(controls[2:4]), controls[4]]
    text = "Five sliders choose a coefficient and turn its phase; the still picture shows three."
    still = coefficient_rows(image, STILL)
    return viewer(controls, lambda *setting: coefficient_view(image, *setting), still, text, rows)
