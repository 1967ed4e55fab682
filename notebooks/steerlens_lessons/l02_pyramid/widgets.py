"""Lesson 02: its two widgets, whose callbacks are pure functions of what the controls say.

band_explorer   choose scale and orientation: filter, band, amplitude, phase
phase_turner    turn the phases of chosen bands and watch the image move
"""

from collections.abc import Iterable

import ipywidgets
import torch
from torch import Tensor
from torchvision.utils import make_grid

from steerlens.evaluation import center_of_mass
from steerlens.plot import signed
from steerlens.plot.widgets import StillBox, image_png, viewer
from steerlens.transforms.coefficients import Coefficients
from steerlens.transforms.pyramid import SteerablePyramid

from .figures import amplitude, phase
from .measures import band_filter, centre_wavelength, move

TILE = 256  # pixels a side of the explorer's panels
PANELS = "Above: filter, band (real part). Below: amplitude, phase (dark: 0, light: ±π, grey: too weak)."


def band_explorer(pyramid: SteerablePyramid, image: Tensor) -> StillBox:
    """Widget: choose scale and orientation; see filter, band, amplitude and phase of the first image."""
    c, n = pyramid.analyze(image), pyramid.orientations
    scale = ipywidgets.IntSlider(1, 0, pyramid.scales - 1, description="scale")
    orientation = ipywidgets.IntSlider(0, 0, n - 1, description="orientation")

    def view(scale: int, orientation: int) -> tuple[bytes, str]:
        picture = image_png(band_picture(pyramid, c, scale, orientation))
        return picture, band_caption(c, scale, orientation, n)

    still = [(scale, scale % n) for scale in range(pyramid.scales)]
    text = "Two sliders choose a band; the still picture shows three."
    rows = [ipywidgets.HBox([scale, orientation]), ipywidgets.HTML(PANELS)]
    return viewer([scale, orientation], view, still, text, rows)


def band_picture(pyramid: SteerablePyramid, c: Coefficients, scale: int, orientation: int) -> Tensor:
    """A band of the first image in four tiles: filter and real part, amplitude and phase; (3, 518, 518)."""
    S = c.bands[scale][0, 0, orientation]
    mask = band_filter(pyramid.padded_shape, scale, orientation, pyramid.orientations)
    tiles = [amplitude(mask), signed(S.real[None]), amplitude(S.abs()), phase(S)]
    return make_grid([_enlarged(tile) for tile in tiles], nrow=2, pad_value=1)


def _enlarged(tile: Tensor) -> Tensor:
    return torch.nn.functional.interpolate(tile[None].double(), (TILE, TILE), mode="nearest")[0]


def band_caption(c: Coefficients, scale: int, orientation: int, orientations: int) -> str:
    """Size, wavelength, direction and share of the energy of the band that is shown."""
    S = c.bands[scale][0, 0, orientation]
    share = (S.abs().square().sum() / c[:1].energy().sum()).item()
    return (
        f"scale {scale}, {S.shape[0]}x{S.shape[1]} coefficients, "
        f"wavelength about {centre_wavelength(scale)} pixels, "
        f"varies along {180 * orientation / orientations:g}°, {share:.1%} of the image's energy"
    )


def phase_turner(pyramid: SteerablePyramid, image: Tensor, limit: int = 16) -> StillBox:
    """Widget: turn the phases of chosen bands for a shift, and watch the first image move."""
    c, n = pyramid.analyze(image), pyramid.scales
    down, right = (
        ipywidgets.FloatSlider(0, min=-limit, max=limit, step=0.5, description=name)
        for name in ("down", "right")
    )
    scales = [_box(f"scale {s}") for s in range(n)]
    orientations = [_box(f"{180 * b / pyramid.orientations:g}°") for b in range(pyramid.orientations)]
    lowpass = _box("low-pass too")

    def view(down: float, right: float, lowpass: bool, *boxes: bool) -> tuple[bytes, str]:
        turned = {"scales": _chosen(boxes[:n]), "orientations": _chosen(boxes[n:])}
        moved = pyramid.synthesize(move(pyramid, c, (down, right), lowpass=lowpass, **turned))
        caption = turned_caption(image, moved, (down, right), turned["scales"], lowpass)
        return image_png(moved[0].clamp(0, 1)), caption

    every, finest = [True] * n, [s == 0 for s in range(n)]
    choices = [(False, every), (True, every), (False, finest), (False, finest[::-1])]
    along = [True] * pyramid.orientations
    still = [(0, 0, True, *every, *along), *((0, 4, low, *boxes, *along) for low, boxes in choices)]
    rows = [*map(ipywidgets.HBox, ([down, right], [*scales, lowpass], orientations))]
    text = "Sliders and boxes; the still picture shows five settings."
    return viewer([down, right, lowpass, *scales, *orientations], view, still, text, rows)


def turned_caption(
    image: Tensor, moved: Tensor, shift: tuple[float, float], scales: list[int], lowpass: bool
) -> str:
    """What was turned, and the commanded shift beside the measured one, both down and right."""
    path = (center_of_mass(moved) - center_of_mass(image))[0, 0].tolist()
    down, right = (round(d, 1) + 0.0 for d in path)  # no -0.0
    turned = f"scale {' + '.join(map(str, scales)) or 'none'}, low-pass {'too' if lowpass else 'fixed'}"
    return (
        f"{turned}: commanded {shift[0]:.1f} down, {shift[1]:.1f} right; "
        f"measured, by centre of mass, {down:.1f} down, {right:.1f} right"
    )


def _chosen(boxes: Iterable[bool]) -> list[int]:
    return [number for number, on in enumerate(boxes) if on]


def _box(description: str) -> ipywidgets.Checkbox:
    return ipywidgets.Checkbox(True, description=description, indent=False, layout={"width": "120px"})
