"""Lesson 04: the widget over all pairs of digits."""

import ipywidgets
import torch
import traitlets

from steerlens import Morph, filmstrip
from steerlens.plot.widgets import StillBox, frame_caption, image_png, viewer

from .measures import ordered_pairs, pair_row


def pair_view(morph: Morph, source: int, target: int, frame: int) -> tuple[bytes, str]:
    """Source and frame side by side as a PNG, and the frame's caption.

    Args:
        morph: one morph a pair, in the order of `measures.ordered_pairs`.
        source, target: two different classes.
        frame: index of the frame.
    """
    row = pair_row(source, target, morph.probabilities.shape[2])
    png = image_png(torch.cat(list(morph.frames[row, [0, frame]]), dim=-1))
    return png, f"{source} → {target}: {frame_caption(morph, row, frame)}"


class PairGrid(ipywidgets.GridBox):
    """A button for each pair: a row for each source, a column for each target.

    Attributes:
        value: source and target of the button that was pressed last.
    """

    value = traitlets.Tuple()

    def __init__(self, morph: Morph, value: tuple[int, int]):
        classes = morph.probabilities.shape[2]
        pairs = list(map(tuple, torch.stack(ordered_pairs(classes), 1).tolist()))
        self._buttons = {
            pair: self._button(pair, morph.steps[p >= 0.99].tolist())
            for pair, p in zip(pairs, morph.target_probabilities, strict=True)
        }
        cells = [ipywidgets.HTML("from ↓ to →"), *map(_name, range(classes))]
        for source in range(classes):
            row = [self._buttons.get((source, target)) or ipywidgets.HTML() for target in range(classes)]
            cells += [_name(source), *row]
        super().__init__(cells, layout={"grid_template_columns": f"6em repeat({classes}, minmax(2em, 3em))"})
        self.observe(self._mark, "value")
        self.value = value

    def _button(self, pair: tuple[int, int], sure: list[float]) -> ipywidgets.Button:
        button = ipywidgets.Button(
            description=f"{sure[0]:g}" if sure else "-",
            tooltip=f"{pair[0]} → {pair[1]}: " + (f"sure at k = {sure[0]:g}" if sure else "never sure"),
            layout={"width": "auto", "min_width": "0", "padding": "0", "margin": "1px"},
        )
        button.on_click(lambda _: self.set_trait("value", pair))
        return button

    def _mark(self, _: dict) -> None:
        for pair, button in self._buttons.items():
            button.button_style = "primary" if pair == self.value else ""


def _name(digit: int) -> ipywidgets.HTML:
    return ipywidgets.HTML(f"<b>{digit}</b>")


def pair_picker(morph: Morph, still: list[tuple[int, int]]) -> StillBox:
    """Widget: press a pair, and move through its frames; each button says the first k with p >= 0.99.

    Args:
        morph: one morph a pair, in the order of `measures.ordered_pairs`.
        still: the pairs that a reader without a kernel sees.
    """
    classes, last = morph.probabilities.shape[2], len(morph.steps) - 1
    pair, frame = PairGrid(morph, still[0]), ipywidgets.IntSlider(last, 0, last, description="frame")
    return viewer(
        [pair, frame],
        lambda value, at: pair_view(morph, *value, at),
        filmstrip(morph, rows=[pair_row(*each, classes) for each in still]),
        f"A button for each of {len(morph)} morphs, and a slider over the frames of the one pressed.",
    )
