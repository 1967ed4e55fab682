"""How the explorer looks: its controls, laid out, and connected to the methods that answer them.

An exception in a widget's callback is invisible in every front end: each callback here says it in the
message line, which is always in sight.
"""

import functools
import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import ipywidgets as w

from .export import KINDS
from .galleries import Gallery
from .panel import LINE, WIDE, Panel
from .picker import Picker
from .presets import LIVE, Preset
from .settings import Settings
from .stage import Stage

WELCOME = "Choose an image and the class that it should become; then move the slider, or press play."
STYLE = Path(__file__).with_name("style.css")


class Controls(w.VBox):
    """The widgets of the explorer. A subclass answers: ``changed``, ``apply``, ``exported`` and so on."""

    def __init__(self, names: Sequence[str], name: str, gallery: Gallery, presets: Sequence[Preset]):
        changed = self._guarded(lambda *_: self.changed())
        self.picker = Picker(gallery, changed)
        self._choosers(names, name, gallery)
        colored = gallery.images.shape[1] == 3
        self.panels = [Panel(each, gallery.domain, colored, changed) for each in (LIVE, Settings())]
        self._tabs = w.Tab([self.panels[0].box], layout={"width": "360px"})
        self._tabs.set_title(0, "Method")
        self.stage = Stage(self._guarded)
        self.lesson, self.message, self.export = w.HTML(WELCOME), w.HTML(), w.HTML()
        super().__init__([self._top(presets), self._body(len(names) > 1), self._foot()])
        self._connect(changed)
        self.add_class("sl-explorer")
        for name in ("target", "compare", "upload", "message", "lesson", "export"):
            getattr(self, name).add_class(f"sl-{name}")

    def _choosers(self, names: Sequence[str], name: str, gallery: Gallery) -> None:
        """The menus of galleries and targets, the upload, and the switch of the comparison."""
        line = {"style": WIDE, "layout": LINE}
        self.gallery_menu = w.Dropdown(options=list(names), value=name, description="images", **line)
        self.gallery_menu.add_class("sl-gallery")
        self.target = w.Dropdown(
            options=[(each, i) for i, each in enumerate(gallery.classes)],
            description="target",
            tooltip="The class that is asked for",
            **line,
        )
        self.upload = w.FileUpload(
            accept="image/*", description="Upload a picture", layout={"width": "190px"}
        )
        self.compare = w.Checkbox(description="Compare with B, at equal L2 distance", indent=False)

    def _top(self, presets: Sequence[Preset]) -> w.VBox:
        """The buttons of the presets, and what to look at."""
        buttons = []
        for number, preset in enumerate(presets):
            button = w.Button(description=preset.name, tooltip=f"Set everything: {preset.name}")
            button.add_class("sl-preset").add_class(f"sl-preset-{number}")
            button.on_click(self._guarded(lambda _, preset=preset: self.apply(preset)))
            buttons.append(button)
        style = w.HTML(f"<style>{STYLE.read_text()}</style>", layout={"display": "none"})
        return w.VBox([style, w.Box(buttons, layout={"flex_flow": "row wrap"}), self.lesson])

    def _body(self, several: bool) -> w.Box:
        """Choices at the left, the stage at the right; under each other where the page is narrow."""
        if not several:
            self.gallery_menu.layout.display = "none"
        left = w.VBox(
            [
                w.HTML('<div class="sl-step">1. An image</div>'),
                self.gallery_menu,
                self.picker.box,
                self.upload,
                w.HTML('<div class="sl-step">2. The class it should become</div>'),
                self.target,
                w.HTML('<div class="sl-step">3. How</div>'),
                self.compare,
                self._tabs,
            ],
            layout={"width": "370px"},
        )
        right = w.VBox([w.HTML('<div class="sl-step">4. Look</div>'), self.stage.box])
        return w.Box([left, right], layout={"flex_flow": "row wrap", "align_items": "flex-start"})

    def _foot(self) -> w.VBox:
        """The message line, and the exports."""
        buttons = []
        for kind in KINDS:
            button = w.Button(description=f"Save {kind}", tooltip=f"Write the {kind} of this view to a file")
            button.add_class(f"sl-save-{kind}")
            button.on_click(self._guarded(lambda _, kind=kind: self.exported(kind)))
            buttons.append(button)
        return w.VBox([self.message, w.HBox(buttons), self.export])

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
    files = [{"name": name, **file} for name, file in value.items()] if isinstance(value, dict) else value
    return [(file["name"], bytes(file["content"])) for file in files]
