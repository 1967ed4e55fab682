"""The controls of one morph's settings: those that matter for the chosen regime and transform are shown."""

from collections.abc import Callable

import ipywidgets as w

from ..morphs.steps import AMPLITUDES
from .settings import MOST_STEPS, TRANSFORMS, Domain, Settings

WIDE = {"description_width": "76px"}
LINE = {"width": "320px"}
GLYPHS = "│╱─╲"  # the edges that the four orientations answer to
SCALE_NAMES = {1: ("all",), 2: ("fine", "coarse"), 3: ("fine", "middle", "coarse")}
ORDER = ("transform", "regime", "direction", "alpha", "cap", "amplitude", "residual", "steps", "luminance")
MENUS = {  # label, explanation, options
    "transform": ("transform", "In which coefficients the image is edited", TRANSFORMS),
    "regime": (
        "regime",
        "When the gradient is taken",
        [
            ("live: a new gradient at each step", "live"),
            ("frozen: one gradient, magnified", "frozen"),
            ("persistent: shifts added up", "persistent"),
        ],
    ),
    "direction": (
        "direction",
        "What a step changes",
        [("phase", "phase"), ("phase and amplitude", "joint"), ("Eq. 9 (arg z)", "wirtinger")],
    ),
    "amplitude": ("amplitude", "What the amplitudes do (Appendix B)", AMPLITUDES),
    "residual": (
        "low-pass",
        "The residual without a phase: the coarsest blur",
        [("stays as it is", "fixed"), ("moves too (Eq. 2)", "linear")],
    ),
}
LOG = {"base": 10, "min": -3, "max": 4, "step": 0.1, "value": 0.3, "readout_format": ".2g"}
SLIDERS = {  # kind, explanation, limits
    "alpha": (w.FloatLogSlider, "Amplifier of the gradient (Eq. 6)", LOG),
    "cap": (w.FloatSlider, "Largest change of a step", {"min": 0.01, "max": 1, "step": 0.01, "value": 0.3}),
    "steps": (w.IntSlider, "Frames after the source", {"min": 2, "max": MOST_STEPS, "value": 24}),
}


class Panel:
    """Widgets for a `Settings`, all but its target.

    Attributes:
        box: what is displayed.
    """

    def __init__(self, settings: Settings, domain: Domain, colored: bool, changed: Callable[[], None]):
        self._quiet, self._changed = False, changed
        self._controls = _controls()
        self._cells: dict[tuple[int, int], w.ToggleButton] = {}
        self._grid = w.VBox()
        self.box = w.VBox([*self._controls.values(), self._grid])
        for control in self._controls.values():
            control.observe(self._on_change, names="value")
        self.fit(domain, colored)
        self.set(settings)

    def fit(self, domain: Domain, colored: bool) -> None:
        """Offer the bands of another gallery's pyramid, all on; and luminance where there is colour."""
        self._cells = {
            (s, b): _cell(s, b, domain.orientations)
            for s in range(domain.scales)
            for b in range(domain.orientations)
        }
        for button in self._cells.values():
            button.observe(self._on_change, names="value")
        names = SCALE_NAMES.get(domain.scales, [f"scale {s}" for s in range(domain.scales)])
        rows = []
        for scale, name in enumerate(names):
            buttons = [self._cells[scale, b] for b in range(domain.orientations)]
            rows.append(
                w.HBox([w.Label(name, layout={"width": "76px", "justify_content": "flex-end"}), *buttons])
            )
        self._grid.children = [w.HTML("<b>Bands that may change</b> (scale by orientation)"), *rows]
        self._colored = colored

    def settings(self, target: int) -> Settings:
        """What the controls say. Raises ValueError where they say nothing that can be made."""
        chosen = tuple(cell for cell, button in self._cells.items() if button.value)
        values = {name: control.value for name, control in self._controls.items()}
        values["luminance"] = values["luminance"] and self._colored
        return Settings(target, cells=None if len(chosen) == len(self._cells) else chosen, **values)

    def set(self, settings: Settings) -> None:
        """Bring the controls to these settings, as one change."""
        self._quiet = True
        try:
            for name, control in self._controls.items():
                control.value = getattr(settings, name)
            for cell, button in self._cells.items():
                button.value = settings.cells is None or cell in settings.cells
        finally:
            self._quiet = False
        self._show_relevant()

    def _on_change(self, _: dict) -> None:
        if not self._quiet:
            self._show_relevant()
            self._changed()

    def _show_relevant(self) -> None:
        value = {name: control.value for name, control in self._controls.items()}
        frozen, bands = value["regime"] == "frozen", value["transform"] != "pixels"
        relevant = {
            "direction": bands and not frozen,
            "alpha": frozen or (bands and value["direction"] == "wirtinger"),
            "cap": not frozen,
            "amplitude": bands and frozen,
            "residual": bands,
            "luminance": self._colored,
        }
        for name, shown in relevant.items():
            self._controls[name].layout.display = None if shown else "none"
        self._grid.layout.display = None if value["transform"] == "pyramid" else "none"


def _controls() -> dict[str, w.ValueWidget]:
    """A widget for each field of `Settings` but target and cells, in the order of the page."""
    controls: dict[str, w.ValueWidget] = {}
    for name, (text, tip, options) in MENUS.items():
        controls[name] = w.Dropdown(options=options, description=text, tooltip=tip, style=WIDE, layout=LINE)
    for name, (kind, tip, limits) in SLIDERS.items():
        controls[name] = kind(
            description=name, tooltip=tip, continuous_update=False, style=WIDE, layout=LINE, **limits
        )
    controls["luminance"] = w.Checkbox(description="luminance only, colours fixed", style=WIDE, layout=LINE)
    return {name: controls[name] for name in ORDER}


def _cell(scale: int, orientation: int, orientations: int) -> w.ToggleButton:
    angle = 180 * orientation / orientations
    text = GLYPHS[orientation] if orientations == 4 else f"{angle:.0f}°"
    tip = f"scale {scale}, waves at {angle:.0f} degrees"
    return w.ToggleButton(True, description=text, tooltip=tip, layout={"width": "46px", "height": "26px"})
