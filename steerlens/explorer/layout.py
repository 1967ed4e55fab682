"""How the explorer looks: the stage with the frames first, and the controls around it.

An exception in a widget's callback is invisible in every front end: each callback here says it in the
message line, which stays in sight.
"""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import ipywidgets as w
from torch import Tensor

from .._internal.checks import check_shown
from ..morphs.morph import Morph
from ..plot.widgets import image_png, player, titled
from .controls import LINE, Panel, Picker, Target
from .export import KINDS
from .galleries import LIVE, Gallery, Preset
from .pictures import COLORS, bars, curves, data_url, frame_pngs
from .settings import COMPARISONS, ONE, PAIR, VARIANTS, Settings, in_words
from .views import ZOOM, arrivals, busiest, change_scale

WELCOME = "Choose an image and the class that it should become; then move the slider, or press play."
STYLE = Path(__file__).with_name("style.css")
LIMIT = "Up to 10 MB at once; 100 MB on a page of <code>make lab</code> or <code>make explore</code>."

ZOOMED = 96  # pixels of the shorter side of images whose busiest part can be enlarged


class Stage(w.VBox):
    """The views with one slider; it never runs a model.

    Attributes:
        slider: the frame; Play moves it in the browser.
        pictures: HTML for each view: the frame, and its change beside it.
    """

    def __init__(self, guarded: Callable[[Callable], Callable], message: w.HTML, below: Sequence[w.Widget]):
        tip = "Frame: source at the left, last frame at the right"
        self.slider = w.IntSlider(description="frame", tooltip=tip).add_class("sl-frame")
        self.zoom = w.ToggleButton(description=f"Zoom ×{ZOOM}", tooltip="Enlarge the part that changes most")
        hold = w.Button(
            description="Hold: source", tooltip="Hold this to see the source instead of the frame"
        )
        self._mark, self._under = f"sl-{token_hex(8)}", w.HTML(layout={"display": "none"})
        self._source = w.HTML().add_class("sl-source")
        self.pictures, self._methods, self._bars = ([w.HTML() for _ in COLORS] for _ in range(3))
        parts = zip(self._methods, self.pictures, self._bars, strict=True)
        self._cells = [
            w.Box([title, picture.add_class("sl-under"), bar.add_class("sl-bars-box")]).add_class("sl-view")
            for title, picture, bar in parts
        ]
        self._curves = w.HTML().add_class("sl-curves-box")
        views = w.Box([self._source, *self._cells, self._curves]).add_class("sl-views")
        buttons = [*player(self.slider), hold.add_class("sl-hold"), self.zoom.add_class("sl-zoom")]
        line = w.HBox([w.HBox(buttons).add_class("sl-buttons"), self.slider]).add_class("sl-line")
        super().__init__([self._under, line, message, views, *below])
        self.add_class("sl-stage").add_class(self._mark)
        self.slider.observe(guarded(lambda _: self._draw()), names="value")
        self.zoom.observe(guarded(lambda _: self._take_pictures()), names="value")

    def show(
        self, views: Morph, gallery: Gallery, settings: Sequence[Settings], frame: int | None = None
    ) -> None:
        """Take the views, and show one frame: if None, that at which the first arrives."""
        self._views, self._gallery, self.verdicts = views, gallery, dict[str, Tensor]()
        for row, cell in enumerate(self._cells):
            cell.layout.display = None if row < len(views) else "none"
            if row < len(settings):
                mark = f'<b style="color:{COLORS[row]}">{"ABCD"[row]}</b>'
                self._methods[row].value = f'<div class="sl-method">{mark} {in_words(settings[row])}</div>'
        (self.add_class if len(views) > 1 else self.remove_class)("sl-many")
        self.zoom.layout.display = None if min(views.frames.shape[-2:]) >= ZOOMED else "none"
        self._pngs: list[list[bytes]] = []  # until they are made, nothing is drawn
        self.slider.max = len(views.steps) - 1
        self.slider.value = arrivals(views)[0] if frame is None else min(frame, self.slider.max)
        self._take_pictures()

    def judge(self, verdicts: Mapping[str, Tensor]) -> None:
        """Add what other networks say of the frames."""
        self.verdicts = dict(verdicts)
        self._draw()

    def _take_pictures(self) -> None:
        """Make all pictures, of the whole or of the part that changes most, and show one frame."""
        views, show = self._views, self._gallery.show
        zoomed = self.zoom.value and self.zoom.layout.display != "none"
        part = busiest(views) if zoomed else (slice(None), slice(None))
        self._pngs, self._titles = frame_pngs(views, show, part), _titles(views)
        url = data_url(image_png(check_shown(views.frames[0, :1], show)[0][(..., *part)]))
        name = html.escape(self._gallery.classes[int(views.sources[0])])
        picture = f'<img class="sl-picture" alt="The source, {name}" src="{url}">'
        self._source.value = f'<div class="sl-titles"><span>source: {name}</span></div>{picture}'
        rule = f".{self._mark} .sl-behind {{ background-image: url({url}) }}"
        self._under.value = f"<style>{rule}</style>"
        self._draw()

    def _draw(self) -> None:
        if not self._pngs:
            return
        frame, views, classes = self.slider.value, self._views, self._gallery.classes
        for row, pngs in enumerate(self._pngs):
            name, p = html.escape(classes[int(views.targets[row])]), views.target_probabilities[row, frame]
            alt = f"{'ABCD'[row]}, frame {frame}: p of {name} {p:.2f}; at the right what changed"
            look = f'class="sl-picture sl-picture-{"abcd"[row]}" alt="{alt}" decoding="sync"'
            picture = f'<div class="sl-behind"><img {look} src="{data_url(pngs[frame])}"></div>'
            self.pictures[row].value = self._titles + picture
            self._bars[row].value = bars(views, row, frame, classes, self.verdicts)
        self._curves.value = curves(views, frame, classes, self.verdicts)


def _titles(views: Morph) -> str:
    """What the two halves of a picture are, above them."""
    signs = '<b class="sl-brighter">brighter</b>, <b class="sl-darker">darker</b>'
    change = f"change: {signs} (±{change_scale(views):.2g})"
    return f'<div class="sl-titles"><span>frame</span><span>{change}</span></div>'


class Controls(w.VBox):
    """The widgets of the explorer. A subclass answers: ``changed``, ``apply``, ``exported`` and so on."""

    _quiet = False  # while several widgets are set at once, callbacks rest

    def __init__(self, names: Sequence[str], presets: Sequence[Preset]):
        changed = self._guarded(lambda *_: self.changed())
        self.picker = Picker(self._guarded(lambda *_: self.image_chosen()), self._guarded)
        self.lesson, self.note, self.message, self.export = w.HTML(WELCOME), w.HTML(), w.HTML(), w.HTML()
        self.alarm = w.HTML().add_class("sl-alarm")  # an error again, beside the choices
        self.stage = Stage(self._guarded, self.message, [self._exports(), self.export])
        self.panels = [Panel(each, changed) for each in (LIVE, Settings())]
        self._tabs = w.Tab()
        self.gallery_menu = w.Dropdown(options=list(names), description="images", **LINE)
        self.gallery_menu.layout.display = None if len(names) > 1 else "none"
        self.target = Target()
        self.upload = w.FileUpload(accept="image/*", multiple=True, description="Upload pictures")
        self.compare = w.Dropdown(options=COMPARISONS, description="show", **LINE)
        super().__init__([*self._top(presets), self._body()])
        self.target.observe(changed, names="value")
        self.compare.observe(changed, names="value")
        self.gallery_menu.observe(self._guarded(lambda _: self.gallery_chosen()), names="value")
        self.upload.observe(self._guarded(lambda change: self.uploaded(_files(change["new"]))), names="value")
        self.add_class("sl-explorer")
        for name in ("target", "compare", "upload", "message", "lesson", "note", "export"):
            getattr(self, name).add_class(f"sl-{name}")

    def _top(self, presets: Sequence[Preset]) -> list[w.Widget]:
        """The buttons of the presets, what to look at, and what stands in for what."""
        buttons = [
            self._button(each.name, f"Set everything: {each.name}", f"preset-{number}", self.apply, each)
            for number, each in enumerate(presets)
        ]
        style = w.HTML(f"<style>{STYLE.read_text(encoding='utf-8')}</style>", layout={"display": "none"})
        return [style, w.Box(buttons).add_class("sl-presets"), self.lesson, self.note]

    def _body(self) -> w.Box:
        """The stage, and the choices at its right; below it where the page is narrow."""
        image, target, how = (
            w.HTML(f'<div class="sl-step">{number}. {text}</div>')
            for number, text in enumerate(("An image", "The class it should become", "How"), 1)
        )
        self._files = w.VBox([self.upload, w.HTML(f'<div class="sl-small">{LIMIT}</div>')])
        choices = [image, self.gallery_menu, self.picker, self._files, target, self.target]
        choices = [self.alarm, *choices, how, self.compare, self._tabs]
        side = w.VBox(choices).add_class("sl-side")
        return w.Box([self.stage, side]).add_class("sl-body")

    def _exports(self) -> w.HBox:
        """Buttons that write files."""
        tip = "Write the {} of this view to a file"
        buttons = [
            self._button(f"Save {kind}", tip.format(kind), f"save-{kind}", lambda k: self.exported(k), kind)
            for kind in KINDS
        ]
        return w.HBox(buttons).add_class("sl-buttons")

    def _button(self, text: str, tip: str, name: str, clicked: Callable, argument: object) -> w.Button:
        button = w.Button(description=text, tooltip=tip)
        button.on_click(self._guarded(lambda _: clicked(argument)))
        return button.add_class(f"sl-{name}")

    def show_tabs(self) -> None:
        """One page of settings, or two for a comparison of two."""
        titles = ("A", "B") if self.compare.value == PAIR else ("Method",)
        self._tabs.children = self.panels[: len(titles)]
        self.panels[0].vary(VARIANTS.get(self.compare.value, VARIANTS[ONE]))
        for number, title in enumerate(titles):
            self._tabs.set_title(number, title)
        titled(self)

    def say(self, text: str) -> None:
        """Write the message line."""
        self.message.value, self.alarm.value = f'<div role="status">{html.escape(text)}</div>', ""

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
                self.alarm.value = f'<div class="sl-error" aria-hidden="true">{said}</div>'

        return safe


def _files(value: Sequence[Mapping] | Mapping[str, Mapping]) -> list[tuple[str, bytes]]:
    """Name and content of uploaded files; ipywidgets 7, which Colab has, gives them in a dict by name."""
    if isinstance(value, Mapping):
        value = [{"name": name, **file} for name, file in value.items()]
    return [(file["name"], bytes(file["content"])) for file in value]
