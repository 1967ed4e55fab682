"""Pictures of morphs.

filmstrip            sources, frames and the probability under each
probability_curves   target probability against k or distance, one line a method
pipeline             the method on one image, from the image to its morph (the paper's Figure 1)
"""

from collections.abc import Mapping, Sequence
from numbers import Integral

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from .._internal.checks import check_choice, check_indices, check_integer
from ..morphs.gradients import gradient_step, wirtinger_gradient
from ..morphs.morph import Morph, extrapolate
from ..transforms.pyramid import SteerablePyramid

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
        difference: add a row under each with frame minus source (red: brighter, blue: darker), on the
            scale that its label tells.
    """
    names = class_names(morph, classes)
    rows = check_indices("rows", rows, len(morph.frames), at_least=1)
    columns = _frame_indices(frames, len(morph.steps))
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
    return closed(figure)


def class_names(morph: Morph, classes: Sequence[str] | None = None) -> list[str]:
    """A name for each class of a morph; its index if None. Raises TypeError or ValueError."""
    if not isinstance(morph, Morph):
        raise TypeError(f"morph: expected a Morph, got {type(morph).__name__}")
    count = morph.probabilities.shape[2]
    if classes is None:
        return [str(i) for i in range(count)]
    if not isinstance(classes, Sequence) or isinstance(classes, str) or len(classes) != count:
        raise ValueError(f"classes: expected a name for each of {count} classes, got {classes!r}")
    return [str(name) for name in classes]


def _differences(line: Sequence[Axes], frames: Tensor, columns: Sequence[int]) -> None:
    """Frame minus source in each column, on one scale from minus to plus the largest change."""
    changes = (frames[list(columns)] - frames[0]).mean(1).cpu()
    largest = max(changes.abs().max().item(), 1 / 255)
    line[0].set_ylabel(f"change\n±{largest:.2f}", fontsize=8, rotation=0, ha="right", va="center")
    for axis, change in zip(line, changes.numpy(), strict=True):
        axis.imshow(change, cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest")


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
    if not (isinstance(morphs, Mapping) and morphs and all(isinstance(m, Morph) for m in morphs.values())):
        raise TypeError(f"morphs: expected a dict of Morph by name, got {morphs!r}")
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
    return closed(axis.figure)


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
    gradient = wirtinger_gradient(model, image, target, pyramid).bands
    bands = pyramid.analyze(image).bands
    shifts = [gradient_step(S, g, alpha).angle() for S, g in zip(bands, gradient, strict=True)]
    morph = extrapolate(model, image, target, pyramid, alpha=alpha, steps=steps, progress=False)
    peaks = [band.abs().amax().clamp(min=torch.finfo(image.dtype).tiny) for band in bands]
    amplitude = band_mosaic([band.abs() / peak for band, peak in zip(bands, peaks, strict=True)]).numpy()
    visible = np.sqrt(amplitude)
    figure, axes = _grid(1, 5, (WIDTH, 2.5), wspace=0.14)
    line = axes[0]
    show_image(line[0], image[0])
    line[1].imshow(amplitude, cmap="gray")
    phase = band_mosaic([band.angle() for band in bands]).numpy()
    line[2].imshow(phase, cmap="twilight", alpha=visible)
    line[3].imshow(band_mosaic(shifts).numpy(), cmap="RdBu_r", vmin=-0.5, vmax=0.5, alpha=visible)
    show_image(line[4], morph.frames[0, -1])
    _caption(line[0], "image $s$", "", r"$\mathcal{F}$")
    _caption(line[1], "amplitude $A_0$", "kept", "")
    _caption(line[2], r"phase $\Phi_0$", "turned", r"$+\,k\,\Delta\Phi$")
    _caption(line[3], r"phase shift $\Delta\Phi$", "from the class gradient", r"$\mathcal{F}^{-1}$")
    _caption(line[4], rf"morph $\hat{{s}}_{{{steps}}}$", "", "")
    return closed(figure)


def _caption(axis: Axes, title: str, note: str, step: str) -> None:
    """Title above, note below, and an arrow to the next panel with the step that leads there."""
    axis.set_title(title, fontsize=11)
    axis.set_xlabel(note, fontsize=9)
    if step:
        arrow = {"arrowstyle": "-|>", "color": "0.3"}
        axis.annotate(step, (1.13, 0.58), xycoords="axes fraction", ha="center", va="bottom", fontsize=11)
        axis.annotate("", (1.24, 0.5), (1.02, 0.5), xycoords="axes fraction", arrowprops=arrow)


def band_mosaic(parts: Sequence[Tensor]) -> Tensor:
    """The first image's bands as one picture: a row a scale, finest first, a column an orientation.

    Args:
        parts: real (batch, channels, orientations, h, w) for each scale; channels are averaged.

    Returns:
        (rows * height, columns * width), each band enlarged to the size of the finest.
    """
    if not parts:
        raise ValueError("parts: expected the bands of at least one scale, got none")
    size = parts[0].shape[-2:]
    rows = [nn.functional.interpolate(part[:1].mean(1), size=size, mode="nearest")[0] for part in parts]
    return torch.cat([torch.cat(list(row), dim=1) for row in rows]).detach().cpu()


def show_image(axis: Axes, image: Tensor) -> None:
    """Draw an image (channels, height, width) in [0, 1]: grey for one channel, colour for three."""
    image = image.detach().cpu().numpy()
    if image.shape[0] == 1:
        axis.imshow(image[0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        axis.imshow(np.moveaxis(image, 0, -1).clip(0, 1), interpolation="nearest")


def _frame_indices(frames: int | Sequence[int], count: int) -> tuple[int, ...]:
    if isinstance(frames, Integral):
        shown = min(check_integer("frames", frames, 2), count)
        return tuple(torch.linspace(0, count - 1, shown).round().long().tolist())
    return check_indices("frames", frames, count, at_least=1)


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


def closed(figure: Figure) -> Figure:
    """The figure, closed, so that a notebook shows it once: as the value of its cell."""
    plt.close(figure)
    return figure
