"""The controls of one morph's settings: those that matter for the chosen regime and transform are shown."""

from collections.abc import Callable, Sequence

import ipywidgets as w

from ..editing import AMPLITUDES
from .settings import MOST_STEPS, TRANSFORMS, Domain, Settings

WIDE = {"description_width": "76px"}
LINE = {"width": "320px"}
GLYPHS = "│╱─╲"  # the edges that the four orientations answer to
SCALE_NAMES = {1: ("all",), 2: ("fine", "coarse"), 3: ("fine", "middle", "coarse")}


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

    def menu(name: str, options: Sequence, tip: str) -> w.Dropdown:
        return w.Dropdown(options=options, description=name, tooltip=tip, style=WIDE, layout=LINE)

    def slider(kind: type, name: str, tip: str, **limits: float) -> w.ValueWidget:
        options = {"continuous_update": False, "style": WIDE, "layout": LINE, "tooltip": tip}
        return kind(description=name, **limits, **options)

    regimes = [
        ("live: a new gradient at each step", "live"),
        ("frozen: one gradient, magnified", "frozen"),
        ("persistent: shifts added up", "persistent"),
    ]
    directions = [("phase", "phase"), ("phase and amplitude", "joint"), ("Eq. 9 (arg z)", "wirtinger")]
    lowpass = [("stays as it is", "fixed"), ("moves too (Eq. 2)", "linear")]
    return {
        "transform": menu("transform", TRANSFORMS, "In which coefficients the image is edited"),
        "regime": menu("regime", regimes, "When the gradient is taken"),
        "direction": menu("direction", directions, "What a step changes"),
        "alpha": slider(
            w.FloatLogSlider,
            "alpha",
            "Amplifier of the gradient (Eq. 6)",
            base=10,
            min=-3,
            max=4,
            step=0.1,
            value=0.3,
            readout_format=".2g",
        ),
        "cap": slider(
            w.FloatSlider,
            "cap",
            "Largest change of a step, in radians",
            min=0.01,
            max=1.0,
            step=0.01,
            value=0.3,
        ),
        "amplitude": menu("amplitude", AMPLITUDES, "What the amplitudes do (Appendix B)"),
        "residual": menu("low-pass", lowpass, "The residual without a phase: the coarsest blur"),
        "steps": slider(w.IntSlider, "steps", "Frames after the source", min=2, max=MOST_STEPS, value=24),
        "luminance": w.Checkbox(
            description="luminance only, colours fixed", indent=True, style=WIDE, layout=LINE
        ),
    }


def _cell(scale: int, orientation: int, orientations: int) -> w.ToggleButton:
    angle = 180 * orientation / orientations
    text = GLYPHS[orientation] if orientations == 4 else f"{angle:.0f}°"
    tip = f"scale {scale}, waves at {angle:.0f} degrees"
    return w.ToggleButton(True, description=text, tooltip=tip, layout={"width": "46px", "height": "26px"})
