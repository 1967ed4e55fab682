"""How the explorer looks: the stage with the frames, and the controls around it.

An exception in a widget's callback is invisible in every front end: each callback here says it in the
message line, which is always in sight.
"""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import ipywidgets as w

from ..morphs.morph import Morph
from ..plot.widgets import screen_scale
from .controls import LINE, Panel, Picker
from .export import KINDS
from .galleries import LIVE, Preset
from .pictures import COLORS, GAP, bars, changes, curves
from .settings import Settings

WELCOME = "Choose an image and the class that it should become; then move the slider, or press play."
STYLE = Path(__file__).with_name("style.css")


class Stage(w.VBox):
    """One view, or two under each other, with one slider; it never runs a model.

    Attributes:
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
        super().__init__(lines, layout={"width": "716px"})
        self.slider.observe(guarded(lambda _: self._draw()), names="value")

    def show(
        self, views: Morph, classes: Sequence[str], pngs: list[list[bytes]], frame: int | None = None
    ) -> None:
        """Take the views and their pictures (`frame_pngs`), and show one frame (the last if None)."""
        self._views, self._classes, self._pngs = views, classes, pngs
        for row in range(len(views)):
            self._titles[row].value = _title(views, row)
        self._second.layout.display = None if len(views) > 1 else "none"
        last = len(views.steps) - 1
        self.slider.max = self._play.max = last
        self.slider.value = self._play.value = last if frame is None else min(frame, last)
        self._draw()

    def _draw(self) -> None:
        frame = self.slider.value
        for row, pngs in enumerate(self._pngs):
            self.pictures[row].value = pngs[frame]
            self._bars[row].value = bars(self._views, row, frame, self._classes)
        self._curves.value = curves(self._views, frame, self._classes)


def _title(views: Morph, row: int) -> str:
    """What the two halves of the picture are, above them."""
    width = 2 * views.frames.shape[-1] * screen_scale(views.frames) + GAP
    mark = f'<b style="color:{COLORS[row]}">{"AB"[row]}</b> ' if len(views) > 1 else ""
    signs = '<b style="color:#b2182b">brighter</b>, <b style="color:#2166ac">darker</b>'
    change = f"change: {signs} (±{changes(views).abs().max():.2g})"
    style = f"width:{width}px;column-gap:{GAP}px"
    return f'<div class="sl-titles" style="{style}"><span>{mark}frame</span><span>{change}</span></div>'


class Controls(w.VBox):
    """The widgets of the explorer. A subclass answers: ``changed``, ``apply``, ``exported`` and so on."""

    _quiet = False  # while several widgets are set at once, callbacks rest

    def __init__(self, names: Sequence[str], presets: Sequence[Preset]):
        changed = self._guarded(lambda *_: self.changed())
        self.picker, self.stage = Picker(changed, self._guarded), Stage(self._guarded)
        self.panels = [Panel(each, changed) for each in (LIVE, Settings())]
        self._tabs = w.Tab(layout={"width": "360px"})
        self.gallery_menu = w.Dropdown(options=list(names), description="images", **LINE)
        self.gallery_menu.layout.display = None if len(names) > 1 else "none"
        self.target = w.Dropdown(description="target", tooltip="The class that is asked for", **LINE)
        self.upload = w.FileUpload(accept="image/*", multiple=True, description="Upload pictures")
        self.upload.layout.width = "190px"
        self.compare = w.Checkbox(description="Compare with B, at equal L2 distance", indent=False)
        self.lesson, self.message, self.export = w.HTML(WELCOME), w.HTML(), w.HTML()
        super().__init__([self._top(presets), self._body(), self._foot()])
        self.target.observe(changed, names="value")
        self.compare.observe(changed, names="value")
        self.gallery_menu.observe(self._guarded(lambda _: self.gallery_chosen()), names="value")
        self.upload.observe(self._guarded(lambda change: self.uploaded(_files(change["new"]))), names="value")
        self.add_class("sl-explorer")
        for name in ("target", "compare", "upload", "message", "lesson", "export"):
            getattr(self, name).add_class(f"sl-{name}")

    def _top(self, presets: Sequence[Preset]) -> w.VBox:
        """The buttons of the presets, and what to look at."""
        buttons = [
            self._button(each.name, f"Set everything: {each.name}", f"preset-{number}", self.apply, each)
            for number, each in enumerate(presets)
        ]
        row = w.Box(buttons, layout={"flex_flow": "row wrap"}).add_class("sl-presets")
        style = w.HTML(f"<style>{STYLE.read_text(encoding='utf-8')}</style>", layout={"display": "none"})
        return w.VBox([style, row, self.lesson])

    def _body(self) -> w.Box:
        """Choices at the left, the stage at the right; under each other where the page is narrow."""
        image, target, how, look = (
            w.HTML(f'<div class="sl-step">{number}. {text}</div>')
            for number, text in enumerate(("An image", "The class it should become", "How", "Look"), 1)
        )
        choices = [image, self.gallery_menu, self.picker, self.upload, target, self.target]
        left = w.VBox([*choices, how, self.compare, self._tabs], layout={"width": "370px"})
        right = w.VBox([look, self.stage])
        return w.Box([left, right], layout={"flex_flow": "row wrap", "align_items": "flex-start"})

    def _foot(self) -> w.VBox:
        """The message line, and the exports."""
        tip = "Write the {} of this view to a file"
        buttons = [
            self._button(f"Save {kind}", tip.format(kind), f"save-{kind}", self.exported, kind)
            for kind in KINDS
        ]
        return w.VBox([self.message, w.HBox(buttons), self.export])

    def _button(self, text: str, tip: str, name: str, clicked: Callable, argument: object) -> w.Button:
        button = w.Button(description=text, tooltip=tip)
        button.on_click(self._guarded(lambda _: clicked(argument)))
        return button.add_class(f"sl-{name}")

    def show_tabs(self) -> None:
        """One page of settings, or two for a comparison."""
        titles = ("A", "B") if self.compare.value else ("Method",)
        self._tabs.children = self.panels[: len(titles)]
        for number, title in enumerate(titles):
            self._tabs.set_title(number, title)

    def say(self, text: str) -> None:
        """Write the message line."""
        self.message.value = f'<div role="status">{html.escape(text)}</div>'

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Several widgets are set at once, and nothing is called back."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _guarded(self, callback: Callable) -> Callable:
        """The callback, silent within `quietly`, with its exceptions told in the message line."""

        def safe(*arguments: object) -> None:
            if self._quiet:
                return
            try:
                callback(*arguments)
            except (Exception, KeyboardInterrupt) as error:
                text = str(error) or "everything is as it was before."
                said = f"<b>{type(error).__name__}</b>: {html.escape(text)}"
                self.message.value = f'<div class="sl-error" role="alert">{said}</div>'

        return safe


def _files(value: Sequence[Mapping] | Mapping[str, Mapping]) -> list[tuple[str, bytes]]:
    """Name and content of uploaded files; ipywidgets 7, which Colab has, gives them in a dict by name."""
    if isinstance(value, Mapping):
        value = [{"name": name, **file} for name, file in value.items()]
    return [(file["name"], bytes(file["content"])) for file in value]
