"""The explorer itself: what is chosen, what is computed for it, and what happens when a control changes.

`explore` is the public function; `Explorer` the widget that it returns. How it looks: ``layout.py``.
"""

import functools
import html
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ..morphs.morph import Morph
from ..plot.widgets import figure_png
from .export import code, download_link, strip, written
from .galleries import COMPARISONS, GUIDED, PRESETS, Gallery, Preset, own_gallery
from .layout import Controls
from .pictures import frame_pngs, matched
from .settings import Settings, make_morph

MORPHS_KEPT = 32


def explore(
    model: nn.Module | None = None,
    images: Tensor | None = None,
    labels: Tensor | Sequence[int] | None = None,
    classes: Iterable | None = None,
    *,
    padding: int = 0,
    folder: str | Path = ".",
    show: Callable[[Tensor], Tensor] | None = None,
) -> "Explorer":
    """A widget to play with: choose an image, a target and a method, and move through the frames.

    Frames are computed once for each choice; moving the slider never runs the model. Without arguments it
    shows the digits, disks and faces of the lessons, with guided presets.

    Args:
        model: maps images in [0, 1] to logits (batch, classes).
        images: (n, channels, height, width) in [0, 1], to choose from.
        labels: class indices (n,) that are shown beside the images; what the model sees if None.
        classes: a name for each class, in order or in a dict by index; the indices if None.
        padding: pixels around the image for the pyramid (2 for digits of 28x28).
        folder: where strips, animations and code are written.
        show: makes grey or RGB (n, 1 or 3, height, width) of images of other channels; changes are always
            the mean of all channels.

    Raises:
        TypeError, ValueError: an argument that does not fit; the message says what was expected.
    """
    if model is None and images is None:
        return Explorer(GUIDED, PRESETS, Path(folder))
    if model is None or images is None:
        raise TypeError("explore: expected both a model and images, or neither")
    own = own_gallery(model, images, labels, classes, padding, show)
    return Explorer({"yours": lambda: own}, COMPARISONS, Path(folder))


@dataclass(frozen=True)
class Shown:
    """What is on the screen: all that is needed to show it again, and to write it to files."""

    name: str
    gallery: Gallery
    row: int
    settings: list[Settings]
    panels: list[Settings]
    views: Morph
    pngs: list[list[bytes]]


class Explorer(Controls):
    """The widget of `explore`. What fails, or is interrupted, leaves it as it was.

    Args:
        galleries: by name, what makes each; a gallery is made when it is first chosen.
        presets: buttons that set everything; the first also at the start, if it says where it starts.
        folder: where exports are written.

    Attributes:
        views: what is on the screen: one morph, or two at equal distances, which ``steps`` then are.
    """

    _shown: Shown

    def __init__(
        self, galleries: Mapping[str, Callable[[], Gallery]], presets: Sequence[Preset], folder: Path
    ):
        self._makers, self._folder = galleries, folder
        self._made: dict[str, Gallery] = {}
        self._morph = functools.lru_cache(maxsize=MORPHS_KEPT)(self._computed)
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
        """What the controls say: one morph, or the two that are compared."""
        return [panel.settings(self.target.value) for panel in self._tabs.children]

    def _computed(self, name: str, row: int, settings: Settings) -> Morph:
        gallery = self._made[name]
        return make_morph(gallery.model, gallery.images[row : row + 1], settings, gallery.domain)

    def apply(self, preset: Preset) -> None:
        """Set everything as a preset says, and show its last frame."""
        with self._or_as_before():
            with self.quietly():
                if preset.start:
                    name, source, target = preset.start
                    self._open(name)
                    labels = self._gallery.labels.items()
                    self.picker.fit(self._gallery, next(row for row, label in labels if label == source))
                    self.target.value = self._gallery.classes.index(target)
                self.compare.value = len(preset.settings) == 2
                for panel, settings in zip(self.panels, preset.settings, strict=False):
                    panel.set(settings)
            self.changed(preset.frame)
        self.lesson.value = f"<b>{preset.name}</b> {preset.text}"

    def _open(self, name: str) -> None:
        """Open a gallery, and ask for the class that its first image is taken for after the first."""
        self.say(f"Loading {name} …")
        if name not in self._made:
            self._made[name] = self._makers[name]()
        self._fit(name)
        self.target.value = self._gallery.second_guess(0)

    def _fit(self, name: str) -> None:
        """Offer a gallery's thumbnails, classes and bands."""
        self._name = name
        gallery, channels = self._gallery, self._gallery.images.shape[1]
        self.gallery_menu.value = name
        self.picker.fit(gallery, 0)
        for panel in self.panels:
            panel.fit(gallery.domain, colored=channels == 3)
        self.target.options = [(each, i) for i, each in enumerate(gallery.classes)]
        self.upload.layout.display = None if channels in (1, 3) else "none"

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
        with self.quietly():
            if self._name != was.name:
                self._fit(was.name)
            self.gallery_menu.value = was.name
            self.picker.fit(self._gallery, was.row)
            self.compare.value, self.target.value = len(was.settings) == 2, was.settings[0].target
            for panel, settings in zip(self.panels, was.panels, strict=True):
                panel.set(settings)
        self.show_tabs()
        self.stage.show(was.views, was.gallery.classes, was.pngs, self.stage.slider.value)
        self.say(_described(was.views, was.gallery.classes))

    def changed(self, frame: int | None = None) -> None:
        """Compute what is not known yet, and show one of its frames (the last if None)."""
        with self._or_as_before():
            self.show_tabs()
            start, gallery, settings = time.perf_counter(), self._gallery, self.settings
            known = self._morph.cache_info().misses
            self.say("Computing …")
            morphs = [self._morph(self._name, self.picker.row, each) for each in settings]
            views = matched(gallery.model, morphs) if len(morphs) == 2 else morphs[0]
            panels, pngs = [panel.settings(0) for panel in self.panels], frame_pngs(views, gallery.show)
            self._shown = Shown(self._name, gallery, self.picker.row, settings, panels, views, pngs)
            self.stage.show(views, gallery.classes, pngs, frame)
            self.export.value = ""
            computed = self._morph.cache_info().misses > known
            seconds = f" Computed in {time.perf_counter() - start:.1f} s." if computed else ""
            self.say(_described(views, gallery.classes) + seconds)

    def gallery_chosen(self) -> None:
        """Open the gallery that the menu names, and show its first image's morph."""
        with self._or_as_before():
            with self.quietly():
                self._open(self.gallery_menu.value)
            self.changed()

    def uploaded(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Add uploaded pictures, names and contents, to the gallery, and choose the last.

        Raises:
            ValueError: some of them cannot be read: which, and why; the others are there all the same.
        """
        before, refused = self._gallery, []
        for name, content in files:
            try:
                self._made[self._name] = self._gallery.with_upload(content, name)
            except Exception as error:
                known = isinstance(error, ValueError)  # which names the file
                refused.append(str(error) if known else f"{name}: {type(error).__name__}: {error}")
        if self._gallery is not before:
            with self._or_as_before():
                self.picker.fit(self._gallery, len(self._gallery.images) - 1)
                self.changed()
        if refused:
            raise ValueError("; ".join(refused))

    def code(self) -> str:
        """Python code that makes again what is on the screen."""
        shown, frame = self._shown, self.stage.slider.value
        return code(shown.gallery, shown.row, shown.settings, shown.views.steps[frame].item())

    def exported(self, kind: str) -> Path:
        """Write the "strip", "animation" or "code" of what is on the screen, and link to it."""
        text = self.code()
        path = written(kind, self._folder, self.views, self._shown.gallery, text)
        listing = f"<pre>{html.escape(text)}</pre>" if kind == "code" else ""
        self.export.value = download_link(path) + listing
        return path

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The widget, and for readers without a kernel the film strip of what it shows now."""
        still = figure_png(strip(self.views, self._shown.gallery))
        text = f"An explorer: {_described(self.views, self._gallery.classes)}"
        bundle = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "image/png": b64encode(still).decode(), "text/plain": text}


def _described(views: Morph, classes: Sequence[str]) -> str:
    """What was reached, in words."""
    source, target = classes[int(views.sources[0])], classes[int(views.targets[0])]
    return " ".join(
        f"{mark}{source} → {target}, largest probability {views.target_probabilities[row].max():.2f}, "
        f"{len(views.steps)} frames to L2 distance {views.distances[row, -1]:.2f}."
        for row, mark in enumerate(("A: ", "B: ") if len(views) > 1 else ("",))
    )
