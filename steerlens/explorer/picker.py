"""The picker of a source image: buttons with thumbnails, a page at a time."""

from collections.abc import Callable
from itertools import count

import ipywidgets as w

from .galleries import Gallery
from .pictures import thumbnail_style

PAGE = 18  # thumbnails that are shown at once
SERIAL = count()  # keeps the style sheets of several pickers on one page apart


class Picker:
    """Thumbnails of a gallery; ``row`` is the one that was chosen.

    Attributes:
        box: what is displayed.
        row: index of the chosen image.
    """

    def __init__(self, gallery: Gallery, chosen: Callable[[], None]):
        self._chosen, self._serial = chosen, next(SERIAL)
        self._style = w.HTML(layout={"display": "none"})
        self._buttons = [self._thumbnail(place) for place in range(PAGE)]
        self._back, self._on = (
            w.Button(description=text, tooltip=tip, layout={"width": "46px"})
            for text, tip in (("‹", "earlier images"), ("›", "later images"))
        )
        self._back.on_click(lambda _: self._turn(-1))
        self._on.on_click(lambda _: self._turn(1))
        self._range = w.Label()
        self._pages = w.HBox([self._back, self._range, self._on])
        grid = w.Box(self._buttons, layout={"flex_flow": "row wrap", "width": "340px"})
        self.box = w.VBox([self._style, grid, self._pages])
        self.fit(gallery, 0)

    def fit(self, gallery: Gallery, row: int) -> None:
        """Show a gallery, at the page on which ``row`` is."""
        self._gallery, self.row = gallery, row
        self._show(row // PAGE)

    def _thumbnail(self, place: int) -> w.Button:
        button = w.Button(layout={"width": "52px", "height": "52px"})
        button.add_class("sl-thumb").add_class(f"sl-thumb-{self._serial}-{place}")
        button.on_click(lambda _: self._choose(self._page * PAGE + place))
        return button

    def _choose(self, row: int) -> None:
        self.row = row
        self._show(self._page)
        self._chosen()

    def _turn(self, pages: int) -> None:
        self._show(self._page + pages)

    def _show(self, page: int) -> None:
        total, self._page = len(self._gallery.labels), page
        rows = range(page * PAGE, min((page + 1) * PAGE, total))
        selectors = [f".sl-thumb-{self._serial}-{place}" for place in range(len(rows))]
        self._style.value = thumbnail_style(self._gallery.images[rows.start : rows.stop], selectors)
        for place, button in enumerate(self._buttons):
            shown = place < len(rows)
            button.layout.display = None if shown else "none"
            if shown:
                label = self._gallery.labels[rows[place]]
                button.description, button.tooltip = label, f"image {rows[place]}: {label}"
                (button.add_class if rows[place] == self.row else button.remove_class)("sl-chosen")
        self._pages.layout.display = None if total > PAGE else "none"
        self._range.value = f"{rows.start + 1} to {rows.stop} of {total}"
        self._back.disabled, self._on.disabled = page == 0, rows.stop == total
