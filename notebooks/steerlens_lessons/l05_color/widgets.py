"""Lesson 05: its widget, an amplifier for each of Y, I and Q.

amplifier_picture, amplifier_caption   what it shows, pure functions of the morph
amplifier_sliders                      the widget
"""

from collections.abc import Sequence
from functools import lru_cache

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from steerlens.morphs.morph import Morph
from steerlens.plot.widgets import StillBox, image_png, viewer
from steerlens.transforms.color import hue_difference, rgb_to_yiq

from .figures import method_strips
from .recipes import recolored

SHOWN = (0, 4, 8, 12, 16)  # frames of the picture
STILL = {
    "Y = 1, I = 1, Q = 1": (1.0, 1.0, 1.0),
    "Y = 1, I = 0, Q = 0": (1.0, 0.0, 0.0),
    "Y = 0, I = 1, Q = 0": (0.0, 1.0, 0.0),
    "Y = 0, I = 0, Q = 1": (0.0, 0.0, 1.0),
    "Y = 0, I = 1, Q = 1": (0.0, 1.0, 1.0),
}


def amplifier_picture(morph: Morph) -> Tensor:
    """Five frames of the first morph side by side, (3, height, 5 * width + 4), a white line between them."""
    parted = torch.nn.functional.pad(morph.frames[0, list(SHOWN)], (0, 1), value=1.0)
    return torch.cat(list(parted), dim=-1)[..., :-1]


def amplifier_caption(morph: Morph, classes: Sequence[str]) -> str:
    """What the last frame of the first morph is taken for, and how far hue and luminance went."""
    source, last = morph.frames[:1, 0], morph.frames[:1, -1]
    values, indices = morph.probabilities[0, -1].topk(2)
    seen = ", ".join(f"{classes[i]}: {p:.2f}" for i, p in zip(indices.tolist(), values.tolist(), strict=True))
    luminance = (rgb_to_yiq(last) - rgb_to_yiq(source))[0, 0].norm()
    turned = hue_difference(source, last).item()
    asked = classes[int(morph.targets[0])]
    return f"asked for {asked}; seen {seen}; hue turned {turned:.0f}°, luminance moved by L2 {luminance:.2f}"


def amplifier_sliders(
    model: nn.Module, image: Tensor, targets: Sequence[int], classes: Sequence[str]
) -> StillBox:
    """Widget: amplifiers of Y, I and Q, the class that is asked for, and whether the low-pass moves.

    Args:
        model: the net of sixty classes.
        image: (1, 3, 28, 28).
        targets: classes to choose from; the first one is shown without a kernel.
        classes: names of all classes.
    """

    @lru_cache(maxsize=128)
    def morph(target: int, lowpass: bool, *gains: float) -> Morph:
        return recolored(model, image, target, gains, lowpass)

    def view(target: int, lowpass: bool, *gains: float) -> tuple[bytes, str]:
        found = morph(target, lowpass, *gains)
        return image_png(amplifier_picture(found)), amplifier_caption(found, classes)

    target = ipywidgets.Dropdown(options=[(classes[t], t) for t in targets], description="asked for")
    lowpass = ipywidgets.Checkbox(True, description="low-pass moves", indent=False)
    gains = [
        ipywidgets.FloatSlider(1.0, min=0.0, max=2.0, step=0.25, description=name, continuous_update=False)
        for name in "YIQ"
    ]
    rows = [ipywidgets.HBox([target, lowpass]), ipywidgets.HBox(gains)]
    text = "Three sliders, a menu and a box; the still picture shows five settings."
    return viewer([target, lowpass, *gains], view, _still(model, image, targets[0], classes), text, rows)


def _still(model: nn.Module, image: Tensor, target: int, classes: Sequence[str]) -> Figure:
    """What five settings of the sliders show, for readers without a kernel."""
    morphs = {name: recolored(model, image, target, gains) for name, gains in STILL.items()}
    source = classes[int(next(iter(morphs.values())).sources[0])]
    return method_strips(morphs, columns=5, title=f"{source} → {classes[target]}")
