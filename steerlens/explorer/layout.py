"""How the explorer looks: the stage with the frames, and the controls around it.

An exception in a widget's callback is invisible in every front end: each callback here says it in the
message line, which is always in sight.
"""

import functools
import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import ipywidgets as w

from .controls import LINE, Panel, Picker, Quiet
from .export import KINDS
from .galleries import LIVE, Preset
from .pictures import COLORS, GAP, GREY, HEIGHT, Line, View, bars, curves, frame_pngs, largest_change
from .settings import Settings

WELCOME = "Choose an image and the class that it should become; then move the slider, or press play."
STYLE = Path(__file__).with_name("style.css")
TITLES = "display:grid;grid-template-columns:1fr 1fr;column-gap:{gap}px;width:{width}px;text-align:center"


class Stage:
    """One view, or two under each other, with one slider; it never runs a model.

    Attributes:
        box: what is displayed.
        slider: the frame; Play moves it in the browser.
        pictures: an Image for each view: the frame, and its change beside it.
    """

    def __init__(self, guarded: Callable[[Callable], Callable]):
        tip = "Frame: source at the left, last frame at the right"
        self.slider = w.IntSlider(description="frame", tooltip=tip, layout={"width": "400px"})
        self._play = w.Play(interval=120, tooltip="Play the frames").add_class("sl-play")
        self.slider.add_class("sl-frame")
        w.jslink((self._play, "value"), (self.slider, "value"))
        rigid = {"flex": "0 0 auto"}
        self.pictures = [w.Image(format="png", layout=rigid).add_class(f"sl-picture-{x}") for x in "ab"]
        self._titles, self._bars, self._curves = [w.HTML(), w.HTML()], [w.HTML(), w.HTML()], w.HTML()
        parts = zip(self._titles, self.pictures, self._bars, strict=True)
        first, self._second = (w.VBox([title, w.HBox([picture, bar])]) for title, picture, bar in parts)
        lines = [w.HBox([self._play, self.slider]), first, self._second, self._curves]
        self.box = w.VBox(lines, layout={"width": "716px"})
        self.slider.observe(guarded(lambda _: self._draw()), names="value")
        self._frames: list[tuple] = []

    def show(self, views: Sequence[View], classes: Sequence[str], frame: int | None = None) -> None:
        """Prepare every frame of the views, and show one (the last if None)."""
        lines, positions = _lines(views, classes), views[0].positions.tolist()
        label = "L2 distance to the source" if views[0].by_distance else "k"
        largest = largest_change(views)
        shown = [(frame_pngs(view, largest), view, color) for view, color in zip(views, COLORS, strict=False)]
        self._frames = [
            (
                [(made[i], bars(view, i, classes, color)) for made, view, color in shown],
                curves(lines, positions, label, i),
            )
            for i in range(len(positions))
        ]
        for title, name, view, color in zip(self._titles, "AB", views, COLORS, strict=False):
            title.value = _title(name if len(views) > 1 else "", view, largest, color)
        self._second.layout.display = None if len(views) > 1 else "none"
        last = len(positions) - 1
        self.slider.max = self._play.max = last
        self.slider.value = self._play.value = last if frame is None else min(frame, last)
        self._draw()

    def _draw(self) -> None:
        shown, curve = self._frames[self.slider.value]
        for picture, bar, drawn in zip(self.pictures, self._bars, shown, strict=False):
            picture.value, bar.value = drawn
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


class Controls(Quiet, w.VBox):
    """The widgets of the explorer. A subclass answers: ``changed``, ``apply``, ``exported`` and so on."""

    def __init__(self, names: Sequence[str], presets: Sequence[Preset]):
        changed = self._guarded(lambda *_: self.changed())
        self.picker, self.stage = Picker(changed), Stage(self._guarded)
        self.panels = [Panel(each, changed) for each in (LIVE, Settings())]
        self._tabs = w.Tab([self.panels[0].box], layout={"width": "360px"})
        self._tabs.set_title(0, "Method")
        self.gallery_menu = w.Dropdown(options=list(names), description="images", **LINE)
        self.gallery_menu.layout.display = None if len(names) > 1 else "none"
        self.target = w.Dropdown(description="target", tooltip="The class that is asked for", **LINE)
        upload = {"description": "Upload a picture", "layout": {"width": "190px"}}
        self.upload = w.FileUpload(accept="image/*", **upload)
        self.compare = w.Checkbox(description="Compare with B, at equal L2 distance", indent=False)
        self.lesson, self.message, self.export = w.HTML(WELCOME), w.HTML(), w.HTML()
        super().__init__([self._top(presets), self._body(), self._foot()])
        self._connect(changed)
        self.add_class("sl-explorer")
        self.gallery_menu.add_class("sl-gallery")
        for name in ("target", "compare", "upload", "message", "lesson", "export"):
            getattr(self, name).add_class(f"sl-{name}")

    def _top(self, presets: Sequence[Preset]) -> w.VBox:
        """The buttons of the presets, and what to look at."""
        buttons = []
        for number, preset in enumerate(presets):
            apply = functools.partial(self.apply, preset)
            button = self._button(preset.name, f"Set everything: {preset.name}", apply, f"preset-{number}")
            buttons.append(button.add_class("sl-preset"))
        style = w.HTML(f"<style>{STYLE.read_text()}</style>", layout={"display": "none"})
        return w.VBox([style, w.Box(buttons, layout={"flex_flow": "row wrap"}), self.lesson])

    def _body(self) -> w.Box:
        """Choices at the left, the stage at the right; under each other where the page is narrow."""
        image, target, how, look = (
            w.HTML(f'<div class="sl-step">{number}. {text}</div>')
            for number, text in enumerate(("An image", "The class it should become", "How", "Look"), 1)
        )
        choices = [image, self.gallery_menu, self.picker.box, self.upload, target, self.target]
        left = w.VBox([*choices, how, self.compare, self._tabs], layout={"width": "370px"})
        right = w.VBox([look, self.stage.box])
        return w.Box([left, right], layout={"flex_flow": "row wrap", "align_items": "flex-start"})

    def _foot(self) -> w.VBox:
        """The message line, and the exports."""
        buttons = []
        for kind in KINDS:
            tip, export = f"Write the {kind} of this view to a file", functools.partial(self.exported, kind)
            buttons.append(self._button(f"Save {kind}", tip, export, f"save-{kind}"))
        return w.VBox([self.message, w.HBox(buttons), self.export])

    def _button(self, text: str, tip: str, clicked: Callable[[], object], name: str) -> w.Button:
        button = w.Button(description=text, tooltip=tip)
        button.on_click(self._guarded(lambda _: clicked()))
        return button.add_class(f"sl-{name}")

    def _connect(self, changed: Callable) -> None:
        self.target.observe(changed, names="value")
        self.compare.observe(self._guarded(self._show_tabs), names="value")
        self.compare.observe(changed, names="value")
        self.gallery_menu.observe(self._guarded(lambda _: self.gallery_chosen()), names="value")
        self.upload.observe(self._guarded(lambda change: self.uploaded(_files(change["new"]))), names="value")

    def _show_tabs(self, change: dict) -> None:
        """One page of settings, or two for a comparison."""
        count = 1 + change["new"]
        self._tabs.children = [panel.box for panel in self.panels[:count]]
        for number, title in enumerate(("A", "B") if count == 2 else ("Method",)):
            self._tabs.set_title(number, title)

    def say(self, text: str) -> None:
        """Write the message line."""
        self.message.value = f'<div role="status">{html.escape(text)}</div>'

    def _guarded(self, callback: Callable) -> Callable:
        """The callback, with its exceptions told in the message line."""

        @functools.wraps(callback)
        def safe(*arguments: object) -> None:
            try:
                callback(*arguments)
            except Exception as error:
                said = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"
                self.message.value = f'<div class="sl-error" role="alert">{said}</div>'

        return safe


def _files(value: Sequence[Mapping] | Mapping[str, Mapping]) -> list[tuple[str, bytes]]:
    """Name and content of uploaded files; ipywidgets 7, which Colab has, gives them in a dict by name."""
    if isinstance(value, Mapping):
        value = [{"name": name, **file} for name, file in value.items()]
    return [(file["name"], bytes(file["content"])) for file in value]
