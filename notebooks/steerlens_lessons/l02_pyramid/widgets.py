"""Lesson 02: its two widgets, whose callbacks are pure functions of what the controls say.

band_explorer   choose scale and orientation: filter, band, amplitude, phase
phase_turner    turn the phases of chosen bands and watch the image move
"""

from collections.abc import Sequence

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.evaluation import center_of_mass
from steerlens.plot.figures import closed
from steerlens.plot.widgets import StillBox, image_png, viewer
from steerlens.transforms.base import Coefficients
from steerlens.transforms.pyramid import SteerablePyramid

from .figures import band_filter, colored, pictures
from .measures import centre_wavelength, move

PANELS = ("filter", "band (real part)", "amplitude", "phase")
TILE = 256  # pixels a side of the explorer's panels


def band_picture(pyramid: SteerablePyramid, c: Coefficients, scale: int, orientation: int) -> Tensor:
    """The explorer's picture (3, 256, 4 * 256) of the first image: filter, real part, amplitude, phase."""
    S = c.bands[scale][0, 0, orientation]
    mask = band_filter(pyramid.padded_shape, scale, orientation, pyramid.orientations)
    panels = [(mask, "amplitude"), (S.real, "signed"), (S.abs(), "amplitude"), (S.angle(), "phase", S.abs())]
    tiles = torch.stack([_tile(colored(*panel)) for panel in panels])
    tiles[..., -2:] = 1  # a white line between the panels
    return torch.cat(list(tiles), dim=-1)


def _tile(colours: np.ndarray) -> Tensor:
    tile = torch.as_tensor(colours).movedim(-1, 0)[None]
    return torch.nn.functional.interpolate(tile, (TILE, TILE), mode="nearest")[0]


def band_caption(c: Coefficients, scale: int, orientation: int, orientations: int) -> str:
    """Size, wavelength, direction and share of the energy of the band that is shown."""
    S = c.bands[scale][0, 0, orientation]
    share = (S.abs().square().sum() / c[:1].energy().sum()).item()
    return (
        f"scale {scale}, {S.shape[0]}x{S.shape[1]} coefficients, "
        f"wavelength about {centre_wavelength(scale)} pixels, "
        f"varies along {180 * orientation / orientations:g}°, {share:.1%} of the image's energy"
    )


def band_explorer(pyramid: SteerablePyramid, image: Tensor) -> StillBox:
    """Widget: choose scale and orientation; see filter, band, amplitude and phase of the first image."""
    c, n = pyramid.analyze(image), pyramid.orientations
    scale = ipywidgets.IntSlider(1, 0, pyramid.scales - 1, description="scale")
    orientation = ipywidgets.IntSlider(0, 0, n - 1, description="orientation")

    def view(scale: int, orientation: int) -> tuple[bytes, str]:
        picture = image_png(band_picture(pyramid, c, scale, orientation))
        return picture, band_caption(c, scale, orientation, n)

    names = ipywidgets.HTML(f"From left to right: {', '.join(PANELS)} (dark: 0, light: ±π, grey: too weak).")
    text = "Two sliders choose a band; the still picture shows three."
    rows = [ipywidgets.HBox([scale, orientation]), names]
    return viewer([scale, orientation], view, explorer_still(pyramid, c), text, rows)


def explorer_still(pyramid: SteerablePyramid, c: Coefficients) -> Figure:
    """What the explorer shows for one band a scale, a row each, without a kernel."""
    figure, axes = plt.subplots(pyramid.scales, 1, figsize=(7.2, 1.95 * pyramid.scales), layout="constrained")
    for scale, axis in enumerate(np.atleast_1d(axes)):
        orientation = scale % pyramid.orientations
        axis.imshow(band_picture(pyramid, c, scale, orientation).movedim(0, -1).numpy())
        axis.set_ylabel(f"scale {scale}\norientation {orientation}", fontsize=9)
        centres = [TILE * (i + 0.5) for i in range(4)]
        axis.set_xticks(centres, labels=PANELS if scale == 0 else [], fontsize=9)
        axis.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
        axis.set_yticks([])
        axis.spines[:].set_visible(False)
    return closed(figure)


def turned_image(
    pyramid: SteerablePyramid,
    c: Coefficients,
    shift: tuple[float, float],
    scales: Sequence[int],
    orientations: Sequence[int],
    lowpass: bool,
) -> Tensor:
    """The turner's image: phases of the chosen bands turned for a shift (down, right), not clipped."""
    moved = move(pyramid, c, shift, scales=scales, orientations=orientations, lowpass=lowpass)
    return pyramid.synthesize(moved)


def turned_caption(image: Tensor, moved: Tensor, shift: tuple[float, float]) -> str:
    """Commanded shift beside the measured one, both down and right."""
    path = (center_of_mass(moved) - center_of_mass(image))[0, 0].tolist()
    down, right = (round(d, 1) + 0.0 for d in path)  # no -0.0
    return (
        f"commanded {shift[0]:.1f} down, {shift[1]:.1f} right; "
        f"measured, by centre of mass, {down:.1f} down, {right:.1f} right"
    )


def phase_turner(pyramid: SteerablePyramid, image: Tensor, limit: int = 16) -> StillBox:
    """Widget: turn the phases of chosen bands for a shift, and watch the first image move."""
    c = pyramid.analyze(image)
    down, right = (
        ipywidgets.FloatSlider(0, min=-limit, max=limit, step=0.5, description=name)
        for name in ("down", "right")
    )
    scales = [_box(f"scale {s}") for s in range(pyramid.scales)]
    orientations = [_box(f"{180 * b / pyramid.orientations:g}°") for b in range(pyramid.orientations)]
    lowpass = _box("low-pass too")

    def view(down: float, right: float, lowpass: bool, *boxes: bool) -> tuple[bytes, str]:
        chosen_scales = [s for s in range(len(scales)) if boxes[s]]
        chosen_orientations = [b for b in range(len(orientations)) if boxes[len(scales) + b]]
        moved = turned_image(pyramid, c, (down, right), chosen_scales, chosen_orientations, lowpass)
        return image_png(moved[0].clamp(0, 1)), turned_caption(image, moved, (down, right))

    rows = [*map(ipywidgets.HBox, ([down, right], [*scales, lowpass], orientations))]
    controls = [down, right, lowpass, *scales, *orientations]
    text = "Sliders and boxes; the still picture shows five settings."
    return viewer(controls, view, turner_still(pyramid, image, c), text, rows)


def turner_still(pyramid: SteerablePyramid, image: Tensor, c: Coefficients, right: float = 4.0) -> Figure:
    """Four settings of the turner, for readers without a kernel."""
    every, all_directions = range(pyramid.scales), range(pyramid.orientations)
    settings = {
        "all bands": (every, all_directions, False),
        "all, low-pass too": (every, all_directions, True),
        "finest scale": ([0], all_directions, False),
        "coarsest scale": ([pyramid.scales - 1], all_directions, False),
    }
    turned = {name: turned_image(pyramid, c, (0, right), *rest) for name, rest in settings.items()}
    panels = [(f"{name}", moved, "image") for name, moved in turned.items()]
    return pictures([("original", image, "image"), *panels])


def _box(description: str) -> ipywidgets.Checkbox:
    return ipywidgets.Checkbox(True, description=description, indent=False, layout={"width": "120px"})
