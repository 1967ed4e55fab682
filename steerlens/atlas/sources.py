"""Where the images of an atlas come from: each is read where it is worked on.

A tensor's rows go to the workers piece by piece; a data set, a folder or a Zarr array goes there as what it
is, a few bytes, and is read there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import numpy as np
import torch
import zarr
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from .._internal.checks import check_images, check_integer, check_targets
from ..data.images import ImageData
from ..data.pictures import read_picture
from .identity import digest

LARGEST_SENT = 16 * 2**20  # bytes of a pickled data set; a larger one holds its images, and is read here


class Item(NamedTuple):
    """An image (channels, height, width) in [0, 1], float32, or why there is none; and its label."""

    image: Tensor | Exception
    label: int | None = None


@dataclass(frozen=True)
class Source:
    """Images by index.

    Attributes:
        count: how many.
        get: what is found at an index: an image, or (image, label).
        identity: tells one source from another; the images themselves, where that costs nothing.
        names: of the classes, if the source knows them.
        here: whether images are read in the caller's process, and sent.
    """

    count: int
    get: Callable[[int], Any]
    identity: str
    names: tuple[str, ...] | None = None
    here: bool = False

    def read(self, rows: Sequence[int]) -> list[Item]:
        """The images at some indices, each on its own: what fails is the item's image."""
        return [self._item(row) for row in rows]

    def _item(self, row: int) -> Item:
        try:
            found = self.get(row)
            image, label = found if isinstance(found, tuple | list) else (found, None)
            return Item(_image(image), None if label is None else int(label))
        except Exception as error:  # whatever a data set's own code raises is said in the image's rows
            return Item(error)

    def limited(self, limit: int | None) -> "Source":
        """The first images of it."""
        most = self.count if limit is None else min(check_integer("limit", limit, 1), self.count)
        return replace(self, count=most)


def source_of(images: object) -> Source:
    """Images of any kind that `atlas` takes. Raises TypeError or ValueError for another."""
    if isinstance(images, ImageData):
        return replace(_of_tensor(images.images, images.labels), names=images.classes)
    if isinstance(images, Tensor):
        return _of_tensor(images)
    if isinstance(images, str | PathLike):
        return _of_folder(Path(images))
    if isinstance(images, zarr.Array):
        return _of_zarr(images)
    if isinstance(images, Dataset):
        return _of_dataset(images)
    expected = "a tensor, ImageData, a torch Dataset, a folder of a folder for each class, or a Zarr array"
    raise TypeError(f"images: expected {expected}, got {type(images).__name__}")


def _of_tensor(images: Tensor, labels: Tensor | None = None) -> Source:
    """Images that are at hand; whether their values lie in [0, 1] is seen one by one."""
    images = check_images(images).detach().cpu()
    labels = None if labels is None else check_targets(labels, len(images), name="labels").cpu()

    def get(row: int) -> Any:
        return images[row] if labels is None else (images[row], labels[row])

    return Source(len(images), get, digest(images, labels), here=True)


def _of_folder(folder: Path) -> Source:
    """torchvision's ImageFolder: grey or RGB as the first picture is, each as large as it is."""
    from torchvision.datasets import ImageFolder

    try:
        found = ImageFolder(str(folder.expanduser().resolve()))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"images: expected a folder with a folder of pictures a class, got {error}"
        ) from error
    with Image.open(found.samples[0][0]) as first:
        channels = 1 if first.mode in ("1", "L", "I", "F", "I;16") else 3
    get = partial(_picture, tuple(found.samples), channels)
    names = [(str(Path(path).relative_to(found.root)), label) for path, label in found.samples]
    return Source(len(found), get, digest(names, channels), tuple(found.classes))


def _picture(samples: tuple[tuple[str, int], ...], channels: int, row: int) -> tuple[Tensor, int]:
    path, label = samples[row]
    return read_picture(path, channels), label


def _of_zarr(images: zarr.Array) -> Source:
    """A Zarr array (n, channels, height, width), opened anew where it is read."""
    if images.ndim != 4 or images.dtype.kind not in "uf" or 0 in images.shape:
        expected = "a Zarr array (n, channels, height, width) of uint8 or floats"
        raise ValueError(f"images: expected {expected}, got {images.dtype} {images.shape}")
    root = getattr(images.store, "root", getattr(images.store, "path", None))
    if root is not None:  # a folder: relative ones are other folders elsewhere
        path = str(Path(root).resolve() / images.path)
        images = zarr.open_array(path, mode="r")
    return Source(images.shape[0], images.__getitem__, digest(str(images.dtype), tuple(images.shape)))


def _of_dataset(images: Dataset) -> Source:
    """A data set by index; one that holds its images in memory is read here."""
    count = len(images) if hasattr(images, "__len__") else 0
    if not count or not hasattr(images, "__getitem__"):
        raise TypeError("images: expected a data set with a length and items by index, got one without")
    classes, here = getattr(images, "classes", None), len(cloudpickle.dumps(images)) > LARGEST_SENT
    names = tuple(map(str, classes)) if isinstance(classes, list | tuple) else None
    return Source(count, images.__getitem__, digest(type(images).__qualname__, count), names, here)


def _image(value: Any) -> Tensor:
    """An item's image, float32 (channels, height, width) in [0, 1]. Raises ValueError or TypeError."""
    if isinstance(value, Image.Image):
        return read_picture(value, 1 if value.mode in ("1", "L", "I", "F", "I;16") else 3)
    image = torch.as_tensor(np.asarray(value) if not isinstance(value, Tensor) else value).detach().cpu()
    image = image.float() / 255 if image.dtype == torch.uint8 else image
    if image.ndim != 3:
        raise ValueError(f"expected an image (channels, height, width), got shape {tuple(image.shape)}")
    return check_images(image[None].float(), unit_range=True, name="image")[
        0
    ].clone()  # pickled, a view is all it is a view of
