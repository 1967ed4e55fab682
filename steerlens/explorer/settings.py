"""What an explorer's controls say, as one value, and the morph that they describe.

The code that makes the same morph (``export.py``) is written from `arguments` and `make_transform` too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from .._internal.checks import check_choice, check_flag, check_integer, check_number
from ..morphs import Morph, extrapolate
from ..morphs.steering import REGIMES, steer
from ..morphs.steps import AMPLITUDES, DIRECTIONS
from ..morphs.weights import RESIDUALS, check_bands
from ..transforms.base import Fourier, Pixels, Transform
from ..transforms.color import YIQ
from ..transforms.pyramid import SteerablePyramid

TRANSFORMS: dict[str, Callable[..., Transform]]
TRANSFORMS = {"pyramid": SteerablePyramid, "Fourier": Fourier, "pixels": Pixels}
MOVABLE = {"pyramid": "lowpass", "Fourier": "self_conjugate"}  # the residual that may be moved
MOST_STEPS = 120
WORDS = {"joint": "phase and amplitude", "wirtinger": "Eq. 9", "constant": "phase"}
WORDS |= {name: f"amplitude {name}" for name in AMPLITUDES if name not in WORDS}
ONE, PAIR = "one method", "A beside B"
VARIANTS: dict[str, tuple[dict[str, Any], ...]] = {  # of the method A that stand side by side
    ONE: ({},),
    "live and frozen, phase and both": (
        {"regime": "live", "direction": "phase"},
        {"regime": "live", "direction": "joint"},
        {"regime": "frozen", "amplitude": "constant"},
        {"regime": "frozen", "amplitude": "compounded"},
    ),
    "pyramid, Fourier, pixels": tuple({"transform": name} for name in TRANSFORMS),
}
COMPARISONS = (ONE, PAIR, *list(VARIANTS)[1:])


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
        bands: (scale, orientation) of the pyramid's bands that may change; None: all.
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
    bands: tuple[tuple[int, int], ...] | None = None
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
        if self.bands is not None:
            object.__setattr__(self, "bands", check_bands(self.bands))
            if not self.bands and self.residual == "fixed":
                raise ValueError("bands: expected at least one pair, or a moved residual, got neither")


def side_by_side(comparison: str, panels: Sequence[Settings]) -> list[Settings]:
    """The settings that one of `COMPARISONS` shows, of those of the two panels."""
    if comparison == PAIR:
        return list(panels)
    return [replace(panels[0], **variant) for variant in VARIANTS[comparison]]


def in_words(settings: Settings) -> str:
    """The settings in a few words, for titles of pictures."""
    given = arguments(settings)[1]
    words = [settings.transform, settings.regime, given.get("direction", ""), given.get("amplitude", "")]
    words = [WORDS.get(word, word) for word in words if word]
    words += [f"{name} {given[name]:g}" for name in ("alpha", "cap") if name in given]
    words += [f"{name} moves" for name, how in given.get("residuals", {}).items() if how == "linear"]
    words += [f"{len(given['bands'])} bands"] if "bands" in given else []
    return ", ".join([*words, "luminance alone"] if settings.luminance else words)


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
    size = (domain.scales, domain.orientations, domain.padding) if settings.transform == "pyramid" else ()
    inner = TRANSFORMS[settings.transform](domain.shape, *size)
    return YIQ(inner) if settings.luminance else inner


def arguments(settings: Settings) -> tuple[Callable[..., Morph], dict[str, Any]]:
    """`steerlens.extrapolate` or `steerlens.steer`, and the keyword arguments that make the morph."""
    frozen, has_bands = settings.regime == "frozen", settings.transform != "pixels"
    given = {
        "regime": None if frozen or settings.regime == REGIMES[0] else settings.regime,
        "direction": settings.direction if has_bands and not frozen else None,
        "cap": None if frozen else settings.cap,
        "alpha": settings.alpha if frozen or (has_bands and settings.direction == "wirtinger") else None,
        "amplitude": settings.amplitude if has_bands and frozen else None,
        "residuals": {MOVABLE[settings.transform]: settings.residual} if has_bands else None,
        "bands": settings.bands if settings.transform == "pyramid" else None,
        "amplifiers": (1.0, 0.0, 0.0) if settings.luminance else None,
        "steps": settings.steps,
    }
    named = {name: value for name, value in given.items() if value is not None}
    return extrapolate if frozen else steer, named


def make_morph(model: nn.Module, image: Tensor, settings: Settings, domain: Domain) -> Morph:
    """The morph of one image (1, channels, height, width) that the settings describe."""
    make, given = arguments(settings)
    return make(model, image, settings.target, make_transform(settings, domain), **given, progress=False)
