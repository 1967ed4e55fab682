"""What can be explored: a classifier with images that it takes, and buttons that set everything.

`GUIDED` and `PRESETS` are those of the lessons; `own_gallery` and `FOR_ALL` those for one's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from .. import data as datasets
from .._internal.checks import check_images, check_integer, check_names, check_shown, check_targets
from ..classifiers import models
from ..data import ImageData
from ..evaluation import first_correct
from ..morphs.morph import Morph
from ..morphs.scores import batched_logits
from .settings import COMPARISONS, PAIR, Domain, Settings
from .uploads import DIGIT, opened, remarks

SHOWN = 12  # images in a guided gallery, at least 3 of each class


@dataclass(frozen=True)
class Gallery:
    """A classifier, and images for it.

    Attributes:
        model: maps images in [0, 1] to logits.
        images: (n, channels, height, width) in [0, 1].
        labels: names that are shown beside the images, by row; `named` adds what the model sees in others.
        classes: a name for each class.
        domain: shape of the images and size of the pyramid.
        setup: Python code that makes ``model``, and what ``places`` need.
        places: for each image the Python expression that gives it, (1, channels, height, width).
        show: makes what is drawn of images, (n, 1 or 3, height, width); None: the images themselves.
        judges: makes other networks for the same images, by name, which say what they see in each frame.
        note: what stands in for what, where these are stand-ins.
    """

    model: nn.Module
    images: Tensor
    labels: dict[int, str]
    classes: tuple[str, ...]
    domain: Domain
    setup: str
    places: tuple[str, ...]
    show: Callable[[Tensor], Tensor] | None = None
    judges: Callable[[], Mapping[str, nn.Module]] = field(default=dict)
    note: str = ""

    def named(self, rows: range) -> list[str]:
        """The labels of some images; of those without one, what the model sees, which is asked once."""
        new = [row for row in rows if row not in self.labels]
        if new:
            seen = batched_logits(self.model, self.images[new]).argmax(1).tolist()
            self.labels.update(zip(new, (self.classes[i] for i in seen), strict=True))
        return [self.labels[row] for row in rows]

    def guesses(self, row: int) -> list[int]:
        """The two classes that the model finds most probable for one image."""
        return batched_logits(self.model, self.images[row : row + 1]).topk(2).indices[0].tolist()

    def verdicts(self, views: Morph) -> dict[str, Tensor]:
        """What each judge says of frames, (rows, frames, classes)."""
        frames = views.frames.flatten(0, 1)
        said = {name: batched_logits(judge, frames).softmax(1) for name, judge in self.judges().items()}
        return {name: p.view(*views.frames.shape[:2], -1) for name, p in said.items()}

    def with_upload(self, content: bytes, name: str) -> tuple["Gallery", str]:
        """The gallery with one more image, and what was done to it. Raises ValueError if it is no picture."""
        _, channels, height, width = self.images.shape
        shape, label = (channels, height, width), Path(name).name
        edge = self.images[:SHOWN, :, [0, -1]]
        ink = shape == DIGIT and bool(edge.mean() < 0.02)  # images that are drawn on black
        images = torch.cat([self.images, opened(content, shape, name, ink).to(self.images)])
        places = (*self.places, f"opened({label!r}, {shape}{', ink=True' if ink else ''})")
        labels = {**self.labels, len(self.images): label}
        return replace(self, images=images, labels=labels, places=places), remarks(content, shape, ink)


def own_gallery(
    model: nn.Module,
    images: Tensor,
    labels: object,
    classes: object,
    padding: int,
    show: Callable[[Tensor], Tensor] | None = None,
    judges: Mapping[str, nn.Module] | None = None,
) -> Gallery:
    """The gallery of the arguments of `explore`. Raises TypeError or ValueError for what does not fit."""
    images = check_images(images, unit_range=True).detach()
    check_shown(images[:1], show)
    count = batched_logits(model, images[:1]).shape[1]
    for name, judge in (judges or {}).items():
        if (found := batched_logits(judge, images[:1]).shape[1]) != count:
            raise ValueError(f"judges: expected {count} classes of {name!r}, as of the model, got {found}")
    names = check_names(classes, count)
    known = [] if labels is None else check_targets(labels, len(images), count, name="labels").tolist()
    shown = dict(enumerate(names[i] for i in known))
    domain = Domain.of(images, check_integer("padding", padding, 0))
    setup = "# model and images are yours: those that were given to sl.explore."
    places = tuple(f"images[[{row}]]" for row in range(len(images)))
    return Gallery(model, images, shown, names, domain, setup, places, show, lambda: judges or {})


def _of_lessons(
    data: ImageData, recipe: str, call: str, padding: int = 0, judges: Sequence[str] = (), real: str = ""
) -> Gallery:
    """The first images of each class that the lessons' classifier gets right.

    Args:
        data, call: the images, and the code that makes them.
        recipe, judges: names of its classifier and of others, of `steerlens.models`.
        padding: as of `explore`.
        real: how the source begins where it is not a stand-in.
    """
    model = models.load(recipe, data)
    count = max(3, SHOWN // len(data.classes))
    rows = torch.cat([first_correct(model, data, count, label) for label in data.classes])
    gallery = own_gallery(model, data.images[rows], data.labels[rows], data.classes, padding)
    return replace(
        gallery,
        setup=f'data = sl.data.{call}\nmodel = sl.models.load("{recipe}", data)',
        places=tuple(f"data.images[[{row}]]" for row in rows.tolist()),
        judges=cache(lambda: {name.split("_")[-1]: models.load(name, data) for name in judges}),
        note="" if data.source.startswith(real) else f"{real} is missing: {data.source}, stand in for it.",
    )


def _digits() -> Gallery:
    return _of_lessons(datasets.digits(), "lenet", "digits()", 2, ("resnet", "mlp"), "MNIST")


def _faces() -> Gallery:
    return _of_lessons(datasets.faces(), "face", "faces()", 0, ("face_resnet", "face_lenet"), "FER2013")


def _disks() -> Gallery:
    return _of_lessons(datasets.arcade(300, seed=1), "arcade", "arcade(300, seed=1)")


GUIDED: dict[str, Callable[[], Gallery]] = {"digits": _digits, "faces": _faces, "disks": _disks}


@dataclass(frozen=True)
class Preset:
    """A button that sets everything.

    Attributes:
        name: on the button.
        text: what to look at (HTML).
        settings: of one morph, or of two that are compared; their target is replaced by that of ``start``.
        start: a key of `GUIDED`, and the names of source and target class; None keeps what is chosen.
        compare: one of `COMPARISONS`.
    """

    name: str
    text: str
    settings: tuple[Settings, ...]
    start: tuple[str, str, str] | None = None
    compare: str = COMPARISONS[0]


LIVE = Settings(direction="joint")

FOR_ALL = (
    Preset(
        "Live or frozen?",
        "A takes a new gradient at every step; B is the paper's way: <i>one</i> gradient, magnified, phases "
        "alone. Move the slider: both are always at the same L2 distance. Which of them reaches the target, "
        "and which of them still looks like an image? <i>Try</i>: let the low-pass residual of B move, too.",
        (LIVE, Settings(regime="frozen", alpha=0.3)),
        compare=PAIR,
    ),
    Preset(
        "Phases or pixels?",
        "A turns phases of the pyramid, B changes pixels, both live and at the same L2 distance. Look at "
        "the <i>changes</i>: which one moves edges, and which one scatters dots?",
        (Settings(), Settings(transform="pixels")),
        compare=PAIR,
    ),
    Preset(
        "Four at a time",
        "A and B are live, C and D frozen; A and C turn phases alone, B and D change amplitudes too. All are "
        "at the same L2 distance. Which reach p = 0.99 (the ring on a curve)? What do the changes look like?",
        (LIVE,),
        compare=COMPARISONS[2],
    ),
)

PRESETS = (
    Preset(
        "3 becomes 8",
        "Many small steps of phase and amplitude, a new gradient at each. Watch the two open ends of the 3 "
        "close. <i>Try</i>: let only the coarse scale change, then only the fine one.",
        (LIVE,),
        ("digits", "3", "8"),
    ),
    Preset(
        "Sad becomes happy",
        "Look at the corners of the mouth and at the cheeks; the change is red where it gets brighter and "
        "blue where it gets darker. <i>Try</i>: the other direction, from happy to sad.",
        (Settings(),),
        ("faces", "sad", "happy"),
    ),
    Preset(
        "A score without a change",
        "The same face with its pixels edited, in small steps. The score rises at once; when do <i>you</i> "
        "see a smile? A high score says that <i>this classifier</i> is convinced, not that you would be, nor "
        "that another network is.",
        (Settings(transform="pixels", cap=0.01, steps=12),),
        ("faces", "sad", "happy"),
    ),
    Preset(
        "A disk that moves",
        "A classifier says where the disk is; here the target is another side. One gradient, magnified: "
        "press play. The change shows light on one side and dark on the other, which is what motion "
        "looks like. Is it phase? <i>Try</i>: fix the low-pass residual, and the disk stays; let it move and "
        "switch all bands off, and the disk moves all the same.",
        (Settings(regime="frozen", alpha=0.2, steps=60, residual="linear"),),
        ("disks", "Down", "Left"),
    ),
    *FOR_ALL,
)
