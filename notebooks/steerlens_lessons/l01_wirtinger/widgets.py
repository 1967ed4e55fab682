"""Lesson 01: the widgets, a coefficient on its hill and the phase shifts of a whole band."""

import cmath
import math
from functools import cache

import ipywidgets
from torch import Tensor

from steerlens.plot.widgets import StillBox, figure_png, viewer

from .figures import shift_figure, split_figure
from .measures import Score, saturation, toy_gradient

SCREEN_DPI = 80  # of the live pictures, smaller than the still ones
ALPHAS = tuple(10 ** (n / 4) for n in range(-8, 17))  # 0.01 to 10,000


def coefficient_widget(score: Score, S: complex) -> StillBox:
    """Amplitude and phase of S, alpha and k as sliders over `split_figure`."""
    degrees = round(math.degrees(cmath.phase(S)) / 15) * 15 % 360
    amplitude = round(abs(S) * 4) / 4
    sliders = [
        ipywidgets.IntSlider(degrees, 0, 345, 15, description="phase (°)"),
        ipywidgets.FloatSlider(amplitude, min=0.25, max=1.75, step=0.25, description="amplitude"),
        ipywidgets.FloatSlider(1.5, min=0.5, max=4.0, step=0.5, description="α"),
        ipywidgets.IntSlider(6, 1, 16, description="k"),
    ]

    @cache
    def view(degrees: int, amplitude: float, alpha: float, k: int) -> tuple[bytes, str]:
        at = cmath.rect(amplitude, math.radians(degrees))
        return figure_png(split_figure(score, at, alpha, k), SCREEN_DPI), split_caption(score, at, alpha)

    still = split_figure(score, cmath.rect(amplitude, math.radians(degrees)))
    text = "Sliders for a coefficient, alpha and k; the picture shows where they start."
    return viewer(sliders, view, still, text)


def split_caption(score: Score, S: complex, alpha: float) -> str:
    """dL/dA, dL/dPhi, |z| and arg z at S, as one line."""
    g = toy_gradient(score, S)
    z, product = 1 + alpha * g / S, 2 * S.conjugate() * g
    return (
        f"dL/dA = {product.real / abs(S):+.3f}, dL/dΦ = {product.imag:+.3f} per radian; "
        f"one step: |z| = {abs(z):.3f}, arg z = {math.degrees(cmath.phase(z)):+.1f}°"
    )


def saturation_widget(S: Tensor, g: Tensor) -> StillBox:
    """A slider for alpha over `shift_figure`, from 0.01 to 10,000."""
    options = [(f"{alpha:.3g}", alpha) for alpha in ALPHAS]
    slider = ipywidgets.SelectionSlider(options=options, value=ALPHAS[8], description="α")

    @cache
    def view(alpha: float) -> tuple[bytes, str]:
        return figure_png(shift_figure(S, g, [alpha]), SCREEN_DPI), shift_caption(S, g, alpha)

    text = "A slider for alpha; the three panels are three of its positions."
    return viewer([slider], view, shift_figure(S, g, (0.1, 1.0, 100.0)), text)


def shift_caption(S: Tensor, g: Tensor, alpha: float) -> str:
    """How many coefficients stand within a tenth of their limit, and the median shift, as one line."""
    shift, limit = saturation(S, g, alpha)
    share = (shift >= 0.9 * limit).double().mean()
    middle = shift.quantile(0.5)
    return f"α = {alpha:.3g}: median shift {middle:.1f}°, {share:.0%} within a tenth of their limit"
