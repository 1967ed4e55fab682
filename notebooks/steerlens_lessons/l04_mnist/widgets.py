"""Lesson 04: the widget over all pairs of digits."""

import ipywidgets
import torch

from steerlens import Morph, filmstrip
from steerlens.plot.widgets import StillBox, frame_caption, image_png, viewer

from .measures import pair_row


def pair_view(morph: Morph, source: int, target: int, frame: int) -> tuple[bytes, str]:
    """Source and frame side by side as a PNG, and the frame's caption.

    Args:
        morph: one morph a pair, in the order of `measures.ordered_pairs`.
        source, target: classes; the source itself is shown where they are the same.
        frame: index of the frame.
    """
    classes = morph.probabilities.shape[2]
    row = pair_row(source, (source + 1) % classes if source == target else target, classes)
    shown = morph.frames[row, [0, 0 if source == target else frame]]
    png = image_png(torch.cat(list(shown), dim=-1))
    if source == target:
        return png, "Choose two different digits."
    return png, f"{source} → {target}: {frame_caption(morph, row, frame)}"


def pair_picker(morph: Morph, still: list[tuple[int, int]]) -> StillBox:
    """Widget: choose source and target, and move through the frames.

    Args:
        morph: one morph a pair, in the order of `measures.ordered_pairs`.
        still: the pairs that a reader without a kernel sees.
    """
    classes, last = morph.probabilities.shape[2], len(morph.steps) - 1
    source, target = (
        ipywidgets.IntSlider(value, 0, classes - 1, description=name)
        for value, name in zip(still[0], ("from", "to"), strict=True)
    )
    frame = ipywidgets.IntSlider(last, 0, last, description="frame")
    return viewer(
        [source, target, frame],
        lambda *values: pair_view(morph, *values),
        filmstrip(morph, rows=[pair_row(*pair, classes) for pair in still]),
        f"Three sliders choose source, target and frame of {len(morph)} morphs.",
        [ipywidgets.HBox([source, target]), frame],
    )
