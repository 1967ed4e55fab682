"""Lesson 01: its figures, and the small formulas that they draw."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.morphs.gradients import gradient_step
from steerlens.morphs.morph import Morph
from steerlens.morphs.steps import AMPLITUDES, amplitude_gain
from steerlens.plot.figures import WIDTH, closed, show_image

Score = Callable[[Tensor, Tensor], Tensor]  # of the real and the imaginary part
AMPLITUDE_COLOR, PHASE_COLOR, STEP_COLOR = "tab:orange", "tab:purple", "black"
MODE_COLORS = dict(zip(AMPLITUDES, (PHASE_COLOR, "tab:green", AMPLITUDE_COLOR), strict=True))


def toy_gradient(score: Score, S: complex) -> complex:
    """g* = dL/dS* of a score of one coefficient, by autograd over the two real parts (float64)."""
    parts = torch.tensor([S.real, S.imag], dtype=torch.float64, requires_grad=True)
    dx, dy = torch.autograd.grad(score(*parts), parts)[0].tolist()
    return complex(dx, dy) / 2


def split(S: complex, g: complex) -> tuple[complex, complex]:
    """The radial part of g (along S: amplitude) and the tangential one (across S: phase)."""
    direction = S / abs(S) if S else 0j
    along = g * direction.conjugate()
    return along.real * direction, 1j * along.imag * direction


def mode_paths(S: complex, g: complex, alpha: float, k: Tensor) -> dict[str, Tensor]:
    """S_k for every k (n,), in the three amplitude modes of Appendix B, and along the line of Eq. 2."""
    z = gradient_step(*(torch.tensor(v, dtype=torch.complex128) for v in (S, g)), alpha)
    turned = S * torch.exp(1j * k * z.angle())
    paths = {mode: turned * amplitude_gain(z.abs(), k, mode) for mode in AMPLITUDES}
    return {**paths, "straight (Eq. 2)": S + k * alpha * g}


def saturation(S: Tensor, g: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """|arg z| of every coefficient (Eq. 9) and its limit for large alpha, |arg(g / S)|; degrees."""
    limit = torch.where(S == 0, 0, g * S.conj())  # arg(g / S), without a division
    return gradient_step(S, g, alpha).angle().abs().rad2deg(), limit.angle().abs().rad2deg()


def split_figure(score: Score, S: complex, alpha: float = 1.5, k: int = 6) -> Figure:
    """Left: the step at S and its two parts. Right: the paths S_0 ... S_k of the three amplitude modes."""
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 4.3), layout="constrained")
    g = toy_gradient(score, S)
    for axis in axes:
        _hill(axis, score)
        axis.add_patch(plt.Circle((0, 0), abs(S), fill=False, color="0.5", linewidth=0.8))
    _arrow(axes[0], 0, S, "0.35", "coefficient $S$")
    radial, tangential = split(S, g)
    _arrow(axes[0], S, alpha * radial, AMPLITUDE_COLOR, "radial part: amplitude")
    _arrow(axes[0], S, alpha * tangential, PHASE_COLOR, "tangential part: phase")
    _arrow(axes[0], S, alpha * g, STEP_COLOR, r"step $\alpha\,\mathbf{g}^*$")
    middle, half = 0.7 * S, 0.55 * abs(S) + 0.45
    axes[0].set(xlim=(middle.real - half, middle.real + half), ylim=(middle.imag - half, middle.imag + half))
    axes[0].set_title("one step, taken apart")
    paths = mode_paths(S, g, alpha, torch.arange(k + 1, dtype=torch.float64))
    for mode, path in paths.items():
        style = {"color": MODE_COLORS.get(mode, STEP_COLOR), "linewidth": 1, "markersize": 4}
        axes[1].plot(path.real, path.imag, "o-" if mode in MODE_COLORS else ":", label=mode, **style)
    axes[1].set_title(f"the same step, {k} times: $S_0 \\ldots S_{{{k}}}$")
    for axis in axes:
        axis.legend(loc="lower left", fontsize=8, framealpha=0.9)
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
    start, along = complex(start), complex(along)
    where = (start.real, start.imag, along.real, along.imag)
    options = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.008, "zorder": 3}
    axis.quiver(*where, color=color, label=label, **options)


def shift_figure(S: Tensor, g: Tensor, alphas: Sequence[float]) -> Figure:
    """|arg z| of every coefficient against its amplitude, a panel for each alpha, with the limits in grey."""
    size = {"figsize": (WIDTH, 3.0), "layout": "constrained"}
    figure, axes = plt.subplots(1, len(alphas), sharex=True, sharey=True, squeeze=False, **size)
    amplitude = S.abs()
    for axis, alpha in zip(axes[0], alphas, strict=True):
        shift, limit = saturation(S, g, alpha)
        axis.scatter(amplitude, limit, s=5, color="0.8", label="limit for large α")
        axis.scatter(amplitude, shift, s=5, color=PHASE_COLOR, label="phase shift")
        axis.set(xscale="log", yticks=[0, 45, 90, 135, 180], title=f"α = {alpha:.3g}")
        axis.set_xlabel("amplitude A (units of pixel value)")
    axes[0, 0].set_ylabel("|arg z| (degrees)")
    axes[0, -1].legend(loc="lower left", fontsize=8, markerscale=2, framealpha=0.9)
    return closed(figure)


def difference_figure(score: Score, S: complex) -> Figure:
    """Relative error of dL/dRe against the step h, for four finite differences."""
    x, y = (torch.tensor(part, dtype=torch.float64) for part in (S.real, S.imag))
    steps = torch.logspace(-16, -0.5, 63, dtype=torch.float64)
    exact = 2 * toy_gradient(score, S).real

    def at(n: float) -> Tensor:
        return score(x + n * steps, y)

    schemes = {
        "forward": (at(1) - at(0)) / steps,
        "central, second order": (at(1) - at(-1)) / (2 * steps),
        "central, fourth order": (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * steps),
        "complex step": score(x + 1j * steps, y).imag / steps,
    }
    figure, axis = plt.subplots(figsize=(WIDTH * 0.9, 3.2), layout="constrained")
    for (name, found), style in zip(schemes.items(), (":", "--", "-", "-"), strict=True):
        error = ((found - exact) / exact).abs().clamp(min=torch.finfo(torch.float64).eps / 2)
        axis.loglog(steps, error, style, label=name)
    axis.set(xlabel="step h (units of S)", ylabel="relative error of the derivative")
    axis.axhline(1e-6, color="0.7", linewidth=0.8, label="allowed here")
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return closed(figure)


def quotient_figure(quotients: Tensor, centre: Tensor, constant: Tensor) -> Figure:
    """Difference quotients in many directions: a circle for a real score, one point for S^2."""
    figure, axis = plt.subplots(figsize=(WIDTH * 0.6, 4.0), layout="constrained")
    radius = (quotients - centre).abs().max().item()
    centre = complex(centre)
    axis.add_patch(plt.Circle((centre.real, centre.imag), radius, fill=False, color="0.6"))
    axis.plot(quotients.real, quotients.imag, "o", color=PHASE_COLOR, label="score: one dot a direction")
    axis.plot(centre.real, centre.imag, "x", color=STEP_COLOR, label="their mean")
    axis.plot(constant.real, constant.imag, "s", color=AMPLITUDE_COLOR, label="$S^2$: the same directions")
    axis.axhline(0, color="0.8", linewidth=0.6)
    axis.axvline(0, color="0.8", linewidth=0.6)
    axis.set(xlabel="real part of the quotient", ylabel="imaginary part", aspect="equal")
    axis.legend(fontsize=8)
    axis.margins(0.1)
    return closed(figure)


def digit_figure(image: Tensor, S: Tensor, g: Tensor, alpha: float) -> Figure:
    """The image, and amplitude, phase and phase shift of its strongest orientation of one scale."""
    b = S[0, 0].abs().square().sum((1, 2)).argmax()
    S, shift = S[0, 0, b], gradient_step(S, g, alpha).angle()[0, 0, b]
    figure, axes = plt.subplots(1, 4, figsize=(WIDTH, 2.9), layout="constrained")
    show_image(axes[0], image[0])
    visible = (S.abs() / S.abs().max()).sqrt()
    panels = (
        (axes[1], S.abs(), "amplitude $A$", {"cmap": "viridis", "vmin": 0}, "pixel value"),
        (
            axes[2],
            S.angle(),
            r"phase $\Phi$",
            {"cmap": "twilight", "vmin": -3.1416, "vmax": 3.1416},
            "radians",
        ),
        (axes[3], shift, r"phase shift $\arg z$", {"cmap": "RdBu_r", "vmin": -0.5, "vmax": 0.5}, "radians"),
    )
    axes[0].set_title("image $s$")
    for axis, values, title, options, unit in panels:
        opacity = None if axis is axes[1] else visible.numpy()
        axis.imshow(values, alpha=opacity, **options)
        mappable = plt.cm.ScalarMappable(plt.Normalize(options["vmin"], options.get("vmax", values.max())))
        mappable.set_cmap(options["cmap"])
        figure.colorbar(mappable, ax=axis, orientation="horizontal", shrink=0.8, label=unit)
        axis.set_title(title)
    for axis in axes:
        axis.set(xticks=[], yticks=[])
    return closed(figure)


def saturation_figure(S: Tensor, g: Tensor) -> Figure:
    """|arg z| of some coefficients against alpha, with the limit of each at the right."""
    alphas = torch.logspace(-2, 4, 121, dtype=torch.float64)
    figure, axis = plt.subplots(figsize=(WIDTH * 0.7, 3.2), layout="constrained")
    for coefficient, gradient in zip(S, g, strict=True):
        shift, limit = saturation(coefficient.expand(len(alphas)), gradient.expand(len(alphas)), alphas)
        (line,) = axis.semilogx(alphas, shift, label=f"A = {coefficient.abs():.2g}")
        axis.plot(alphas[-1], limit[-1], "o", color=line.get_color())
    axis.set(xlabel="step size α", ylabel="|arg z| (degrees)", yticks=[0, 45, 90, 135, 180])
    axis.legend(fontsize=8, title="amplitude")
    return closed(figure)


def mode_strips(morphs: Mapping[str, Morph], columns: int = 7) -> Figure:
    """Frames of the first morph of each, one row a mode, with the target's probability under each."""
    rows = len(morphs)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH, 1.5 * rows), layout="constrained")
    for row, (name, morph) in enumerate(morphs.items()):
        line = axes[row]
        shown = torch.linspace(0, len(morph.steps) - 1, columns).round().long().tolist()
        line[0].set_ylabel(name, fontsize=9)
        for axis, column in zip(line, shown, strict=True):
            show_image(axis, morph.frames[0, column])
            axis.set(xticks=[], yticks=[])
            axis.set_xlabel(f"{morph.target_probabilities[0, column]:.2f}", fontsize=8, labelpad=2)
            axis.set_title("" if row else f"k = {morph.steps[column]:g}", fontsize=8)
    return closed(figure)
