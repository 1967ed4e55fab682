"""Lesson 05: its widget, an amplifier for each of Y, I and Q."""

from collections.abc import Sequence

import ipywidgets
from torch import Tensor, nn

from steerlens import Morph
from steerlens.plot import strips
from steerlens.plot.widgets import StillBox, figure_png, viewer
from steerlens.transforms.color import hue_difference

from .cases import recolored
from .measures import luminance_change

FRAMES = 5  # of a strip
STILL = ((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1))  # amplifiers of Y, I and Q


def amplifier_caption(morph: Morph, classes: Sequence[str]) -> str:
    """What the last frame of the first morph is taken for, and how far hue and luminance went."""
    source, last = morph.frames[:1, 0], morph.frames[:1, -1]
    values, indices = morph.probabilities[0, -1].topk(2)
    seen = ", ".join(f"{classes[i]}: {p:.2f}" for i, p in zip(indices.tolist(), values.tolist(), strict=True))
    turned, luminance = hue_difference(source, last).item(), luminance_change(last, source).item()
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

    def view(target: int, lowpass: bool, *gains: float) -> tuple[bytes, str]:
        morph = recolored(model, image, target, gains, lowpass)
        return figure_png(strips({"": morph}, frames=FRAMES)), amplifier_caption(morph, classes)

    target = ipywidgets.Dropdown(options=[(classes[t], t) for t in targets], description="asked for")
    lowpass = ipywidgets.Checkbox(True, description="low-pass moves", indent=False)
    gains = [
        ipywidgets.FloatSlider(1.0, min=0.0, max=2.0, step=0.25, description=name, continuous_update=False)
        for name in "YIQ"
    ]
    rows = [ipywidgets.HBox([target, lowpass]), ipywidgets.HBox(gains)]
    shown = [recolored(model, image, targets[0], gain) for gain in STILL]
    names = [f"Y = {y}, I = {i}, Q = {q}" for y, i, q in STILL]
    title = f"{classes[int(shown[0].sources[0])]} → {classes[targets[0]]}"
    still = strips(dict(zip(names, shown, strict=True)), frames=FRAMES, title=title)
    text = "Three sliders, a menu and a box; the still picture shows five settings."
    return viewer([target, lowpass, *gains], view, still, text, rows)
