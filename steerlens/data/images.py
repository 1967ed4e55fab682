"""Labelled images: what every data set of the lessons is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral

from torch import Tensor


@dataclass(frozen=True)
class ImageData:
    """Labelled images.

    Attributes:
        images: float32 (n, channels, height, width) in [0, 1].
        labels: int64 (n,), indices into ``classes``.
        classes: names of the classes.
        source: what the images are, "MNIST" for instance; checkpoints are matched by it.
        make_training_split: makes the images that a classifier for these should be trained on.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    source: str
    make_training_split: Callable[[], "ImageData"] | None = field(default=None, repr=False, compare=False)

    def training_split(self) -> "ImageData":
        """Training images of the same source; the images themselves if there is no such split."""
        return self if self.make_training_split is None else self.make_training_split()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Tensor | slice | Sequence[int] | int) -> "ImageData":
        """Some of the images, by slice, list of indices, boolean mask, or one index (a batch of one)."""
        rows = [int(rows)] if isinstance(rows, Integral) else rows
        return replace(self, images=self.images[rows], labels=self.labels[rows])

    def of_class(self, name: str) -> "ImageData":
        """The images of one class."""
        return self[self.indices_of(name)]

    def indices_of(self, name: str) -> Tensor:
        """Which images are of one class: their indices, in order. Raises ValueError for an unknown one."""
        if name not in self.classes:
            raise ValueError(f"name: expected one of {', '.join(self.classes)}, got {name!r}")
        return (self.labels == self.classes.index(name)).nonzero()[:, 0]


def check_image_data(data: object) -> ImageData:
    """``data`` if it is `ImageData`. Raises TypeError."""
    if not isinstance(data, ImageData):
        raise TypeError(f"data: expected ImageData, got {type(data).__name__}")
    return data
