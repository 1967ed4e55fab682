"""The stage: the slider over the frames, the pictures, and the probabilities; it never runs a model."""

from collections.abc import Callable, Sequence

import ipywidgets as w

from .pictures import GAP, HEIGHT, frame_pngs, largest_change
from .plots import COLORS, GREY, Line, bars, curves
from .views import View

TITLES = "display:grid;grid-template-columns:1fr 1fr;column-gap:{gap}px;width:{width}px;text-align:center"


class Stage:
    """One view, or two under each other, with one slider.

    Attributes:
        box: what is displayed.
        slider: the frame; Play moves it in the browser.
        pictures: an Image for each view: the frame, and its change beside it.
    """

    def __init__(self, guarded: Callable[[Callable], Callable]):
        tip = "Frame: source at the left, last frame at the right"
        self.slider = w.IntSlider(description="frame", tooltip=tip, layout={"width": "400px"})
        self.slider.add_class("sl-frame")
        self._play = w.Play(interval=120, tooltip="Play the frames")
        self._play.add_class("sl-play")
        w.jslink((self._play, "value"), (self.slider, "value"))
        self._titles = [w.HTML() for _ in COLORS]
        self.pictures = [w.Image(format="png", layout={"flex": "0 0 auto"}) for _ in COLORS]
        self._bars = [w.HTML() for _ in COLORS]
        for picture, name in zip(self.pictures, "ab", strict=True):
            picture.add_class(f"sl-picture-{name}")
        self._curves = w.HTML()
        lines = [
            w.VBox([title, w.HBox([picture, bar])])
            for title, picture, bar in zip(self._titles, self.pictures, self._bars, strict=True)
        ]
        self._second = lines[1]
        controls = w.HBox([self._play, self.slider])
        self.box = w.VBox([controls, *lines, self._curves], layout={"width": "716px"})
        self.slider.observe(guarded(lambda _: self._draw()), names="value")
        self._frames: list[tuple] = []

    def show(self, views: Sequence[View], classes: Sequence[str], frame: int | None = None) -> None:
        """Prepare every frame of the views, and show one (the last if None)."""
        lines = _lines(views, classes)
        positions = views[0].positions.tolist()
        label = "L2 distance to the source" if views[0].by_distance else "k"
        largest = largest_change(views)
        pictures = [frame_pngs(view, largest) for view in views]
        self._frames = [
            (
                [made[i] for made in pictures],
                [bars(view, i, classes, color) for view, color in zip(views, COLORS, strict=False)],
                curves(lines, positions, label, i),
            )
            for i in range(len(positions))
        ]
        for title, name, view, color in zip(self._titles, "AB", views, COLORS, strict=False):
            title.value = _title(name if len(views) > 1 else "", view, largest, color)
        self._second.layout.display = None if len(views) > 1 else "none"
        last = len(positions) - 1
        at = last if frame is None else min(frame, last)
        self.slider.max = self._play.max = last
        self.slider.value, self._play.value = at, at
        self._draw()

    def _draw(self) -> None:
        pictures, texts, curve = self._frames[self.slider.value]
        for picture, png in zip(self.pictures, pictures, strict=False):
            picture.value = png
        for bar, text in zip(self._bars, texts, strict=False):
            bar.value = text
        self._curves.value = curve


def _lines(views: Sequence[View], classes: Sequence[str]) -> list[Line]:
    """The target's curve of each view, and the source class's of a single one."""
    lines = []
    for name, view, color, dash in zip("AB", views, COLORS, ("", "7 4"), strict=False):
        prefix = f"{name}: " if len(views) > 1 else "target "
        values = view.probabilities[:, view.target].tolist()
        lines.append(Line(prefix + classes[view.target][:16], values, color, dash))
    if len(views) == 1 and views[0].source != views[0].target:
        source = views[0].source
        values = views[0].probabilities[:, source].tolist()
        lines.append(Line(f"source {classes[source][:16]}", values, GREY, "3 3"))
    return lines


def _title(name: str, view: View, largest: float, color: str) -> str:
    """What the two halves of the picture are, above them."""
    height, width = view.frames.shape[-2:]
    grid = TITLES.format(gap=GAP, width=2 * width * -(-HEIGHT // height) + GAP)
    mark = f'<b style="color:{color}">{name}</b> ' if name else ""
    signs = '<b style="color:#b2182b">brighter</b>, <b style="color:#2166ac">darker</b>'
    return f'<div style="{grid}"><span>{mark}frame</span><span>change: {signs} (±{largest:.2g})</span></div>'
