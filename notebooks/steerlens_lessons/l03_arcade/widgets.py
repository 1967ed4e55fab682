"""Lesson 03: the widget in which a reader moves a shape and sees what the classifier says."""

import ipywidgets
import torch
from torch import nn

from steerlens.data import DIRECTIONS
from steerlens.evaluation import center_of_mass
from steerlens.plot.widgets import StillBox, figure_png, viewer

from .figures import gallery
from .shapes import SHAPES, shape


def shape_explorer(model: nn.Module) -> StillBox:
    """Widget: choose a shape, its place, brightness and blur; see the classifier's probabilities."""

    @torch.no_grad()
    def view(name: str, down: float, right: float, brightness: float, blur: float) -> tuple[bytes, str]:
        image = brightness * shape(name, down, right, blur)
        y, x = (round(v, 1) + 0.0 for v in center_of_mass(image)[0, 0].tolist())
        p = model(image).softmax(1)[0].tolist()
        shares = ", ".join(f"{name}: {v:.2f}" for name, v in zip(DIRECTIONS, p, strict=True))
        caption = f"centre of mass {y} down, {x} right; mass {image.sum():.0f}; {shares}"
        return figure_png(gallery({"": image}, cell=2.4)), caption

    slider = ipywidgets.FloatSlider
    name = ipywidgets.Dropdown(options=list(SHAPES), value="two abreast", description="shape")
    down, right = (
        slider(value, min=-10, max=10, step=0.5, description=word)
        for word, value in (("down", 0.0), ("right", -6.0))
    )
    brightness = slider(1.0, min=0.05, max=1.0, step=0.05, description="brightness")
    blur = slider(0.0, min=0.0, max=8.0, step=0.5, description="blur (px)")
    rows = [name, ipywidgets.HBox([down, right]), ipywidgets.HBox([brightness, blur])]
    still = gallery({"": torch.cat([shape(name, 0.0, -6.0) for name in SHAPES])}, list(SHAPES), model)
    text = "A menu and four sliders; the still picture shows every shape 6 pixels left of the middle."
    return viewer([name, down, right, brightness, blur], view, still, text, rows)
