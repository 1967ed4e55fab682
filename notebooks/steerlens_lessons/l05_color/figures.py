"""Lesson 05: its figures.

planes          images and their three channels, chroma in blue and red about zero
method_strips   one morph a row, a method each
quartile_bars   medians and quartiles, a line each
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.morphs.morph import Morph
from steerlens.plot.figures import WIDTH, closed, show_image
from steerlens.transforms.color import rgb_to_yiq


def planes(images: Tensor, names: Sequence[str]) -> Figure:
    """Each image beside its R, G, B and its Y, I, Q planes; R, G, B, Y from 0 to 1, I and Q from -0.6 to 0.6.

    Args:
        images: (batch, 3, height, width) in RGB, a row each.
        names: of the rows.
    """
    figure, axes = plt.subplots(
        len(images), 7, figsize=(WIDTH, 1.4 * len(images) + 0.25), squeeze=False, layout="constrained"
    )
    for line, image, converted, name in zip(axes, images, rgb_to_yiq(images), names, strict=True):
        show_image(line[0], image)
        for axis, plane in zip(line[1:5], [*image, converted[0]], strict=True):
            show_image(axis, plane[None])
        for axis, plane in zip(line[5:], converted[1:], strict=True):
            axis.imshow(plane.numpy(), cmap="RdBu_r", vmin=-0.6, vmax=0.6)
        line[0].set_ylabel(name, fontsize=10)
    for axis, title in zip(axes[0], ("image", "R", "G", "B", "Y", "I", "Q"), strict=True):
        axis.set_title(title, fontsize=10)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    return closed(figure)


def method_strips(
    morphs: Mapping[str, Morph], row: int = 0, columns: int = 8, title: str | None = None
) -> Figure:
    """The same morph by several methods, a row each, from the source to the last frame, evenly in k.

    Args:
        morphs: by name.
        row: which morph of each batch.
        columns: how many frames.
        title: above all rows.
    """
    cell = WIDTH / (columns + 2)
    figure, axes = plt.subplots(
        len(morphs),
        columns,
        figsize=(WIDTH, len(morphs) * (cell + 0.2) + 0.3),
        squeeze=False,
        layout="constrained",
        gridspec_kw={"wspace": 0.02, "hspace": 0.02},
    )
    for line, (name, morph) in zip(axes, morphs.items(), strict=True):
        shown = torch.linspace(0, len(morph.steps) - 1, columns).round().long().tolist()
        line[0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")
        for axis, frame in zip(line, shown, strict=True):
            show_image(axis, morph.frames[row, frame])
            score = morph.target_probabilities[row, frame]
            axis.set_xlabel(f"k = {morph.steps[frame]:g}: {score:.2f}", fontsize=7, labelpad=2)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    if title:
        figure.suptitle(title, fontsize=11)
    return closed(figure)


def quartile_bars(groups: Mapping[str, Mapping[str, Tensor]], label: str) -> Figure:
    """Median (dot) and quartiles (bar) of each set of values, a line a set, a colour a group.

    Args:
        groups: for each group, the values (n,) by the name of their line; all groups have the same lines.
        label: of the axis.
    """
    lines = list(next(iter(groups.values())))
    figure, axis = plt.subplots(figsize=(WIDTH * 0.7, 0.36 * len(lines) + 0.8), layout="constrained")
    for number, (group, sets) in enumerate(groups.items()):
        offset = 0.16 * (number - (len(groups) - 1) / 2) * 2
        for place, line in enumerate(lines):
            low, middle, high = sets[line].quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()
            axis.plot([low, high], [place + offset] * 2, color=f"C{number}", linewidth=4, alpha=0.35)
            axis.plot(middle, place + offset, "o", color=f"C{number}", label=group if place == 0 else None)
    axis.set(xlabel=label, yticks=range(len(lines)), yticklabels=lines)
    axis.invert_yaxis()
    axis.grid(axis="x", alpha=0.3)
    axis.legend(frameon=False, fontsize=9)
    return closed(figure)
