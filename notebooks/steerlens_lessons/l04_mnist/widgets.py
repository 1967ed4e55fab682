"""Lesson 04: a widget over all pairs of digits, and the blind reading.

every           every n-th morph of a batch
pair_picker     choose source, target and frame of any of the ninety morphs
check_reading   what share of unlabelled pictures somebody read as their targets
"""

from dataclasses import replace
from typing import Any

import ipywidgets
import torch
from torch import Tensor

from steerlens.morphs.morph import Morph
from steerlens.plot.morphs import filmstrip
from steerlens.plot.widgets import StillBox, frame_caption, image_png, viewer

from ..common.summaries import counted


def every(morph: Morph, n: int) -> Morph:
    """Every n-th morph of a batch: the first image of each pair, where n images of a pair stand together."""
    per_image = ("frames", "probabilities", "distances", "sources", "targets")
    kept = {name: getattr(morph, name)[::n] for name in per_image}
    return replace(morph, **kept, render=lambda rows, k: morph.render(rows * n, k))


def pair_row(source: int, target: int, classes: int = 10) -> int:
    """Place of a pair of different classes in the order of `mnist.ordered_pairs`."""
    return source * (classes - 1) + target - (target > source)


def pair_view(morph: Morph, source: int, target: int, frame: int) -> tuple[bytes, str]:
    """Source and frame side by side as a PNG, and the frame's caption.

    Args:
        morph: one morph a pair, in the order of `mnist.ordered_pairs`.
        source, target: classes; the source itself is shown where they are the same.
        frame: index of the frame.
    """
    classes = morph.probabilities.shape[2]
    if source == target:
        image = morph.frames[pair_row(source, (target + 1) % classes, classes), 0]
        return image_png(torch.cat([image, image], dim=-1)), "Choose two different digits."
    row = pair_row(source, target, classes)
    picture = torch.cat([morph.frames[row, 0], morph.frames[row, frame]], dim=-1)
    return image_png(picture), f"{source} → {target}: {frame_caption(morph, row, frame)}"


def pair_picker(morph: Morph, still: list[tuple[int, int]]) -> StillBox:
    """Widget: choose source and target, and move through the frames.

    Args:
        morph: one morph a pair, in the order of `mnist.ordered_pairs`.
        still: the pairs that a reader without a kernel sees.
    """
    classes, last = morph.probabilities.shape[2], len(morph.steps) - 1
    source, target = (
        ipywidgets.IntSlider(value, 0, classes - 1, description=name)
        for value, name in ((still[0][0], "from"), (still[0][1], "to"))
    )
    frame = ipywidgets.IntSlider(last, 0, last, description="frame")
    strip = filmstrip(morph, rows=[pair_row(*pair, classes) for pair in still])
    return viewer(
        [source, target, frame],
        lambda *values: pair_view(morph, *values),
        strip,
        f"Three sliders choose source, target and frame of {len(morph.frames)} morphs.",
        [ipywidgets.HBox([source, target]), frame],
    )


def check_reading(answer: Any, sources: Tensor, targets: Tensor) -> None:
    """Count how many pictures were read as their target, as their source, or as something else.

    Args:
        answer: a string of digits, one a picture, anything else (a question mark) for an unreadable one.
        sources, targets: classes of the pictures, (n,).
    """
    if answer is ...:
        print(f"Open: expected a string of {len(targets)} digits, ? for none.")
        return
    read = answer.replace(" ", "") if isinstance(answer, str) else ""
    if len(read) != len(targets):
        print(f"Not yet: expected a string of {len(targets)} digits, ? for none; got {answer!r}.")
        return
    seen = torch.tensor([int(sign) if sign in "0123456789" else -1 for sign in read])
    hits, kept = seen == targets, seen == sources
    rest = len(targets) - int(hits.sum()) - int(kept.sum())
    print(f"Right: {counted(hits)} read as the target, {int(kept.sum())} as the source, {rest} otherwise.")
