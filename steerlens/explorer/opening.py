"""`explore`, the way in. The lessons' explorer shows a still picture before its library is loaded."""

from __future__ import annotations

import functools
import html
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as w

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .app import Explorer

STILL = Path(__file__).with_name("still.png")  # made by `make picture`
TEXT = "The explorer: a 3 becomes an 8, its frames and their changes; it runs with a kernel."


def explore(
    model: nn.Module | None = None,
    images: Tensor | None = None,
    labels: Tensor | Sequence[int] | None = None,
    classes: Iterable | None = None,
    *,
    padding: int = 0,
    folder: str | Path = ".",
    show: Callable[[Tensor], Tensor] | None = None,
    judges: Mapping[str, nn.Module] | None = None,
) -> Explorer:
    """A widget to play with: choose an image, a target and a method, and move through the frames.

    Frames are computed once for each choice; moving the slider never runs the model. Without arguments it
    shows the digits, faces and disks of the lessons, with guided presets: first a still picture, and the
    rest as soon as a page shows it.

    Args:
        model: maps images in [0, 1] to logits (batch, classes).
        images: (n, channels, height, width) in [0, 1], to choose from.
        labels: class indices (n,) that are shown beside the images; what the model sees if None.
        classes: a name for each class, in order or in a dict by index; the indices if None.
        padding: pixels around the image for the pyramid (2 for digits of 28x28).
        folder: where strips, animations and code are written.
        show: makes grey or RGB (n, 1 or 3, height, width) of images of other channels; changes are always
            the mean of all channels.
        judges: other networks for the same images and classes, by name, which say what they see.

    Raises:
        TypeError, ValueError: an argument that does not fit; the message says what was expected.
    """
    if model is None and images is None:
        return Opening(Path(folder))  # has all that an Explorer has
    if model is None or images is None:
        raise TypeError("explore: expected both a model and images, or neither")
    from .app import Explorer
    from .galleries import FOR_ALL, own_gallery

    own = own_gallery(model, images, labels, classes, padding, show, judges)
    return Explorer({"yours": lambda: own}, FOR_ALL, Path(folder))


class Opening(w.VBox):
    """The lessons' explorer at once: a still, whose place the explorer takes when a page shows it.

    A link between two numbers is made by the page and not by the kernel; it says that somebody is there.
    Whatever else is asked of it is asked of the explorer, and loads it.
    """

    def __init__(self, folder: Path):
        there, seen = w.IntText(1), w.IntText(0)
        self._folder, self._link = folder, (there, seen, w.jslink((there, "value"), (seen, "value")))
        self._said = w.HTML('<div role="status">Loading the explorer; this is a picture made before …</div>')
        png = b64encode(STILL.read_bytes()).decode()
        still = (
            f'<img class="sl-still" style="max-width:100%" alt="{TEXT}" src="data:image/png;base64,{png}">'
        )
        super().__init__([self._said, w.HTML(still)])
        seen.observe(lambda _: self._load(), names="value")

    @functools.cached_property
    def explorer(self) -> Explorer:
        """The explorer itself."""
        from .app import Explorer
        from .galleries import GUIDED, PRESETS

        explorer = Explorer(GUIDED, PRESETS, self._folder)
        self.children = [explorer]
        return explorer

    def _load(self) -> None:
        try:
            _ = self.explorer
        except Exception as error:  # a callback's would be invisible
            said = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"
            self._said.value = f'<div role="alert">{said}</div>'

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.explorer, name)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        if "explorer" in vars(self):
            return {**self.explorer._repr_mimebundle_(**kwargs), **bundle}
        still = b64encode(STILL.read_bytes()).decode()
        return {**bundle, "image/png": still, "text/plain": TEXT}
