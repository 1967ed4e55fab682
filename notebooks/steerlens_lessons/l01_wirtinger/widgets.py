"""Lesson 01: the checks of its exercises and its widgets."""

import cmath
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import ipywidgets
from torch import Tensor

from steerlens.plot.widgets import StillBox, figure_png, viewer

from ..common.verdict import verdict
from .figures import Score, saturation, shift_figure, split_figure, toy_gradient

SCREEN_DPI = 80  # of the live pictures, smaller than the still ones
TOLERANCE = 1e-3  # relative, so that an answer typed with four digits counts
ALPHAS = tuple(10 ** (n / 4) for n in range(-8, 17))  # of the second widget: 0.01 to 10,000


def check_conjugate_gradient(answer: Any) -> None:
    """A function of (dL/dRe, dL/dIm) that returns dL/dS*."""
    _check_function(answer, lambda dx, dy: (dx + 1j * dy) / 2, [(3.0, -4.0), (0.5, 2.0)])


def check_conventions(answer: Any, torch_gradient: Tensor) -> None:
    """A pair, the paper's gradient and JAX's, from what torch returns for a complex leaf."""
    given = complex(torch_gradient)
    _check_values(answer, "a pair: the paper's gradient, JAX's gradient", [given / 2, given.conjugate()])


def check_polar_parts(answer: Any) -> None:
    """A function of (S, g) that returns the pair dL/dA, dL/dPhi (Eq. 5, inverted)."""

    def right(S: complex, g: complex) -> tuple[float, float]:
        product = 2 * S.conjugate() * g
        return product.real / abs(S), product.imag

    _check_function(answer, right, [(3 + 4j, 1 - 2j), (-0.2 + 0.1j, 0.3 + 0.7j)])


def check_half_way(answer: Any, S: Tensor, g: Tensor) -> None:
    """The alpha at which arg z is half of its limit: there the step is as long as S (a rhombus)."""
    _check_values(answer, "a positive number", [abs(complex(S)) / abs(complex(g))])


def check_linear_mode(answer: Any, S: Tensor, g: Tensor, alpha: float, k: int) -> None:
    """S_k with linear phase (Eq. 10) and linear amplitude (Appendix B)."""
    z = 1 + alpha * complex(g) / complex(S)
    turned = complex(S) * cmath.exp(1j * k * cmath.phase(z))
    _check_values(answer, "a complex number", [turned * (1 + k * (abs(z) - 1))])


def _check_function(answer: Any, right: Callable[..., Any], probes: Sequence[tuple]) -> None:
    """Compare the reader's function with the right one at some arguments."""
    places = "; ".join(", ".join(f"{value:g}" for value in probe) for probe in probes)
    expected = _numbers([right(*probe) for probe in probes])
    if answer is not ...:
        try:
            answer = [answer(*probe) for probe in probes]
        except Exception as error:  # whatever the reader's function raises is the answer
            answer = f"{type(error).__name__}: {error}"
    _check_values(answer, f"a function, which is called at {places}", expected, f" at {places}")


def _check_values(answer: Any, kind: str, expected: Sequence[complex], where: str = "") -> None:
    """Compare numbers, however nested, to 1e-3 of the largest expected one."""
    largest = max(map(abs, expected))

    def right(_: Any) -> bool:
        pairs = list(zip(_numbers(answer), expected, strict=True))
        return all(abs(a - b) <= TOLERANCE * largest for a, b in pairs)

    shown = answer if answer is ... or isinstance(answer, str) else _Shown(answer)
    verdict(shown, kind, f"{_Shown(expected)!r}{where}", right)


def _numbers(answer: Any) -> list[complex]:
    """Tensors, tuples and lists of numbers as one flat list."""
    if isinstance(answer, Tensor):
        answer = answer.tolist()
    if isinstance(answer, (tuple, list)):
        return [number for part in answer for number in _numbers(part)]
    return [complex(answer)]


class _Shown:
    """Numbers with four digits, where they are numbers."""

    def __init__(self, answer: Any):
        self.answer = answer

    def __repr__(self) -> str:
        try:
            numbers = _numbers(self.answer)
        except (TypeError, ValueError, RuntimeError):
            return repr(self.answer)
        return ", ".join(f"{number if number.imag else number.real:.4g}" for number in numbers)


def split_caption(score: Score, S: complex, alpha: float) -> str:
    """dL/dA, dL/dPhi, |z| and arg z at S, as one line."""
    g = toy_gradient(score, S)
    z, product = 1 + alpha * g / S, 2 * S.conjugate() * g
    return (
        f"dL/dA = {product.real / abs(S):+.3f}, dL/dΦ = {product.imag:+.3f} per radian; "
        f"one step: |z| = {abs(z):.3f}, arg z = {math.degrees(cmath.phase(z)):+.1f}°"
    )


def shift_caption(S: Tensor, g: Tensor, alpha: float) -> str:
    """How many coefficients stand within a tenth of their limit, and the median shift, as one line."""
    shift, limit = saturation(S, g, alpha)
    share = (shift >= 0.9 * limit).double().mean()
    return f"α = {alpha:.3g}: median shift {shift.median():.1f}°, {share:.0%} within a tenth of their limit"


def coefficient_widget(score: Score, S: complex) -> StillBox:
    """Amplitude and phase of S, alpha and k as sliders over :func:`split_figure`."""
    degrees = round(math.degrees(cmath.phase(S)) / 15) * 15 % 360
    sliders = [
        ipywidgets.IntSlider(degrees, 0, 345, 15, description="phase (°)"),
        ipywidgets.FloatSlider(round(abs(S) * 4) / 4, min=0.25, max=1.75, step=0.25, description="amplitude"),
        ipywidgets.FloatSlider(1.5, min=0.5, max=4.0, step=0.5, description="α"),
        ipywidgets.IntSlider(6, 1, 16, description="k"),
    ]

    @cache
    def view(degrees: int, amplitude: float, alpha: float, k: int) -> tuple[bytes, str]:
        at = cmath.rect(amplitude, math.radians(degrees))
        return figure_png(split_figure(score, at, alpha, k), SCREEN_DPI), split_caption(score, at, alpha)

    start = cmath.rect(sliders[1].value, math.radians(sliders[0].value))
    still = "Sliders for a coefficient, alpha and k; the picture shows where they start."
    return viewer(sliders, view, split_figure(score, start), still)


def saturation_widget(S: Tensor, g: Tensor) -> StillBox:
    """A slider for alpha over :func:`shift_figure`, from 0.01 to 10,000."""
    options = [(f"{alpha:.3g}", alpha) for alpha in ALPHAS]
    slider = ipywidgets.SelectionSlider(options=options, value=ALPHAS[8], description="α")

    @cache
    def view(alpha: float) -> tuple[bytes, str]:
        return figure_png(shift_figure(S, g, [alpha]), SCREEN_DPI), shift_caption(S, g, alpha)

    still = "A slider for alpha; the three panels are three of its positions."
    return viewer([slider], view, shift_figure(S, g, (0.1, 1.0, 100.0)), still)
