"""The explorer's controls: the picker of an image, the class that is asked for, a panel of settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Any

import ipywidgets as w
import traitlets

from .._internal.checks import check_shown
from ..morphs.steps import AMPLITUDES
from .galleries import Gallery
from .pictures import thumbnail_style
from .settings import MOST_STEPS, ONE, TRANSFORMS, VARIANTS, Domain, Settings, arguments

PAGE = 18  # thumbnails that are shown at once
LINE: dict[str, Any] = {
    "style": {"description_width": "76px"},
    "layout": {"width": "auto", "max_width": "340px"},
}
LONGEST_MENU = 20  # classes; more are searched by name
CELL = {"width": "46px", "height": "26px"}
GLYPHS = "│╱─╲"  # the edges that the four orientations answer to
SCALE_NAMES = {1: ("all",), 2: ("fine", "coarse"), 3: ("fine", "middle", "coarse")}
REGIMES = [
    ("live: a new gradient at each step", "live"),
    ("frozen: one gradient, magnified", "frozen"),
    ("persistent: shifts added up", "persistent"),
]
DIRECTIONS = [("phase", "phase"), ("phase and amplitude", "joint"), ("Eq. 9 (arg z)", "wirtinger")]
RESIDUALS = [("stays as it is", "fixed"), ("moves too (Eq. 2)", "linear")]


class Picker(w.VBox):
    """Thumbnails of a gallery, a page at a time; ``row`` is the index of the chosen image."""

    def __init__(self, chosen: Callable[[], None], guarded: Callable[[Callable], Callable]):
        self._chosen, self._mark = chosen, f"sl-{token_hex(8)}"  # a page may show several kernels' widgets
        self._style = w.HTML(layout={"display": "none"})
        self._buttons = [self._thumbnail(place, guarded) for place in range(PAGE)]
        self._back, self._on = (
            w.Button(description=text, tooltip=tip, layout={"width": "46px"})
            for text, tip in (("‹", "earlier images"), ("›", "later images"))
        )
        self._back.on_click(guarded(lambda _: self._show(self._page - 1)))
        self._on.on_click(guarded(lambda _: self._show(self._page + 1)))
        self._range = w.Label()
        self._pages = w.HBox([self._back, self._range, self._on])
        grid = w.Box(self._buttons, layout={"flex_flow": "row wrap"})
        super().__init__([self._style, grid, self._pages])

    def fit(self, gallery: Gallery, row: int) -> None:
        """Show a gallery, at the page on which ``row`` is."""
        self._gallery, self.row = gallery, row
        self._show(row // PAGE)

    def _thumbnail(self, place: int, guarded: Callable[[Callable], Callable]) -> w.Button:
        button = w.Button(layout={"width": "52px", "height": "52px"})
        button.add_class("sl-thumb").add_class(f"{self._mark}-{place}")
        button.on_click(guarded(lambda _: self._choose(self._page * PAGE + place)))
        return button

    def _choose(self, row: int) -> None:
        self.row = row
        self._show(self._page)
        self._chosen()

    def _show(self, page: int) -> None:
        total = len(self._gallery.images)
        rows = range(page * PAGE, min((page + 1) * PAGE, total))
        labels = self._gallery.named(rows)
        selectors = [f".{self._mark}-{place}" for place in range(len(rows))]
        images = check_shown(self._gallery.images[rows.start : rows.stop], self._gallery.show)
        self._style.value, self._page = thumbnail_style(images, selectors), page
        for button in self._buttons[len(rows) :]:
            button.layout.display = "none"
        for row, label, button in zip(rows, labels, self._buttons, strict=False):
            button.layout.display, button.description, button.tooltip = None, label, f"image {row}: {label}"
            (button.add_class if row == self.row else button.remove_class)("sl-chosen")
        self._pages.layout.display = None if total > PAGE else "none"
        self._range.value = f"{rows.start + 1} to {rows.stop} of {total}"
        self._back.disabled, self._on.disabled = page == 0, rows.stop == total


class Target(w.VBox):
    """The class that the edit should reach, any but the source's: a menu, or, among many, a search by name.

    Attributes:
        value: class index.
    """

    value = traitlets.Int(-1)

    def __init__(self) -> None:
        tip = {"description": "target", "tooltip": "The class that the edit should reach"}
        self._menu = w.Dropdown(**tip, **LINE)
        self._search = w.Combobox(ensure_option=True, continuous_update=False, **tip, **LINE)
        self._search.placeholder = "type a part of a name"
        self._names: dict[str, int] = {}
        super().__init__([self._menu])
        for field in (self._menu, self._search):
            field.observe(lambda change: self._chosen(change["new"]), names="value")
        self.observe(lambda change: self._show(change["new"]), names="value")

    def fit(self, classes: Sequence[str], source: int, target: int) -> None:
        """Offer all classes but the source's, and choose one of them."""
        twice = (
            {name for name in classes if classes.count(name) > 1} if len(set(classes)) < len(classes) else ()
        )
        names = [f"{name} ({index})" if name in twice else name for index, name in enumerate(classes)]
        field = self._menu if len(names) <= LONGEST_MENU else self._search
        self._names = {}  # while the options change, nothing is chosen
        field.options = [name for index, name in enumerate(names) if index != source]
        field.value, self.children = names[target], [field]
        self._names = {name: index for index, name in enumerate(names) if index != source}
        self.value = target

    def _chosen(self, name: str | None) -> None:
        self.value = self._names.get(name or "", self.value)

    @traitlets.validate("value")
    def _offered(self, proposal: Mapping) -> int:
        target = proposal["value"]
        if self._names and target not in self._names.values():
            raise traitlets.TraitError(f"target: expected a class other than the source's, got {target}")
        return target

    def _show(self, target: int) -> None:
        for name in [name for name, index in self._names.items() if index == target]:
            self.children[0].value = name


class Panel(w.VBox):
    """Widgets for a `Settings`, all but its target; those that matter for the others' values are shown."""

    def __init__(self, settings: Settings, changed: Callable[[], None]):
        self._changed, self._controls, self._grid = changed, _controls(), w.VBox()
        self._cells: dict[tuple[int, int], w.ToggleButton] = {}
        self._colored, self.variants = False, VARIANTS[ONE]
        super().__init__([*self._controls.values(), self._grid])
        self.set(settings)
        for control in self._controls.values():
            control.observe(self._on_change, names="value")

    def fit(self, domain: Domain, colored: bool) -> None:
        """Offer the bands of a gallery's pyramid, all on; and luminance where there is colour."""
        self._colored, self._cells, lines = colored, {}, []
        for scale, name in enumerate(SCALE_NAMES[domain.scales]):
            line = [w.Label(name, layout={"width": "76px", "justify_content": "flex-end"})]
            for orientation, glyph in enumerate(GLYPHS):
                tip = f"scale {scale}, waves at {45 * orientation} degrees"
                button = w.ToggleButton(True, description=glyph, tooltip=tip, layout=CELL)
                button.observe(self._on_change, names="value")
                self._cells[scale, orientation] = button
                line.append(button)
            lines.append(w.HBox(line))
        self._grid.children = [w.HTML("<b>Bands that may change</b> (scale by orientation)"), *lines]
        self._show_relevant()

    def settings(self, target: int) -> Settings:
        """What the controls say. Raises ValueError where they say nothing that can be made."""
        chosen = tuple(cell for cell, button in self._cells.items() if button.value)
        return Settings(target, bands=None if len(chosen) == len(self._cells) else chosen, **self._values())

    def set(self, settings: Settings) -> None:
        """Bring the controls, one after the other, to these settings."""
        for name, control in self._controls.items():
            control.value = getattr(settings, name)
        for cell, button in self._cells.items():
            button.value = settings.bands is None or cell in settings.bands
        self._show_relevant()

    def _values(self) -> dict[str, Any]:
        values = {name: control.value for name, control in self._controls.items()}
        return {**values, "luminance": values["luminance"] and self._colored}

    def _on_change(self, _: dict) -> None:
        self._show_relevant()
        self._changed()

    def vary(self, variants: tuple[dict[str, Any], ...]) -> None:
        """Leave to the variants what they set themselves, and show what matters for one of them."""
        self.variants = variants
        self._show_relevant()

    def _show_relevant(self) -> None:
        shown = [replace(Settings(**self._values()), **variant) for variant in self.variants]
        always = {"transform", "regime"} | ({"luminance"} if self._colored else set())
        given = [
            {*always, *arguments(each)[1]} - variant.keys()
            for each, variant in zip(shown, self.variants, strict=True)
        ]
        matters = {"residual" if name == "residuals" else name for names in given for name in names}
        for name, control in self._controls.items():
            control.layout.display = None if name in matters else "none"
        self._grid.layout.display = None if any(each.transform == "pyramid" for each in shown) else "none"


def _controls() -> dict[str, w.ValueWidget]:
    """A widget for each field of `Settings` but target and bands, in the order of the page."""

    def menu(text: str, tip: str, options: Sequence) -> w.Dropdown:
        return w.Dropdown(options=options, description=text, tooltip=tip, **LINE)

    def slider(kind: type, text: str, tip: str, low: float, high: float, **more: Any) -> Any:
        more |= {"min": low, "max": high, "continuous_update": False}
        return kind(description=text, tooltip=tip, **LINE, **more)

    amplifier = "Amplifier of the gradient (Eq. 6)"
    return {
        "transform": menu("transform", "In which coefficients the image is edited", tuple(TRANSFORMS)),
        "regime": menu("regime", "When the gradient is taken", REGIMES),
        "direction": menu("direction", "What a step changes", DIRECTIONS),
        "alpha": slider(w.FloatLogSlider, "alpha", amplifier, -3, 4, readout_format=".2g"),
        "cap": slider(w.FloatSlider, "cap", "Largest change of a step", 0.01, 1, step=0.01),
        "amplitude": menu("amplitude", "What the amplitudes do (Appendix B)", AMPLITUDES),
        "residual": menu("residual", "What has no phase: the coarsest blur, or the mean", RESIDUALS),
        "steps": slider(w.IntSlider, "steps", "Frames after the source", 2, MOST_STEPS),
        "luminance": w.Checkbox(description="luminance only, colours fixed", **LINE),
    }
