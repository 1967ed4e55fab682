"""Lesson 01: the figures that need more than a cell."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.morphs.gradients import gradient_step
from steerlens.plot import curves
from steerlens.plot.figures import WIDTH, bare, closed, show_image, styled, subplots

from .measures import Score, mode_paths, saturation, split, toy_gradient

AMPLITUDE, PHASE, STEP = "tab:orange", "tab:purple", "black"  # colours of the parts of a gradient
MODES = {"constant": PHASE, "compounded": "tab:green", "linear": AMPLITUDE}
DOTS = {"linestyle": "", "marker": "o", "markersize": 2}


@styled
def split_figure(score: Score, S: complex, alpha: float = 1.5, k: int = 6) -> Figure:
    """Left: the step at S and its two parts. Right: the paths S_0 ... S_k of the three amplitude modes."""
    figure, ((left, right),) = subplots(1, 2, (WIDTH, 4.3))
    g = toy_gradient(score, S)
    for axis in (left, right):
        _hill(axis, score)
        axis.add_patch(plt.Circle((0, 0), abs(S), fill=False, color="0.5", linewidth=0.8))
    radial, tangential = split(S, g)
    _arrow(left, 0j, S, "0.35", "coefficient $S$")
    _arrow(left, S, alpha * radial, AMPLITUDE, "radial part: amplitude")
    _arrow(left, S, alpha * tangential, PHASE, "tangential part: phase")
    _arrow(left, S, alpha * g, STEP, r"step $\alpha\,\mathbf{g}^*$")
    middle, half = 0.7 * S, 0.55 * abs(S) + 0.45
    left.set(xlim=(middle.real - half, middle.real + half), ylim=(middle.imag - half, middle.imag + half))
    left.set_title("one step, taken apart")
    for mode, path in mode_paths(S, g, alpha, torch.arange(k + 1, dtype=torch.float64)).items():
        look = {"color": MODES.get(mode, STEP), "linewidth": 1, "markersize": 4, "label": mode}
        right.plot(path.real, path.imag, "o-" if mode in MODES else ":", **look)
    right.set_title(f"the same step, {k} times: $S_0 \\ldots S_{{{k}}}$")
    for axis in (left, right):
        axis.legend(loc="lower left", frameon=True, framealpha=0.9)
    return closed(figure)


def _hill(axis: Axes, score: Score, extent: float = 2.1) -> None:
    """Contours of the score over the complex plane."""
    line = torch.linspace(-extent, extent, 81, dtype=torch.float64)
    y, x = torch.meshgrid(line, line, indexing="ij")
    axis.contourf(x, y, score(x, y), levels=10, cmap="Greys", alpha=0.45)
    axis.axhline(0, color="0.7", linewidth=0.6)
    axis.axvline(0, color="0.7", linewidth=0.6)
    axis.set(xlabel="real part", ylabel="imaginary part", aspect="equal")
    axis.set(xlim=(-extent, extent), ylim=(-extent, extent))


def _arrow(axis: Axes, start: complex, along: complex, color: str, label: str) -> None:
    look = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.008, "zorder": 3}
    axis.quiver(start.real, start.imag, along.real, along.imag, color=color, label=label, **look)


def quotient_figure(score: Tensor, square: Tensor) -> Figure:
    """Complex difference quotients (n,) in n directions: of a real score, with their circle, and of S^2."""
    centre = score.mean()
    turn = torch.polar(score.new_ones(181).real, torch.linspace(0, 2 * math.pi, 181, dtype=torch.float64))
    found = {
        "score: a dot for each direction": (score, {"linestyle": "", "marker": "o"}),
        "their mean": (centre[None], {"linestyle": "", "marker": "x", "color": "k"}),
        "$S^2$: the same directions": (square, {"linestyle": "", "marker": "s"}),
        "_circle": (centre + (score - centre).abs().max() * turn, {"color": "0.6", "zorder": 0}),
    }
    points = {name: (values.real, values.imag) for name, (values, _) in found.items()}
    options = {"fixed": {name: look for name, (_, look) in found.items()}, "zero": True, "aspect": "equal"}
    size = (0.6 * WIDTH, 3.0)
    return curves({"": points}, "real part of the quotient", "imaginary part", size=size, **options)


def shift_figure(S: Tensor, g: Tensor, alphas: Sequence[float]) -> Figure:
    """|arg z| of every coefficient against its amplitude, a panel for each alpha, with the limits in grey."""
    panels = {}
    for alpha in alphas:
        shift, limit = saturation(S, g, alpha)
        panels[f"α = {alpha:.3g}"] = {"limit for large α": (S.abs(), limit), "phase shift": (S.abs(), shift)}
    fixed = {"limit for large α": {**DOTS, "color": "0.8"}, "phase shift": {**DOTS, "color": PHASE}}
    labels, ticks = ("amplitude A (units of pixel value)", "|arg z| (degrees)"), range(0, 181, 45)
    figure = curves(panels, *labels, fixed=fixed, xscale="log", yticks=ticks)
    figure.axes[-1].legend(loc="lower left", fontsize=8, markerscale=2, framealpha=0.9)
    return figure


@styled
def digit_figure(image: Tensor, S: Tensor, g: Tensor, alpha: float) -> Figure:
    """The image, and amplitude, phase and phase shift of its strongest orientation of one scale."""
    b = S[0, 0].abs().square().sum((1, 2)).argmax()
    S, shift = S[0, 0, b], gradient_step(S, g, alpha).angle()[0, 0, b]
    visible = (S.abs() / S.abs().max()).sqrt().numpy()
    panels = {
        "amplitude $A$": (S.abs(), None, "viridis", (0, S.abs().max()), "pixel value"),
        r"phase $\Phi$": (S.angle(), visible, "twilight", (-math.pi, math.pi), "radians"),
        r"phase shift $\arg z$": (shift, visible, "RdBu_r", (-0.5, 0.5), "radians"),
    }
    figure, (axes,) = subplots(1, 4, (WIDTH, 2.9))
    show_image(axes[0], image[0])
    for axis, (values, opacity, colours, limits, unit) in zip(axes[1:], panels.values(), strict=True):
        key = ScalarMappable(plt.Normalize(*limits), colours)
        axis.imshow(values, norm=key.norm, cmap=colours, alpha=opacity)
        figure.colorbar(key, ax=axis, orientation="horizontal", shrink=0.8, label=unit)
    for axis, title in zip(axes, ["image $s$", *panels], strict=True):
        bare(axis)
        axis.set_title(title)
    return closed(figure)
