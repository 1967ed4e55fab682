"""Lesson 06: the widget, whose callback is a pure function of what the controls say.

face_browser   choose a face, a method and a frame: source, frame, change, and where the change lies
"""

from collections.abc import Mapping, Sequence

import ipywidgets
import torch
from matplotlib import colormaps
from torch import Tensor

from steerlens.morphs.morph import Morph
from steerlens.plot.morphs import class_names, filmstrip
from steerlens.plot.widgets import StillBox, image_png, viewer

from .measures import BOXES, region_shares

FULL_COLOR = 0.5  # change of a pixel that gets the full colour


def browse(morph: Morph, row: int, frame: int, classes: Sequence[str]) -> tuple[bytes, str]:
    """The picture (source, frame, change with the boxes) and the caption of one frame of one morph."""
    image, change = morph.frames[row, frame], morph.frames[row, frame] - morph.frames[row, 0]
    panels = [morph.frames[row, 0].expand(3, -1, -1), image.expand(3, -1, -1), signed_colors(change)]
    line = torch.ones(3, image.shape[1], 1)
    picture = torch.cat([panels[0].cpu(), line, panels[1].cpu(), line, panels[2]], dim=2)
    names = class_names(morph, classes)
    source, target = names[morph.sources[row]], names[morph.targets[row]]
    p, distance = morph.target_probabilities[row, frame], morph.distances[row, frame]
    caption = f"{source} → {target}, k = {morph.steps[frame]:g}: p = {p:.2f}, L2 distance {distance:.2f}"
    if distance > 0:
        shares = region_shares(change[None]).items()
        caption += "; energy: " + ", ".join(f"{name} {found[0]:.0%}" for name, found in shares)
    return image_png(picture), caption


def signed_colors(change: Tensor) -> Tensor:
    """Colours (3, 48, 48) of a change (1, 48, 48): red brighter, blue darker, the boxes drawn in grey."""
    unit = (0.5 + change[0].cpu() / (2 * FULL_COLOR)).clamp(0, 1)
    colors = torch.as_tensor(colormaps["RdBu_r"](unit.numpy())[..., :3]).movedim(-1, 0).float()
    for top, bottom, left, right in BOXES.values():
        for edge in (top, bottom - 1):
            colors[:, edge, left:right] *= 0.7
        for edge in (left, right - 1):
            colors[:, top + 1 : bottom - 1, edge] *= 0.7
    return colors


def face_browser(morphs: Mapping[str, Morph], classes: Sequence[str], start: int = 0) -> StillBox:
    """Widget: choose one of the faces, a method and a frame. Without a kernel: film strips of the first face.

    Args:
        morphs: of the same faces, with the same number of frames, by the name of the method.
        classes: names of the classes.
        start: the face that is shown first.
    """
    first = next(iter(morphs.values()))
    last = len(first.steps) - 1
    labels = [(f"{i}: {class_names(first, classes)[c]}", i) for i, c in enumerate(first.sources.tolist())]
    face = ipywidgets.Dropdown(options=labels, value=start, description="face")
    method = ipywidgets.ToggleButtons(options=list(morphs), description="method")
    frame = ipywidgets.IntSlider(min(12, last), 0, last, description="frame")

    def view(face: int, method: str, frame: int) -> tuple[bytes, str]:
        return browse(morphs[method], face, frame, classes)

    still = filmstrip(first, start, classes=classes)
    text = "A menu of faces, buttons for the method, a slider over its frames; a film strip."
    rows = [ipywidgets.HBox([face, frame]), method]
    return viewer([face, method, frame], view, still, text, rows)
