"""Lesson 03: its figures.

strip, gallery     images with the four wedges of the classes and the way of the centre of mass
progress_curves    score and ground truth against k
gap_curves, gap_scatter, gradient_figure   what the classifier's Right-Left logit depends on
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from steerlens.data import DIRECTIONS
from steerlens.evaluation import center_of_mass
from steerlens.morphs.morph import Morph
from steerlens.plot.figures import WIDTH, closed, show_image

from . import shapes
from .measures import UNIT, centroid_path, mass_in_half

PATH, RING, LINE = "#ff7f0e", "#d62728", {"color": "white", "linewidth": 0.5, "alpha": 0.35}


def framed(axis: Axes, image: Tensor, path: Tensor | None = None) -> None:
    """An image (1, height, width), the borders of the four classes, and a path (n, 2) that ends in a dot."""
    show_image(axis, image)
    height, width = image.shape[-2:]
    axis.plot([0, width - 1], [0, height - 1], **LINE)
    axis.plot([0, width - 1], [height - 1, 0], **LINE)
    if path is not None:
        y, x = (path + torch.tensor([(height - 1) / 2, (width - 1) / 2])).unbind(-1)
        axis.plot(x, y, color=PATH, linewidth=1.6)
        axis.plot(
            x[-1:], y[-1:], "o", color=PATH, markersize=3.5, markeredgecolor="black", markeredgewidth=0.4
        )
    axis.set(xticks=[], yticks=[], xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axis.spines[:].set_visible(False)


def strip(morph: Morph, rows: Sequence[int] | None = None, frames: int = 8) -> Figure:
    """One row a morph: frames with the centre of mass's way so far, the target's probability under each."""
    rows = list(range(len(morph.frames)) if rows is None else rows)
    columns = torch.linspace(0, len(morph.steps) - 1, frames).round().long().tolist()
    cell = WIDTH / (frames + 1)
    size = (WIDTH, len(rows) * (cell + 0.2) + 0.25)
    figure, axes = plt.subplots(len(rows), frames, figsize=size, squeeze=False, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.01, wspace=0.01, hspace=0.01)
    path, p = centroid_path(morph), morph.target_probabilities
    for line, row in zip(axes, rows, strict=True):
        source, target = DIRECTIONS[morph.sources[row]], DIRECTIONS[morph.targets[row]]
        label = {"fontsize": 10, "rotation": 0, "ha": "right", "va": "center"}
        line[0].set_ylabel(f"{source}\n→ {target}", **label)
        for axis, column in zip(line, columns, strict=True):
            framed(axis, morph.frames[row, column], path[row, : column + 1])
            axis.set_xlabel(f"{p[row, column]:.2f}", fontsize=8, labelpad=2)
    for axis, column in zip(axes[0], columns, strict=True):
        axis.set_title(f"k = {morph.steps[column]:g}", fontsize=8, pad=3)
    return closed(figure)


def gallery(
    images: Tensor, titles: Sequence[str], notes: Sequence[str] | None = None, columns: int = 8
) -> Figure:
    """Images (n, 1, height, width) with titles, their centres of mass, and a note under each."""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    cell = min(WIDTH / columns, 1.6)
    size = (columns * cell, rows * (cell + (0.3 if notes is None else 0.62)))
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for axis in axes.flat[len(images) :]:
        axis.set_visible(False)
    places = center_of_mass(images)
    for i, (axis, title) in enumerate(zip(axes.flat, titles, strict=False)):
        framed(axis, images[i], places[i])
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("" if notes is None else notes[i], fontsize=8)
    return closed(figure)


def seen_as(model: nn.Module, images: Tensor) -> list[str]:
    """For each image the class that the model sees and its probability: ``Left 0.98``."""
    with torch.no_grad():
        p, seen = model(images).softmax(1).max(1)
    return [f"{DIRECTIONS[i]} {v:.2f}" for i, v in zip(seen.tolist(), p.tolist(), strict=True)]


def progress_curves(morphs: Mapping[str, Morph]) -> Figure:
    """Against k: the target's probability, the centre of mass's progress, the mass in the target's half.

    Progress is the way along the straight line from the source's class to the target's, in pixels. Lines
    are medians, bands go from quartile to quartile.
    """
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.9), layout="constrained")
    names = ("probability of the target", "progress of centre of mass (px)", "mass in the target's half")
    for name, morph in morphs.items():
        path = centroid_path(morph)
        wanted = nn.functional.normalize(UNIT[morph.targets] - UNIT[morph.sources], dim=1)
        along = ((path - path[:, :1]) * wanted[:, None]).sum(-1)
        halves = torch.stack([mass_in_half(morph.frames[:, :, 0], d) for d in range(4)])
        half = halves[morph.targets, torch.arange(len(along))]
        for axis, values in zip(axes, (morph.target_probabilities, along, half), strict=True):
            low, middle, high = values.quantile(torch.tensor([0.25, 0.5, 0.75]), dim=0)
            (line,) = axis.plot(morph.steps, middle, label=name)
            axis.fill_between(morph.steps, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    for axis, name in zip(axes, names, strict=True):
        axis.set_title(name, fontsize=10)
        axis.set_xlabel("k")
    axes[1].axhline(0, color="0.8", linewidth=0.8)
    axes[1].legend(frameon=False, fontsize=8)
    return closed(figure)


def gap_curves(panels: Mapping[str, Mapping[str, tuple[Tensor, Tensor]]]) -> Figure:
    """Panels of named curves (x of the centre of mass, logit Right - logit Left)."""
    size = {"figsize": (WIDTH, 3.1), "layout": "constrained"}
    figure, axes = plt.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False, **size)
    for axis, (title, curves) in zip(axes[0], panels.items(), strict=True):
        axis.axhline(0, color="0.8", linewidth=0.8)
        axis.axvline(0, color="0.8", linewidth=0.8)
        for name, (x, gap) in curves.items():
            axis.plot(x, gap, label=name, linewidth=1.4)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("x of the centre of mass (px)")
        axis.legend(fontsize=7, frameon=False)
    axes[0, 0].set_ylabel("logit Right − logit Left")
    return closed(figure)


def gap_scatter(x: Tensor, moment: Tensor, gap: Tensor, unseen: Tensor) -> Figure:
    """The logit gap of random images against the centre of mass and against the moment.

    Args:
        x: of the centre of mass, (n,), px.
        moment: mass times x, (n,).
        gap: logit Right - logit Left, (n,).
        unseen: boolean (n,): whether much of the brightness lies where no training disk ever was.
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), sharey=True, layout="constrained")
    for axis, values, name in (
        (axes[0], x, "x of the centre of mass (px)"),
        (axes[1], moment, "mass × x (px)"),
    ):
        axis.axhline(0, color="0.8", linewidth=0.8)
        axis.axvline(0, color="0.8", linewidth=0.8)
        for mask, label, color in ((~unseen, "within 22 px", "C0"), (unseen, "reaches beyond", RING)):
            axis.plot(values[mask], gap[mask], ".", markersize=2.5, alpha=0.5, color=color, label=label)
        axis.set_xlabel(name)
    axes[0].set_ylabel("logit Right − logit Left")
    axes[1].legend(fontsize=8, frameon=False, markerscale=3)
    return closed(figure)


def gradient_figure(gradient: Tensor, sigma: float = 2.0) -> Figure:
    """Mean gradient of Right - Left (1, 1, height, width): raw, smoothed, and its columns beside a ramp."""
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.9), layout="constrained")
    smooth = shapes.blurred(gradient, sigma)
    half = gradient.shape[-1] / 2
    circle = {"fill": False, "color": "0.3", "linewidth": 0.8, "linestyle": "--"}
    for axis, values, title in ((axes[0], gradient, "gradient"), (axes[1], smooth, "smoothed")):
        top = values.abs().max().item()
        extent = (-half, half, half, -half)
        axis.imshow(values[0, 0].numpy(), cmap="RdBu_r", vmin=-top, vmax=top, extent=extent)
        axis.add_patch(plt.Circle((0, 0), 22, **circle))
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("x (px)")
    x = torch.arange(gradient.shape[-1]) - half + 0.5
    sums = smooth[0, 0].sum(0)
    ramp = x * (x * sums).sum() / x.square().sum()
    axes[2].plot(x, sums, label="sum of each column")
    axes[2].plot(x, ramp, "--", color="0.5", label="what a centroid needs")
    axes[2].axhline(0, color="0.8", linewidth=0.8)
    axes[2].set_xlabel("x (px)")
    axes[2].legend(fontsize=8, frameon=False)
    return closed(figure)
