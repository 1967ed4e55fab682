"""What can be explored: a classifier with images that it takes, one's own or those of the lessons.

Gallery    a classifier, images, and the code that makes both
opened     a picture file as an image of a given shape
GUIDED     the galleries of the lessons: digits, disks, faces
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn

from .. import data as datasets
from .._internal.checks import check_images, check_integer, check_targets
from ..classifiers import models
from ..data import ImageData
from ..evaluation import first_correct
from ..morphs.gradients import evaluation_mode, model_logits
from .settings import Domain

SHOWN = 12  # images in a guided gallery, at least 3 of each class
DISKS = 300  # among which these are looked for


@dataclass(frozen=True)
class Gallery:
    """A classifier, and images for it.

    Attributes:
        name: what the explorer calls it.
        model: maps images in [0, 1] to logits.
        images: (n, channels, height, width) in [0, 1].
        labels: class names of the images, as they are shown.
        classes: a name for each class.
        domain: shape of the images and size of the pyramid.
        setup: Python code that makes ``model``, and what ``places`` need.
        places: for each image the Python expression that gives it, (1, channels, height, width).
    """

    name: str
    model: nn.Module
    images: Tensor
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    domain: Domain
    setup: str
    places: tuple[str, ...]

    def second_guess(self, row: int) -> int:
        """The class that the model finds most probable after the first, for one image."""
        with evaluation_mode(self.model), torch.no_grad():
            return int(model_logits(self.model, self.images[row : row + 1]).topk(2).indices[0, 1])

    def with_upload(self, content: bytes, name: str) -> "Gallery":
        """The gallery with one more image: an uploaded picture file. Raises ValueError if it is none."""
        shape = tuple(self.images.shape[1:])
        image = opened(content, shape, name).to(self.images)
        return replace(
            self,
            images=torch.cat([self.images, image]),
            labels=(*self.labels, Path(name).name),
            places=(*self.places, f"opened({Path(name).name!r}, {shape})"),
        )


def own_gallery(
    model: nn.Module,
    images: Tensor,
    labels: Tensor | Sequence[int] | None = None,
    classes: Sequence[str] | None = None,
    padding: int = 0,
) -> Gallery:
    """A gallery of one's own classifier and images. Raises TypeError or ValueError for what does not fit.

    The arguments are those of `explore`.
    """
    images = check_images(images, unit_range=True).detach()
    with evaluation_mode(model), torch.no_grad():
        logits = model_logits(model, images[:1])
        seen = labels if labels is not None else model_logits(model, images).argmax(1)
    count = logits.shape[1]
    if classes is not None and (isinstance(classes, str) or len(classes) != count):
        raise ValueError(f"classes: expected a name for each of {count} classes, got {classes!r}")
    names = tuple(map(str, range(count) if classes is None else classes))
    shown = check_targets(seen, len(images), count, name="labels").tolist()
    domain = Domain.of(images, check_integer("padding", padding, 0))
    setup = "# model and images are yours: those that were given to sl.explore."
    places = tuple(f"images[[{row}]]" for row in range(len(images)))
    return Gallery("yours", model, images, tuple(names[i] for i in shown), names, domain, setup, places)


def opened(source: str | PathLike | bytes, shape: tuple[int, int, int], name: str = "picture") -> Tensor:
    """A picture as an image (1, channels, height, width) in [0, 1]: its centre, scaled to fit.

    Args:
        source: a file, or its content.
        shape: (channels, height, width) of the image; one channel makes it grey.
        name: of the file, for the error where ``source`` is its content.

    Raises:
        ValueError: it is no picture.
    """
    channels, height, width = shape
    try:
        picture = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
        picture = ImageOps.exif_transpose(picture).convert("RGB" if channels == 3 else "L")
    except (OSError, Image.DecompressionBombError) as error:
        shown = name if isinstance(source, bytes) else source
        raise ValueError(f"{shown}: expected a picture, got {type(error).__name__}: {error}") from error
    fitted = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(fitted)).view(height, width, channels)
    return pixels.movedim(-1, 0)[None].float() / 255


def _of_lessons(name: str, data: ImageData, recipe: str, setup: str, padding: int = 0) -> Gallery:
    """The first images of each class that the lessons' classifier gets right."""
    model = models.load(recipe, data)
    count = max(3, SHOWN // len(data.classes))
    rows = torch.cat([first_correct(model, data, count, label) for label in data.classes])
    chosen = data[rows]
    labels = tuple(data.classes[i] for i in chosen.labels.tolist())
    domain, setup = Domain.of(chosen.images, padding), f'{setup}\nmodel = sl.models.load("{recipe}", data)'
    places = tuple(f"data.images[[{row}]]" for row in rows.tolist())
    return Gallery(name, model, chosen.images, labels, data.classes, domain, setup, places)


def _digits() -> Gallery:
    return _of_lessons("digits", datasets.digits(), "lenet", "data = sl.data.digits()", padding=2)


def _disks() -> Gallery:
    setup = f"data = sl.data.arcade({DISKS}, seed=1)"
    return _of_lessons("disks", datasets.arcade(DISKS, seed=1), "arcade", setup)


def _faces() -> Gallery:
    return _of_lessons("faces", datasets.faces(), "face", "data = sl.data.faces()")


GUIDED: dict[str, Callable[[], Gallery]] = {"digits": _digits, "disks": _disks, "faces": _faces}
