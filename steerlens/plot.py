"""Pictures of morphs.

filmstrip            sources, frames and the probability under each
probability_curves   target probability against k or distance, one line a method
pipeline             the method on one image, from the image to its morph (the paper's Figure 1)
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from .checks import check_choice, check_indices, check_integer
from .gradients import gradient_step, wirtinger_gradient
from .morph import Morph, extrapolate
from .pyramid import SteerablePyramid

WIDTH = 9.6  # inches: the width of a notebook's text


def filmstrip(
    morph: Morph,
    rows: Sequence[int] | int | None = None,
    frames: int | Sequence[int] = 9,
    classes: Sequence[str] | None = None,
    difference: bool = False,
) -> Figure:
    """One row a morph: the source, some frames, and the target's probability under each.

    Args:
        morph: what to show.
        rows: which morphs of the batch, all if None.
        frames: how many frames, evenly spaced from source to last, or their indices.
        classes: names for the labels; the indices if None.
        difference: add a row under each with frame minus source (red: brighter, blue: darker).
    """
    rows = check_indices("rows", rows, len(morph.frames))
    columns = _frame_indices(frames, len(morph.steps))
    names = [str(i) for i in range(morph.probabilities.shape[2])] if classes is None else classes
    lines = len(rows) * (1 + difference)
    height, width = morph.frames.shape[-2:]
    cell = WIDTH / (len(columns) + 0.6)
    figsize = (WIDTH, lines * (cell * height / width + 0.19) + 0.2)
    figure, axes = _grid(lines, len(columns), figsize)
    for line, row in zip(axes[:: 1 + difference], rows, strict=True):
        source, target = names[morph.sources[row]], names[morph.targets[row]]
        line[0].set_ylabel(f"{source} → {target}", fontsize=11, rotation=0, ha="right", va="center")
        for axis, column in zip(line, columns, strict=True):
            show_image(axis, morph.frames[row, column])
            axis.set_xlabel(f"{morph.target_probabilities[row, column]:.2f}", fontsize=8, labelpad=2)
    for axis, column in zip(axes[0], columns, strict=True):
        axis.set_title(f"k = {morph.steps[column]:g}", fontsize=8, pad=3)
    if difference:
        for line, row in zip(axes[1::2], rows, strict=True):
            _differences(line, morph.frames[row], columns)
    return _closed(figure)


def _differences(line: Sequence[Axes], frames: Tensor, columns: Sequence[int]) -> None:
    line[0].set_ylabel("change", fontsize=8, rotation=0, ha="right", va="center")
    for axis, column in zip(line, columns, strict=True):
        change = (frames[column] - frames[0]).mean(0).cpu()
        axis.imshow(change, cmap="RdBu_r", vmin=-1, vmax=1)


def probability_curves(
    morphs: Mapping[str, Morph], against: str = "steps", axis: Axes | None = None
) -> Figure:
    """Median target probability of each batch of morphs, with the band from quartile to quartile.

    Args:
        morphs: what to compare, by name.
        against: "steps" (k) or "distances" (the median L2 distance of each frame).
        axis: where to draw; a new figure if None.
    """
    check_choice("against", against, ("steps", "distances"))
    if axis is None:
        _, axis = plt.subplots(figsize=(WIDTH / 2, 2.8), layout="constrained")
    for name, morph in morphs.items():
        x = morph.steps if against == "steps" else morph.distances.median(dim=0).values
        low, middle, high = (morph.target_probabilities.quantile(q, dim=0).cpu() for q in (0.25, 0.5, 0.75))
        (line,) = axis.plot(x.cpu(), middle, label=name)
        axis.fill_between(x.cpu(), low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    axis.set(
        xlabel="k" if against == "steps" else "L2 distance to the source",
        ylabel="probability of the target",
        ylim=(-0.02, 1.02),
    )
    axis.legend(frameon=False, fontsize=8)
    return _closed(axis.figure)


def pipeline(
    model: nn.Module,
    image: Tensor,
    target: int,
    pyramid: SteerablePyramid,
    alpha: float = 1.0,
    steps: int = 12,
) -> Figure:
    """The paper's Figure 1 on one image: analysis, amplitude and phase, phase shift, synthesis.

    Args:
        model: maps images to logits.
        image: (1, channels, height, width) in [0, 1].
        target: class index.
        pyramid: the transform.
        alpha, steps: as in `steerlens.extrapolate`.
    """
    bands = pyramid.analyze(image).bands
    gradient = wirtinger_gradient(model, image, target, pyramid).bands
    shifts = [gradient_step(S, g, alpha).angle() for S, g in zip(bands, gradient, strict=True)]
    morph = extrapolate(model, image, target, pyramid, alpha=alpha, steps=steps, progress=False)
    amplitude = band_mosaic([band.abs() / band.abs().amax() for band in bands])
    visible = amplitude.sqrt().numpy()
    figure, axes = _grid(1, 5, (WIDTH, 2.5), wspace=0.14)
    line = axes[0]
    show_image(line[0], image[0])
    line[1].imshow(amplitude, cmap="gray")
    line[2].imshow(band_mosaic([band.angle() for band in bands]), cmap="twilight", alpha=visible)
    line[3].imshow(band_mosaic(shifts), cmap="RdBu_r", vmin=-0.5, vmax=0.5, alpha=visible)
    show_image(line[4], morph.frames[0, -1])
    titles = [
        "image $s$",
        "amplitude $A_0$",
        r"phase $\Phi_0$",
        r"phase shift $\Delta\Phi$",
        rf"morph $\hat{{s}}_{{{steps}}}$",
    ]
    notes = ["", "kept", "turned", "from the class gradient", ""]
    for axis, title, note in zip(line, titles, notes, strict=True):
        axis.set_title(title, fontsize=11)
        axis.set_xlabel(note, fontsize=9)
    steps_between = [r"$\mathcal{F}$", "", r"$+\,k\,\Delta\Phi$", r"$\mathcal{F}^{-1}$"]
    for axis, step in zip(line, steps_between, strict=False):
        axis.annotate(step, (1.13, 0.6), xycoords="axes fraction", ha="center", va="bottom", fontsize=9)
        arrow = {"arrowstyle": "-|>", "color": "0.3"}
        if step:
            axis.annotate("", (1.24, 0.5), (1.02, 0.5), xycoords="axes fraction", arrowprops=arrow)
    return _closed(figure)


def band_mosaic(parts: Sequence[Tensor]) -> Tensor:
    """The first image's bands as one picture: a row a scale, finest first, a column an orientation.

    Args:
        parts: real (batch, channels, orientations, h, w) for each scale; channels are averaged.

    Returns:
        (rows * height, columns * width), each band enlarged to the size of the finest.
    """
    size = parts[0].shape[-2:]
    rows = [nn.functional.interpolate(part[:1].mean(1), size=size, mode="nearest")[0] for part in parts]
    return torch.cat([torch.cat(list(row), dim=1) for row in rows]).detach().cpu()


def show_image(axis: Axes, image: Tensor) -> None:
    """Draw an image (channels, height, width) in [0, 1]: grey for one channel, colour for three."""
    image = image.detach().cpu()
    if image.shape[0] == 1:
        axis.imshow(image[0], cmap="gray", vmin=0, vmax=1)
    else:
        axis.imshow(image.movedim(0, -1).clamp(0, 1))


def _frame_indices(frames: int | Sequence[int], count: int) -> tuple[int, ...]:
    if isinstance(frames, int):
        shown = min(check_integer("frames", frames, 2), count)
        return tuple(torch.linspace(0, count - 1, shown).round().long().tolist())
    return check_indices("frames", frames, count)


def _grid(
    rows: int, columns: int, figsize: tuple[float, float], wspace: float = 0.02
) -> tuple[Figure, np.ndarray]:
    spaces = {"wspace": wspace, "hspace": 0.02}
    figure, axes = plt.subplots(
        rows, columns, figsize=figsize, squeeze=False, layout="constrained", gridspec_kw=spaces
    )
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return figure, axes


def _closed(figure: Figure) -> Figure:
    plt.close(figure)  # so that a notebook shows it once: as the value of its cell
    return figure
