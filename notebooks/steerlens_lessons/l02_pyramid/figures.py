"""Lesson 02: its figures.

pictures         panels of images, bands, amplitudes or phases, with pixels on the axes
radial_profiles, angular_profiles, frequency_plane  the masks, drawn
motion_curves    measured shift against the commanded one
"""

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.plot.figures import WIDTH, closed
from steerlens.transforms.masks import (
    angular_mask,
    bandpass_mask,
    frequency_grid,
    highpass_mask,
    lowpass_mask,
)

FADED = 0.6  # grey of a phase without amplitude: no colour of the cyclic map


def colored(values: Tensor, kind: str, amplitude: Tensor | None = None) -> np.ndarray:
    """Colours (height, width, 3) in [0, 1] of a real (height, width): fit for what its kind means.

    Args:
        values: what to show.
        kind: "image" (grey, 0 to 1), "signed" (blue, white, red, about 0), "amplitude" (dark to bright,
            from 0) or "phase" (cyclic, -pi to pi).
        amplitude: a phase fades to grey where this is small, since nothing has no phase.
    """
    values = values.detach().cpu().double().numpy()
    top = max(np.abs(values).max(), 1e-12)
    names = {"image": "gray", "signed": "RdBu_r", "amplitude": "magma", "phase": "twilight"}
    unit = {
        "image": values,
        "signed": 0.5 + 0.5 * values / top,
        "amplitude": values / top,
        "phase": 0.5 + values / (2 * math.pi),
    }[kind]
    colours = colormaps[names[kind]](unit.clip(0, 1))[..., :3]
    if amplitude is None:
        return colours
    weight = (amplitude / amplitude.max().clamp(min=1e-12)).sqrt().detach().cpu().double().numpy()[..., None]
    return weight * colours + (1 - weight) * FADED


def pictures(
    panels: Sequence[tuple[str, Tensor, str]], columns: int | None = None, pixels: int | None = None
) -> Figure:
    """Panels with a title each and pixels along their axes.

    Args:
        panels: title, real tensor (..., height, width) of which the first image is drawn, and kind (see
            `colored`); for "phase" a complex tensor, faded by its amplitude.
        columns: panels a row; all in one row if None.
        pixels: width of the image that the bands belong to, for the axes; each panel's own if None.
    """
    columns = columns or len(panels)
    rows = math.ceil(len(panels) / columns)
    side = min(WIDTH / columns, 2.9)
    figure, axes = plt.subplots(
        rows, columns, figsize=(columns * side, rows * (side + 0.3)), squeeze=False, layout="constrained"
    )
    for axis, (title, values, kind) in zip(axes.flat, panels, strict=True):
        values = values.reshape(-1, *values.shape[-2:])[0]
        fading = (values.angle(), kind, values.abs()) if kind == "phase" else (values, kind)
        size = pixels or values.shape[-1]
        _panel(axis, colored(*fading), title, size)
        if kind == "phase":
            _phase_key(axis)
    axes[-1, 0].set_xlabel("x (pixels)", fontsize=8)
    axes[-1, 0].set_ylabel("y (pixels)", fontsize=8)
    return closed(figure)


def _panel(axis: Axes, colours: np.ndarray, title: str, size: int) -> None:
    axis.imshow(colours, extent=(0, size, size, 0), interpolation="nearest")
    axis.set_title(title, fontsize=10)
    axis.set_xticks([0, size], labels=["0", str(size)], fontsize=7)
    axis.set_yticks([0, size], labels=["0", str(size)], fontsize=7)
    axis.spines[:].set_visible(False)


def _phase_key(axis: Axes) -> None:
    key = plt.cm.ScalarMappable(plt.Normalize(-math.pi, math.pi), "twilight")
    bar = axis.figure.colorbar(key, ax=axis, ticks=[-math.pi, 0, math.pi], shrink=0.7, aspect=15, pad=0.02)
    bar.ax.set_yticklabels(["−π", "0", "π"], fontsize=7)


def radial_profiles(scales: int = 3) -> Figure:
    """High-pass, one band a scale, and low-pass masks against frequency, and the sum of their squares."""
    radius = torch.logspace(-5.5, 0, 600, base=2)
    masks = {"high-pass": highpass_mask(radius)}
    for s in range(scales):
        masks[f"scale {s}"] = bandpass_mask(radius, s)
    masks["low-pass"] = lowpass_mask(2**scales * radius)
    figure, axis = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
    for name, mask in masks.items():
        color = {"high-pass": "0.4", "low-pass": "0.7"}.get(name)
        axis.plot(radius.numpy(), mask.numpy(), color=color, label=name)
    total = sum(mask**2 for mask in masks.values())
    axis.plot(radius.numpy(), total.numpy(), "k:", label="sum of squares")
    axis.set_xscale("log", base=2)
    axis.set(xlabel="frequency / Nyquist", ylabel="mask")
    axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return closed(figure)


def angular_profiles(orientations: int = 4) -> Figure:
    """Angular masks against direction, and the sum of the squares of all and of their mirror images."""
    degrees = torch.linspace(-89.9, 269.9, 720)
    angle = torch.deg2rad(degrees)
    total = torch.zeros_like(angle)
    figure, axis = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
    for b in range(orientations):
        mask = angular_mask(angle, b, orientations)
        total += mask**2 + angular_mask(angle + math.pi, b, orientations) ** 2
        axis.plot(degrees.numpy(), mask.numpy(), label=f"b = {b}")
    axis.plot(degrees.numpy(), total.numpy(), "k:", label="sum of squares,\nmirrors too")
    axis.set(xlabel="direction of the wave (degrees)", ylabel="mask", xticks=range(-90, 271, 45))
    axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return closed(figure)


def band_filter(shape: tuple[int, int], scale: int, orientation: int, orientations: int) -> Tensor:
    """Modulus of a band's mask at every frequency of an image, zero frequency in the middle."""
    radius, angle = frequency_grid(shape)
    mask = bandpass_mask(radius, scale) * angular_mask(angle, orientation, orientations)
    return torch.fft.fftshift(mask)


def frequency_plane(panels: Sequence[tuple[str, Tensor]]) -> Figure:
    """Masks over the frequency plane, zero frequency in the middle, on one scale of colours from 0."""
    top = max(mask.max().item() for _, mask in panels)
    size = (WIDTH, WIDTH / len(panels) + 0.4)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False, layout="constrained")
    for axis, (title, mask) in zip(axes.flat, panels, strict=True):
        shown = axis.imshow(mask.numpy(), cmap="magma", vmin=0, vmax=top, extent=(-1, 1, 1, -1))
        axis.set_title(title, fontsize=10)
        axis.set_xticks([-1, 0, 1])
        axis.set_yticks([-1, 0, 1] if axis is axes[0, 0] else [])
    axes[0, 0].set(xlabel="$\\omega_x$ / Nyquist", ylabel="$\\omega_y$ / Nyquist")
    figure.colorbar(shown, ax=axes, shrink=0.8, label="mask")
    return closed(figure)


def motion_curves(
    panels: Mapping[str, Mapping[str, tuple[Tensor, Tensor, str, str]]],
    marks: Mapping[str, float],
    axes: tuple[str, str],
) -> Figure:
    """Measured against commanded shift, a panel each, a quarter and half a wavelength marked.

    Args:
        panels: by title, curves by name: commanded, measured, colour, line style.
        marks: the wavelength of each panel, in the unit of its x axis.
        axes: labels of x and y.
    """
    figure, plots = plt.subplots(
        1, len(panels), figsize=(WIDTH, 3.2), squeeze=False, layout="constrained", sharey=len(panels) > 1
    )
    for axis, (title, curves) in zip(plots.flat, panels.items(), strict=True):
        for name, (commanded, measured, color, line) in curves.items():
            axis.plot(commanded.numpy(), measured.numpy(), color=color, linestyle=line, label=name)
        for share, name in ((0.25, "λ/4"), (0.5, "λ/2")):
            axis.axvline(share * marks[title], color="0.7", linestyle=":")
            axis.annotate(name, (share * marks[title], 1.0), xycoords=("data", "axes fraction"), fontsize=8)
        axis.set_title(title, fontsize=10, pad=14)
        axis.set_xlabel(axes[0])
    plots[0, 0].set_ylabel(axes[1])
    plots[0, 0].legend(frameon=False, fontsize=8)
    return closed(figure)
