"""The explorer itself: what is chosen, what is computed for it, and what happens when a control changes.

How it looks: ``layout.py``.
"""

import functools
import html
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ..morphs.morph import Morph
from ..plot.widgets import figure_png
from .export import code, download_link, strip, written
from .galleries import LIVE, Gallery, Preset
from .layout import WELCOME, Controls
from .settings import ONE, Settings, make_morph, side_by_side
from .views import arrival_text, matched

MORPHS_KEPT = 32


@dataclass(frozen=True)
class Shown:
    """What is on the screen: all that is needed to show it again, and to write it to files."""

    name: str
    gallery: Gallery
    row: int
    settings: list[Settings]
    panels: list[Settings]
    compare: str
    lesson: str
    views: Morph
    verdicts: Mapping[str, Tensor]


class Explorer(Controls):
    """The widget of `explore`. What fails, or is interrupted, leaves it as it was.

    Args:
        galleries: by name, what makes each; a gallery is made when it is first chosen.
        presets: buttons that set everything; the first also at the start, if it says where it starts.
        folder: where exports are written.

    Attributes:
        views: what is on the screen: one morph, or several at equal distances, which ``steps`` then are.
    """

    _shown: Shown

    def __init__(
        self, galleries: Mapping[str, Callable[[], Gallery]], presets: Sequence[Preset], folder: Path
    ):
        self._makers, self._folder = galleries, folder
        self._made: dict[str, Gallery] = {}
        self._morph = functools.lru_cache(maxsize=MORPHS_KEPT)(self._computed)
        self._judged = functools.lru_cache(maxsize=MORPHS_KEPT)(self._verdicts)
        super().__init__(list(galleries), presets)
        self.apply(presets[0]) if presets[0].start else self.gallery_chosen()

    @property
    def _gallery(self) -> Gallery:
        return self._made[self._name]

    @property
    def views(self) -> Morph:
        return self._shown.views

    @property
    def settings(self) -> list[Settings]:
        """What the controls say: one morph, or those that are compared."""
        panels = [panel.settings(self.target.value) for panel in self._tabs.children]
        return side_by_side(self.compare.value, panels)

    def _computed(self, name: str, row: int, settings: Settings) -> Morph:
        gallery = self._made[name]
        return make_morph(gallery.model, gallery.images[row : row + 1], settings, gallery.domain)

    def _viewed(self, name: str, row: int, settings: Sequence[Settings]) -> Morph:
        morphs = [self._morph(name, row, each) for each in settings]
        return matched(self._made[name].model, morphs) if len(morphs) > 1 else morphs[0]

    def _verdicts(self, name: str, row: int, settings: tuple[Settings, ...]) -> dict[str, Tensor]:
        return self._made[name].verdicts(self._viewed(name, row, settings))

    def apply(self, preset: Preset) -> None:
        """Set everything as a preset says, and show the frame at which it arrives."""
        with self._or_as_before():
            with self.quietly():
                if preset.start:
                    name, source, target = preset.start
                    self._open(name)
                    labels = self._gallery.labels.items()
                    row = next(row for row, label in labels if label == source)
                    self._ask(row, self._gallery.classes.index(target))
                self.compare.value = preset.compare
                for panel, settings in zip(self.panels, preset.settings, strict=False):
                    panel.set(settings)
                self.lesson.value = f"<b>{preset.name}</b> {preset.text}"
            self.changed()

    def _open(self, name: str) -> None:
        """Open a gallery at its first image."""
        self.say(f"Loading {name} …")
        if name not in self._made:
            self._made[name] = self._makers[name]()
        self._fit(name)
        self._ask(0)

    def _fit(self, name: str) -> None:
        """Offer a gallery's bands, and say where it stands in for another."""
        self._name = name
        gallery, channels = self._gallery, self._gallery.images.shape[1]
        self.gallery_menu.value, self.note.value = name, html.escape(gallery.note)
        self.note.layout.display = None if gallery.note else "none"
        for panel in self.panels:
            panel.fit(gallery.domain, colored=channels == 3)
        self._files.layout.display = None if channels in (1, 3) else "none"

    def _ask(self, row: int, target: int | None = None) -> None:
        """Choose an image, and a class for it: the second guess if None or if it is the image's own."""
        first, second = self._gallery.guesses(row)
        self.picker.fit(self._gallery, row)
        self.target.fit(self._gallery.classes, first, second if target is None or target == first else target)

    @contextmanager
    def _or_as_before(self) -> Iterator[None]:
        """Whatever ends the block early, an interrupt too, brings back what was shown before."""
        try:
            yield
        except BaseException:
            if hasattr(self, "_shown"):
                self._restore(self._shown)
            raise

    def _restore(self, was: Shown) -> None:
        """Controls, picture and message of what was shown; no model runs."""
        frame = self.stage.slider.value
        with self.quietly():
            if self._name != was.name:
                self._fit(was.name)
            self.gallery_menu.value = was.name
            self.picker.fit(self._gallery, was.row)
            self.target.fit(was.gallery.classes, int(was.views.sources[0]), int(was.views.targets[0]))
            self.compare.value, self.lesson.value = was.compare, was.lesson
            for panel, settings in zip(self.panels, was.panels, strict=True):
                panel.set(settings)
        self.show_tabs()
        self.stage.show(was.views, was.gallery, was.settings, frame)
        self.stage.judge(was.verdicts)
        self.say(_described(was.views, was.gallery.classes))

    def changed(self, said: str = "") -> None:
        """Compute what is not known yet, and show it where it arrives; then what other networks say."""
        with self._or_as_before():
            self.show_tabs()
            start, known, gallery = time.perf_counter(), self._morph.cache_info().misses, self._gallery
            key = self._name, self.picker.row, tuple(settings := self.settings)
            self.say("Computing …")
            views = self._viewed(*key)
            self.stage.show(views, gallery, settings)
            computed = self._morph.cache_info().misses > known
            seconds = f" Computed in {time.perf_counter() - start:.1f} s." if computed else ""
            self.say(f"{said}{_described(views, gallery.classes)}{seconds}")
            self.stage.judge(verdicts := self._judged(*key))
            choices = [panel.settings(0) for panel in self.panels], self.compare.value, self.lesson.value
            self._shown = Shown(key[0], gallery, key[1], settings, *choices, views, verdicts)
            self.export.value = ""

    def image_chosen(self) -> None:
        """Ask of the image that the picker names for the same class, unless it is its own."""
        with self._or_as_before():
            with self.quietly():
                self._ask(self.picker.row, self.target.value)
            self.changed()

    def gallery_chosen(self) -> None:
        """Open the gallery that the menu names, and show its first image's morph by the usual method."""
        with self._or_as_before():
            with self.quietly():
                self._open(self.gallery_menu.value)
                self.compare.value, self.lesson.value = ONE, WELCOME
                for panel, settings in zip(self.panels, (LIVE, Settings()), strict=True):
                    panel.set(settings)
            self.changed()

    def uploaded(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Add uploaded pictures, names and contents, to the gallery, and choose the last.

        Raises:
            ValueError: some of them cannot be read: which, and why; the others are there all the same.
        """
        before, refused, done = self._gallery, [], []
        for name, content in files:
            try:
                self._made[self._name], remarks = self._gallery.with_upload(content, name)
                done.append(f"{name}: {remarks or 'as it is'}. ")
            except Exception as error:
                known = isinstance(error, ValueError)  # which names the file
                refused.append(str(error) if known else f"{name}: {type(error).__name__}: {error}")
        if self._gallery is not before:
            with self._or_as_before():
                with self.quietly():
                    self._ask(len(self._gallery.images) - 1, self.target.value)
                self.changed("".join(done))
        if refused:
            raise ValueError("; ".join(refused))

    def code(self) -> str:
        """Python code that makes again what is on the screen."""
        shown, frame = self._shown, self.stage.slider.value
        return code(shown.gallery, shown.row, shown.settings, shown.views.steps[frame].item())

    def exported(self, kind: str) -> Path:
        """Write the "strip", "animation" or "code" of what is on the screen, and link to it."""
        text, shown = self.code(), self._shown
        path = written(kind, self._folder, shown.views, shown.gallery, shown.settings, text)
        listing = f"<pre>{html.escape(text)}</pre>" if kind == "code" else ""
        self.export.value = download_link(path) + listing
        return path

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The widget, and for readers without a kernel the film strip of what it shows now."""
        shown = self._shown
        still = figure_png(strip(shown.views, shown.gallery, shown.settings))
        text = f"An explorer: {_described(shown.views, shown.gallery.classes)}"
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "image/png": b64encode(still).decode(), "text/plain": text}


def _described(views: Morph, classes: Sequence[str]) -> str:
    """What was reached, in words."""
    asked = " → ".join(classes[int(index[0])] for index in (views.sources, views.targets))
    marks = ("A: ", "B: ", "C: ", "D: ")[: len(views)] if len(views) > 1 else ("",)
    said = "; ".join(f"{mark}{arrival_text(views, row)}" for row, mark in enumerate(marks))
    return f"{asked}: {said}. {len(views.steps)} frames to L2 distance {views.distances.max():.2f}."
