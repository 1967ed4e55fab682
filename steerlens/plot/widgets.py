"""Widgets of the lessons, in plain ipywidgets, each with a still picture for readers without a kernel.

frame_slider   one morph, frame by frame, with its probabilities
viewer         any controls above the picture and the caption that a pure function makes of their values
"""

import html
import io
import re
import textwrap
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ipywidgets
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from .._internal.checks import check_integer, check_shown
from ..morphs.morph import Morph, enlarged
from .figures import grid, styled
from .morphs import class_names, filmstrip

HEIGHT = 224  # smallest height in pixels of a frame on the screen
WIDEST = 2048  # largest width of one that is enlarged


class StillBox(ipywidgets.VBox):
    """A column of widgets that also leaves a picture in the notebook file, for static readers."""

    def __init__(self, children: Sequence[ipywidgets.Widget], still: Figure | bytes, text: str):
        super().__init__([titled(child) for child in children])
        self._still, self._text = still if isinstance(still, bytes) else figure_png(still), text

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "image/png": b64encode(self._still).decode(), "text/plain": self._text}


def frame_slider(
    morph: Morph,
    row: int = 0,
    classes: Iterable | None = None,
    show: Callable[[Tensor], Tensor] | None = None,
) -> StillBox:
    """A slider (and a Play button) over the frames of one morph; without a kernel, its film strip.

    Args:
        morph: what to show.
        row: which morph of the batch.
        classes: as in `steerlens.filmstrip`.
        show: as in `steerlens.filmstrip`.
    """
    class_names(morph, classes)
    row = check_integer("row", row, 0, len(morph.frames) - 1)
    pictures = [image_png(frame) for frame in check_shown(morph.frames[row], show)]
    captions = [frame_caption(morph, row, frame, classes) for frame in range(len(pictures))]
    last = len(pictures) - 1
    slider = ipywidgets.IntSlider(0, 0, last, description="frame")
    still = filmstrip(morph, row, classes=classes, show=show)
    text = f"A slider over {last + 1} frames and its film strip."
    rows = [ipywidgets.HBox([*player(slider), slider])]
    return viewer([slider], lambda frame: (pictures[frame], captions[frame]), still, text, rows)


def viewer(
    controls: Sequence[ipywidgets.Widget],
    view: Callable[..., tuple[bytes, str]],
    still: Figure | bytes | Sequence[tuple],
    text: str,
    rows: Sequence[ipywidgets.Widget] | None = None,
) -> StillBox:
    """Controls above the picture and the caption that ``view`` makes of their values.

    An exception in a widget's callback is invisible in every front end; here the caption tells it.

    Args:
        controls: widgets with a ``value``.
        view: a pure function of these values, in order, that returns a PNG and a line of text.
        still: what a reader without a kernel sees: a figure, a PNG, or the settings of some views (values of
            all controls, in order), which then stand side by side.
        text: the same in words, where there are no pictures.
        rows: the controls as they are laid out; one below another if None.
    """
    if not isinstance(still, Figure | bytes):
        still = side_by_side([view(*setting) for setting in still])
    png, line = view(*(control.value for control in controls))
    picture, caption = picture_widget(png), ipywidgets.HTML(line)

    def show(_: dict[str, Any]) -> None:
        try:
            picture.value, caption.value = view(*(control.value for control in controls))
        except Exception as error:
            caption.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"

    for control in controls:
        control.observe(show, names="value")
    return StillBox([*(controls if rows is None else rows), picture, caption], still, text)


def player(slider: ipywidgets.IntSlider) -> list[ipywidgets.Widget]:
    """What moves a slider in the browser: a button that has a name, and an unseen Play that it starts.

    ipywidgets 7, which Colab has, starts a Play by the Play's own, nameless buttons alone.
    """
    play = ipywidgets.Play(value=slider.value, max=slider.max, interval=120)
    for name in ("max", "value"):  # a page that makes the link sets the second by the first
        ipywidgets.jslink((slider, name), (play, name))
    if not hasattr(ipywidgets.Play, "playing"):
        return [play.add_class("sl-play")]
    play.layout.display, play.repeat = "none", True
    button = ipywidgets.ToggleButton(description="Play", icon="play", tooltip="Play the frames, or pause")
    ipywidgets.jslink((button, "value"), (play, "playing"))
    return [play, button.add_class("sl-play")]


def titled(widget: ipywidgets.Widget) -> ipywidgets.Widget:
    """The widget, with no tooltip in it that is None: front ends show that as "null"."""
    if widget.has_trait("tooltip") and widget.tooltip is None:
        widget.tooltip = ""
    for child in getattr(widget, "children", ()):
        titled(child)
    return widget


def side_by_side(views: Sequence[tuple[bytes, str]]) -> Figure:
    """Pictures (PNG) in a row, their captions, without tags, below."""
    cells = []
    for png, caption in views:
        pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(png)).convert("RGB"))).movedim(-1, 0) / 255
        words = html.unescape(re.sub("<[^>]*>", "", caption))
        cells.append((pixels, textwrap.fill(words, 120 // len(views))))
    figure = grid({"": cells}, cell=3.2)
    for axis in figure.axes:
        axis.set_anchor("N")  # the room that is left over belongs to captions of many lines
    return figure


def frame_caption(morph: Morph, row: int, frame: int, classes: Iterable | None = None, top: int = 3) -> str:
    """k, distance and the most probable classes (or the value) of one frame, as one line."""
    names = class_names(morph, classes)
    shares = f"value {morph.values[row, frame]:.3g}"
    if names:
        found = zip(*morph.probabilities[row, frame].topk(min(top, len(names))), strict=True)
        shares = ", ".join(f"{names[i]}: {p:.2f}" for p, i in found)
    return f"k = {morph.steps[frame]:g}, L2 distance {morph.distances[row, frame]:.2f}, {shares}"


def picture_widget(png: bytes) -> ipywidgets.Image:
    """A PNG at its own size, which a column would stretch; swap its ``value`` for another PNG."""
    width = f"{Image.open(io.BytesIO(png)).width}px"
    layout = {"width": width, "max_width": "100%", "align_self": "flex-start"}
    return ipywidgets.Image(value=png, format="png", layout=layout)


def image_png(image: Tensor) -> bytes:
    """PNG of an image (1 or 3, height, width) in [0, 1], enlarged by whole pixels to at least 224 rows."""
    return pixels_png(enlarged(image, screen_scale(image)), optimize=True)


def screen_scale(images: Tensor) -> int:
    """Pixels of the screen for one of images (..., height, width): 224 rows or more, if not too wide."""
    height, width = images.shape[-2:]
    return max(1, min(-(-HEIGHT // height), WIDEST // width))


def pixels_png(pixels: np.ndarray, **options: Any) -> bytes:
    """PNG of uint8 pixels; the options are those of PIL's encoder."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", **options)
    return buffer.getvalue()


@styled
def figure_png(figure: Figure, dpi: int = 100) -> bytes:
    """PNG of a figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
