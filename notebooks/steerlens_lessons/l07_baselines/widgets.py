"""Lesson 07: one coefficient of each transform, as pictures and as a widget; the checks of the exercises.

one_turned, coefficient_view, coefficient_picker   turn the phase of one coefficient
check_participation, check_moved, check_dead, check_most_translated
"""

import math
from typing import Any

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.plot.widgets import StillBox, image_png, viewer
from steerlens.transforms.base import Coefficients

from ..common.verdict import verdict
from ..l02_pyramid.measures import centre_wavelength
from .figures import coefficient_rows, diverging
from .measures import participation
from .recipes import FOURIER, PYRAMID

SIDE = 28
STILL = ((0, 3, 9, 14), (1, 1, 14, 12), (2, 0, 14, 14))  # scale, orientation, row, column


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
    changes = []
    entry = (0, 0, 0, *fourier_entry(scale, orientation))
    place = ((n + PYRAMID.padding) // 2**scale for n in (row, column))
    for transform, band, index in ((FOURIER, 0, entry), (PYRAMID, scale, (0, 0, orientation, *place))):
        c = transform.analyze(image)
        bands = [torch.zeros_like(S) for S in c.bands]
        bands[band][index] = c.bands[band][index] * (turn - 1)
        residuals = tuple(torch.zeros_like(r) for r in c.residuals)
        changes.append(transform.synthesize(Coefficients(tuple(bands), residuals)))
    return tuple(changes)


def coefficient_view(image: Tensor, *setting: float) -> tuple[bytes, str]:
    """The image and both changes side by side as a PNG, each on its own scale, and a line of numbers."""
    changes = one_turned(image, *setting)
    panels = [image[0].expand(3, -1, -1).double()]
    panels += [diverging(c[0], c.abs().max().clamp(min=1e-9).item()) for c in changes]
    words = [
        f"{name}: largest change {change.abs().max():.3f}, spread {participation(change).item():.2f}"
        for name, change in zip(("Fourier", "pyramid"), changes, strict=True)
    ]
    return image_png(torch.cat(panels, dim=-1)), "; ".join(words)


def coefficient_still(image: Tensor, degrees: float = 90.0) -> Figure:
    """The view at three settings, for readers without a kernel."""
    rows = {}
    for setting in STILL:
        name = f"scale {setting[0]}\n{setting[1] * 180 / PYRAMID.orientations:g}°"
        rows[name] = (image, *one_turned(image, *setting, degrees))
    return coefficient_rows(rows)


def coefficient_picker(image: Tensor) -> StillBox:
    """Widget: choose a coefficient by scale, orientation and place, and turn its phase."""

    def slider(name: str, value: int, last: int) -> ipywidgets.IntSlider:
        return ipywidgets.IntSlider(value, 0, last, description=name)

    scale, orientation, row, column = STILL[1]
    controls = [
        slider("scale", scale, PYRAMID.scales - 1),
        slider("orientation", orientation, PYRAMID.orientations - 1),
        slider("row", row, SIDE - 1),
        slider("column", column, SIDE - 1),
        slider("degrees", 90, 360),
    ]
    rows = [ipywidgets.HBox(controls[:2]), ipywidgets.HBox(controls[2:4]), controls[4]]
    text = "Five sliders choose a coefficient and turn its phase; the still picture shows three."
    return viewer(controls, lambda *s: coefficient_view(image, *s), coefficient_still(image), text, rows)


def check_participation(answer: Any, edits: Tensor) -> None:
    """Participation ratio of each edit as share of the pixels, (n,), to 1e-3."""
    expected = participation(edits)
    words = f"{len(expected)} shares from {expected.min():.3f} to {expected.max():.3f}, each to 0.001"

    def right(shares: Any) -> bool:
        shares = torch.as_tensor(shares, dtype=expected.dtype)
        return shares.shape == expected.shape and torch.allclose(shares, expected, rtol=0, atol=1e-3)

    verdict(answer, f"{len(expected)} shares between 0 and 1", words, right)


def check_moved(answer: Any, image: Tensor, down: int, right: int) -> None:
    """The image moved by whole pixels, what leaves it entering on the other side."""
    expected = image.roll((down, right), (-2, -1))
    kind = f"an image of shape {tuple(image.shape)}, real"
    words = f"{kind}, moved {down} down and {right} right, to 1e-4"

    def fits(moved: Tensor) -> bool:
        return moved.shape == expected.shape and torch.allclose(moved, expected, rtol=0, atol=1e-4)

    verdict(answer, kind, words, fits)


def check_dead(answer: Any, variables: Tensor) -> None:
    """Share of variables that ``clamp(0, 1)`` gives no gradient."""
    share = ((variables < 0) | (variables > 1)).double().mean().item()
    expected = f"{share:.3f}, to 0.002"
    verdict(answer, "a share between 0 and 1", expected, lambda s: abs(float(s) - share) <= 2e-3)


def check_most_translated(answer: Any, explained: Tensor) -> None:
    """The row whose edit a translation explains best."""
    best = int(explained.argmax())
    expected = f"row {best}, with {explained[best]:.2f}"
    verdict(answer, "a row", expected, lambda row: explained[int(row)] == explained[best] and row == int(row))
