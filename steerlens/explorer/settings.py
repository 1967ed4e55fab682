"""What an explorer's controls say, as one value: a morph's settings, and the morph that they describe.

    Settings         target, transform, regime, direction, bands and the rest
    Domain           where they apply: shape of the images and size of the pyramid
    make_transform   the transform they ask for
    arguments        the function they ask for, and its keyword arguments
    make_morph       the morph itself

`arguments` also gives the text of the code that makes the same morph (``code.py``), so both say the same.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from .._internal.checks import check_choice, check_flag, check_integer, check_number
from ..morphs.morph import Morph, extrapolate
from ..morphs.steering import REGIMES, steer
from ..morphs.steps import AMPLITUDES, DIRECTIONS, RESIDUALS
from ..transforms.base import Fourier, Pixels, Transform
from ..transforms.color import YIQ
from ..transforms.pyramid import SteerablePyramid
from .cells import ChosenBands, check_cells

TRANSFORMS = ("pyramid", "Fourier", "pixels")
MOVABLE = {"pyramid": "lowpass", "Fourier": "self_conjugate"}  # the residual that may be moved
MOST_STEPS = 120


@dataclass(frozen=True)
class Settings:
    """One morph's settings. Raises TypeError or ValueError for what no morph has.

    Attributes:
        target: class index.
        transform: "pyramid", "Fourier" or "pixels".
        regime: "frozen" (one gradient, Eq. 9-11), "live" or "persistent" (`steerlens.steer`).
        direction: of a live or persistent step: "phase", "wirtinger" or "joint".
        alpha: amplifier of the gradient, where the regime is frozen or the direction "wirtinger".
        cap: largest change of a live or persistent step, in radians or log-amplitude.
        steps: frames after the source.
        amplitude: of a frozen morph: "constant", "compounded" or "linear" (Appendix B).
        residual: "fixed", or "linear": the low-pass (Fourier: self-conjugate) residual moves too.
        cells: (scale, orientation) of the pyramid's bands that may change; None: all.
        luminance: only the luminance of a colour image may change.
    """

    target: int = 0
    transform: str = "pyramid"
    regime: str = "live"
    direction: str = "phase"
    alpha: float = 0.3
    cap: float = 0.3
    steps: int = 24
    amplitude: str = "constant"
    residual: str = "fixed"
    cells: tuple[tuple[int, int], ...] | None = None
    luminance: bool = False

    def __post_init__(self) -> None:
        check_integer("target", self.target, 0)
        check_choice("transform", self.transform, TRANSFORMS)
        check_choice("regime", self.regime, ("frozen", *REGIMES))
        check_choice("direction", self.direction, DIRECTIONS)
        check_number("alpha", self.alpha)
        check_number("cap", self.cap, positive=True)
        check_integer("steps", self.steps, 2, MOST_STEPS)
        check_choice("amplitude", self.amplitude, AMPLITUDES)
        check_choice("residual", self.residual, RESIDUALS)
        check_flag("luminance", self.luminance)
        if self.cells is not None:
            object.__setattr__(self, "cells", check_cells(self.cells))


@dataclass(frozen=True)
class Domain:
    """Where settings apply.

    Attributes:
        shape: height and width of the images.
        scales, orientations, padding: of the pyramid.
    """

    shape: tuple[int, int]
    scales: int = 3
    orientations: int = 4
    padding: int = 0

    @classmethod
    def of(cls, images: Tensor, padding: int = 0) -> "Domain":
        """Three scales, or as many as small images have."""
        height, width = images.shape[-2:]
        most = SteerablePyramid.max_scales((height + 2 * padding, width + 2 * padding))
        return cls((height, width), min(3, most), padding=padding)


def make_transform(settings: Settings, domain: Domain) -> Transform:
    """The transform that the settings ask for."""
    if settings.transform != "pyramid":
        inner = (Fourier if settings.transform == "Fourier" else Pixels)(domain.shape)
        return YIQ(inner) if settings.luminance else inner
    inner = SteerablePyramid(domain.shape, domain.scales, domain.orientations, domain.padding)
    inner = YIQ(inner) if settings.luminance else inner
    return inner if settings.cells is None else ChosenBands(inner, settings.cells)


def arguments(settings: Settings) -> tuple[str, dict[str, Any]]:
    """ "extrapolate" or "steer", and the keyword arguments that make the morph."""
    frozen = settings.regime == "frozen"
    has_bands = settings.transform != "pixels"
    given: dict[str, Any] = {}
    if not frozen:
        given |= {"regime": settings.regime} if settings.regime != REGIMES[0] else {}
        given |= {"direction": settings.direction} if has_bands else {}
        given |= {"cap": settings.cap}
    if frozen or (has_bands and settings.direction == "wirtinger"):
        given |= {"alpha": settings.alpha}
    if frozen and has_bands:
        given |= {"amplitude": settings.amplitude}
    if has_bands:
        given |= {"residuals": {MOVABLE[settings.transform]: settings.residual}}
    if settings.luminance:
        given |= {"amplifiers": (1.0, 0.0, 0.0)}
    return "extrapolate" if frozen else "steer", {**given, "steps": settings.steps}


def make_morph(model: nn.Module, image: Tensor, settings: Settings, domain: Domain) -> Morph:
    """The morph of one image (1, channels, height, width) that the settings describe."""
    function, given = arguments(settings)
    transform = make_transform(settings, domain)
    make = extrapolate if function == "extrapolate" else steer
    return make(model, image, settings.target, transform, **given, progress=False)
