"""Lesson 06: the widget in which a reader looks at every face, by every method, frame by frame."""

from collections.abc import Mapping, Sequence

import ipywidgets
import torch
from torch import Tensor

from steerlens import Morph
from steerlens.plot import signed
from steerlens.plot.widgets import StillBox, image_png, viewer

from .measures import BOXES, SIZE, region_shares

FULL_COLOR = 0.5  # change of a pixel that gets the full colour


def boxed(picture: Tensor) -> Tensor:
    """The same picture (3, 48, 48), darker on the boxes around mouth, eyes and brows."""
    shade = torch.ones(SIZE, SIZE)
    for top, bottom, left, right in BOXES.values():
        shade[top:bottom, left:right] = 0.7
        shade[top + 1 : bottom - 1, left + 1 : right - 1] = 1
    return picture * shade


def browse(morph: Morph, row: int, frame: int, classes: Sequence[str]) -> tuple[bytes, str]:
    """The picture (source, frame, change with the boxes) and the caption of one frame of one morph."""
    source, image = morph.frames[row, 0].cpu(), morph.frames[row, frame].cpu()
    gap = torch.ones(3, SIZE, 1)
    change = boxed(signed(image - source, FULL_COLOR))
    panels = [source.expand(3, -1, -1), gap, image.expand(3, -1, -1), gap, change]
    names = f"{classes[morph.sources[row]]} → {classes[morph.targets[row]]}"
    p, distance = morph.target_probabilities[row, frame], morph.distances[row, frame]
    caption = f"{names}, k = {morph.steps[frame]:g}: p = {p:.2f}, L2 distance {distance:.2f}"
    if distance > 0:
        shares = region_shares((image - source)[None]).items()
        caption += "; energy: " + ", ".join(f"{name} {found[0]:.0%}" for name, found in shares)
    return image_png(torch.cat(panels, dim=2)), caption


def face_browser(morphs: Mapping[str, Morph], classes: Sequence[str], start: int = 0) -> StillBox:
    """Widget: choose one of the faces, a method and a frame. Without a kernel: one face by each method.

    Args:
        morphs: of the same faces, with the same number of frames, by the name of the method.
        classes: names of the classes.
        start: the face that is shown first.
    """
    first = next(iter(morphs.values()))
    last = len(first.steps) - 1
    labels = [(f"{i}: {classes[c]}", i) for i, c in enumerate(first.sources.tolist())]
    face = ipywidgets.Dropdown(options=labels, value=start, description="face")
    method = ipywidgets.ToggleButtons(options=list(morphs), description="method")
    frame = ipywidgets.IntSlider(min(12, last), 0, last, description="frame")

    def view(face: int, method: str, frame: int) -> tuple[bytes, str]:
        picture, caption = browse(morphs[method], face, frame, classes)
        return picture, f"{method}: {caption}"

    still = [(start, name, frame.value) for name in morphs]
    text = "A menu of faces, buttons for the method, a slider over its frames; one face by each method."
    rows = [ipywidgets.HBox([face, frame]), method]
    return viewer([face, method, frame], view, still, text, rows)
