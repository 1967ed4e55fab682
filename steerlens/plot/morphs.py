"""Pictures of morphs: their frames, and how one comes about."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from .._internal.checks import check_indices, check_integer, check_names, check_shown
from ..morphs import Morph, extrapolate
from ..morphs.gradients import gradient_step, wirtinger_gradient
from ..transforms.pyramid import SteerablePyramid
from .figures import WIDTH, Cell, bare, closed, grid, show_image, signed, styled, subplots


def filmstrip(
    morph: Morph,
    rows: Sequence[int] | int | None = None,
    frames: int | Sequence[int] = 9,
    classes: Iterable | None = None,
    difference: bool = False,
    show: Callable[[Tensor], Tensor] | None = None,
) -> Figure:
    """One row a morph: the source, some frames, and the target's probability under each.

    Where no class was asked for it is the objective's value, here and in `strips`.

    Args:
        morph: what to show.
        rows: which morphs of the batch, all if None.
        frames: how many frames, evenly spaced from source to last, or their indices.
        classes: names for the labels, in order or in a dict by index; the indices if None.
        difference: add a row under each with frame minus source (red: brighter, blue: darker), on the
            scale that its label tells.
        show: makes grey or RGB (n, 1 or 3, height, width) of images of other channels, such as
            ``lambda x: x[:, :3]``; changes are always the mean of all channels.
    """
    names = class_names(morph, classes)
    rows = check_indices("rows", rows, len(morph.frames), at_least=1)
    columns = _frame_indices(frames, len(morph.steps))
    lines = []
    for row in rows:
        name = f"{names[morph.sources[row]]} → {names[morph.targets[row]]}" if names else f"image {row}"
        lines.append((name, _noted(morph, row, columns, show)))
        if difference:
            lines.append(_differences(morph.frames[row, list(columns)] - morph.frames[row, 0]))
    return grid(lines, [f"k = {morph.steps[column]:g}" for column in columns], cell=WIDTH)


@styled
def strips(
    morphs: Mapping[str, Morph],
    row: int = 0,
    frames: int | Sequence[int] = 8,
    title: str = "",
    show: Callable[[Tensor], Tensor] | None = None,
) -> Figure:
    """One row a method: frames of the same morph, with k and the target's probability under each.

    Args:
        morphs: by the name of the method.
        row: which morph of each batch.
        frames: how many frames, evenly spaced from source to last, or their indices.
        title: above all rows.
        show: as in `filmstrip`.
    """
    figure = grid({name: _noted(morph, row, frames, show, with_k=True) for name, morph in morphs.items()})
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def class_names(morph: Morph, classes: Iterable | None = None) -> tuple[str, ...]:
    """A name for each class of a morph, if it has any (`check_names`). Raises TypeError or ValueError."""
    if not isinstance(morph, Morph):
        raise TypeError(f"morph: expected a Morph, got {type(morph).__name__}")
    return check_names(classes, 0 if morph.targets is None else morph.probabilities.shape[2])


def _noted(
    morph: Morph,
    row: int,
    frames: int | Sequence[int],
    show: Callable[[Tensor], Tensor] | None,
    with_k: bool = False,
) -> list[Cell]:
    """Frames of one morph, the target's probability or the value (and k) under each."""
    columns = list(_frame_indices(frames, len(morph.steps)))
    k = [f"k = {morph.steps[column]:g}: " if with_k else "" for column in columns]
    found, form = (morph.values, ".3g") if morph.targets is None else (morph.target_probabilities, ".2f")
    shown = check_shown(morph.frames[row, columns], show)
    notes = zip(shown, k, found[row, columns].tolist(), strict=True)
    return [(image, f"{a}{b:{form}}") for image, a, b in notes]


def _differences(changes: Tensor) -> tuple[str, list[Cell]]:
    """Name and cells of a row that shows changes (n, channels, height, width) on one scale."""
    largest = max(changes.mean(1).abs().max().item(), 1 / 255)
    return f"change\n±{largest:.2f}", [signed(change, largest) for change in changes]


@styled
def pipeline(
    model: nn.Module,
    image: Tensor,
    target: int,
    pyramid: SteerablePyramid,
    alpha: float = 1.0,
    steps: int = 12,
    show: Callable[[Tensor], Tensor] | None = None,
) -> Figure:
    """The paper's Figure 1 on one image: analysis, amplitude and phase, phase shift, synthesis.

    Args:
        model: maps images to logits.
        image: (1, channels, height, width) in [0, 1].
        target: class index.
        pyramid: the transform.
        alpha, steps: as in `steerlens.extrapolate`.
        show: as in `filmstrip`.
    """
    gradient = wirtinger_gradient(model, image, target, pyramid).bands
    bands = pyramid.analyze(image).bands
    shifts = [gradient_step(S, g, alpha).angle() for S, g in zip(bands, gradient, strict=True)]
    morph = extrapolate(model, image, target, pyramid, alpha=alpha, steps=steps, progress=False)
    peaks = [band.abs().amax().clamp(min=torch.finfo(image.dtype).tiny) for band in bands]
    amplitude = band_mosaic([band.abs() / peak for band, peak in zip(bands, peaks, strict=True)]).numpy()
    visible = np.sqrt(amplitude)
    shown = check_shown(torch.cat([image, morph.frames[:, -1]]), show)
    figure, (line,) = subplots(1, 5, (WIDTH, 2.5), gridspec_kw={"wspace": 0.14})
    for axis in line:
        bare(axis)
    show_image(line[0], shown[0])
    line[1].imshow(amplitude, cmap="gray")
    phase = band_mosaic([band.angle() for band in bands]).numpy()
    line[2].imshow(phase, cmap="twilight", alpha=visible)
    line[3].imshow(band_mosaic(shifts).numpy(), cmap="RdBu_r", vmin=-0.5, vmax=0.5, alpha=visible)
    show_image(line[4], shown[1])
    _caption(line[0], "image $s$", "", r"$\mathcal{F}$")
    _caption(line[1], "amplitude $A_0$", "kept", "")
    _caption(line[2], r"phase $\Phi_0$", "turned", r"$+k\Delta\Phi$")
    _caption(line[3], r"phase shift $\Delta\Phi$", "from the class gradient", r"$\mathcal{F}^{-1}$")
    _caption(line[4], rf"morph $\hat{{s}}_{{{steps}}}$", "", "")
    return closed(figure)


def _caption(axis: Axes, title: str, note: str, step: str) -> None:
    """Title above, note below, and an arrow to the next panel with the step that leads there."""
    axis.set_title(title, fontsize=11)
    axis.set_xlabel(note, fontsize=9)
    if step:
        arrow = {"arrowstyle": "-|>", "color": "0.3"}
        axis.annotate(step, (1.13, 0.58), xycoords="axes fraction", ha="center", va="bottom", fontsize=9)
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


def _frame_indices(frames: int | Sequence[int], count: int) -> tuple[int, ...]:
    if isinstance(frames, Integral):
        shown = min(check_integer("frames", frames, 2), count)
        return tuple(torch.linspace(0, count - 1, shown, device="cpu").round().long().tolist())
    return check_indices("frames", frames, count, at_least=1)
