"""Lesson 03: the widget in which a reader moves a shape and sees what the classifier says."""

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from steerlens.data import DIRECTIONS
from steerlens.evaluation import center_of_mass
from steerlens.plot.widgets import StillBox, image_png, viewer

from .figures import gallery, seen_as
from .shapes import SHAPES, shape

CROSS = 3  # pixels from the centre of the cross to each of its ends


def drawn(name: str, down: float, right: float, brightness: float, blur: float) -> Tensor:
    """The explorer's image (1, 1, 64, 64)."""
    return brightness * shape(name, down, right, blur)


def marked(image: Tensor) -> Tensor:
    """An image (1, 1, height, width) in colour, (3, height, width): an orange cross marks its centroid."""
    height, width = image.shape[-2:]
    y, x = (center_of_mass(image)[0, 0] + torch.tensor([(height - 1) / 2, (width - 1) / 2])).round().long()
    picture = image[0].expand(3, -1, -1).clone()
    orange = torch.tensor([1.0, 0.5, 0.05])[:, None]
    picture[:, y, max(x - CROSS, 0) : x + CROSS + 1] = orange
    picture[:, max(y - CROSS, 0) : y + CROSS + 1, x] = orange
    return picture


@torch.no_grad()
def caption(model: nn.Module, image: Tensor) -> str:
    """Centre of mass, mass, and the probability of every class."""
    y, x = (round(v, 1) + 0.0 for v in center_of_mass(image)[0, 0].tolist())
    p = model(image).softmax(1)[0].tolist()
    shares = ", ".join(f"{name}: {v:.2f}" for name, v in zip(DIRECTIONS, p, strict=True))
    return f"centre of mass {y} down, {x} right; mass {image.sum():.0f}; {shares}"


def shape_explorer(model: nn.Module) -> StillBox:
    """Widget: choose a shape, its place, brightness and blur; see the classifier's probabilities."""
    name = ipywidgets.Dropdown(options=list(SHAPES), value="two abreast", description="shape")
    down, right = (
        ipywidgets.FloatSlider(value, min=-10, max=10, step=0.5, description=word)
        for word, value in (("down", 0.0), ("right", -6.0))
    )
    brightness = ipywidgets.FloatSlider(1.0, min=0.05, max=1.0, step=0.05, description="brightness")
    blur = ipywidgets.FloatSlider(0.0, min=0.0, max=8.0, step=0.5, description="blur (px)")

    def view(name: str, down: float, right: float, brightness: float, blur: float) -> tuple[bytes, str]:
        image = drawn(name, down, right, brightness, blur)
        return image_png(marked(image)), caption(model, image)

    rows = [name, ipywidgets.HBox([down, right]), ipywidgets.HBox([brightness, blur])]
    text = "A menu and four sliders; the still picture shows every shape 6 pixels left of the middle."
    return viewer([name, down, right, brightness, blur], view, explorer_still(model), text, rows)


def explorer_still(model: nn.Module, right: float = -6.0) -> Figure:
    """Every shape at one place with what the model sees, for readers without a kernel."""
    images = torch.cat([shape(name, 0.0, right) for name in SHAPES])
    return gallery(images, list(SHAPES), seen_as(model, images), columns=9)
