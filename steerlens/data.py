"""The image data of the lessons: real where it is at hand, an embedded stand-in where it is not.

    arcade   a white disk, displaced from the centre: Up, Down, Left or Right (made, not loaded)
    digits   MNIST, else scikit-learn's 8x8 digits brought to 28x28

Real data is looked for in the folder named by the environment variable STEERLENS_DATA, else in ``data/``
of the clone (or of the working directory), else downloaded there once.
"""

import hashlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from http.client import HTTPException
from numbers import Integral
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torchvision.datasets.mnist import MNIST, read_image_file, read_label_file

from .checks import LARGEST_SEED, check_integer, check_number

DIRECTIONS = ("Up", "Down", "Left", "Right")
DIGITS = tuple("0123456789")
TRAINING_SEED = 2**31  # of Arcade's training images, apart from the small seeds that readers choose
DOWNLOAD_TIMEOUT = 3.0  # seconds without an answer
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


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
        rows = [rows] if isinstance(rows, Integral) else rows
        return replace(self, images=self.images[rows], labels=self.labels[rows])

    def of_class(self, name: str) -> "ImageData":
        """The images of one class."""
        return self[self.indices_of(name)]

    def indices_of(self, name: str) -> Tensor:
        """Which images are of one class: their indices, in order. Raises ValueError for an unknown one."""
        if name not in self.classes:
            raise ValueError(f"class: expected one of {', '.join(self.classes)}, got {name!r}")
        return (self.labels == self.classes.index(name)).nonzero()[:, 0]


def arcade(
    n: int,
    seed: int = 0,
    *,
    size: int = 64,
    radius: float = 12.0,
    displacement: tuple[float, float] = (3.0, 10.0),
) -> ImageData:
    """White anti-aliased disks on black, displaced from the centre: Up, Down, Left or Right.

    Args:
        n: number of images; classes and displacements are drawn at random.
        seed: of the draws.
        size: height and width.
        radius: of the disk, in pixels.
        displacement: smallest and largest displacement, in pixels, drawn uniformly.

    Raises:
        ValueError: a disk would leave the image, or another argument out of range.
    """
    n, size = check_integer("n", n, 1), check_integer("size", size, 8)
    radius = check_number("radius", radius, positive=True)
    seed = check_integer("seed", seed, 0, LARGEST_SEED)
    if not isinstance(displacement, Sequence) or len(displacement) != 2:
        raise ValueError(f"displacement: expected (smallest, largest), got {displacement!r}")
    low, high = (check_number("displacement", d, positive=True) for d in displacement)
    if low > high or radius + high > (size - 1) / 2:
        limit = f"low <= high <= {(size - 1) / 2 - radius:g} (a disk of radius {radius:g} in {size} pixels)"
        raise ValueError(f"displacement: expected {limit}, got {(low, high)}")
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(4, (n,), generator=generator)
    offset = low + (high - low) * torch.rand(n, generator=generator)
    dy = offset * torch.tensor([-1.0, 1.0, 0.0, 0.0])[labels]
    dx = offset * torch.tensor([0.0, 0.0, -1.0, 1.0])[labels]
    images = disks(dy, dx, size, radius)
    source = f"Arcade {size}x{size}, radius {radius:g}, displacement {low:g} to {high:g}"
    kind = {"size": size, "radius": radius, "displacement": (low, high)}
    return ImageData(images, labels, DIRECTIONS, source, partial(arcade, 8000, seed=TRAINING_SEED, **kind))


def disks(dy: Tensor, dx: Tensor, size: int = 64, radius: float = 12.0) -> Tensor:
    """White disks (n, 1, size, size) whose centres lie dy down and dx right of the image's, in pixels.

    A pixel's value is the share of it that the disk covers, to first order: the edge is one pixel wide.
    """
    grid = torch.arange(size) - (size - 1) / 2
    y, x = grid[:, None] - dy[:, None, None], grid[None, :] - dx[:, None, None]
    return (radius + 0.5 - torch.hypot(y, x)).clamp(0, 1).unsqueeze(1)


def digits(train: bool = False) -> ImageData:
    """Handwritten digits (n, 1, 28, 28): MNIST, or 8x8 digits enlarged to 28x28 where there is none.

    Args:
        train: the 60,000 training images (stand-in: 1,438) or the 10,000 test images (stand-in: 359).

    Raises:
        ValueError: a file of MNIST is there but is not what its checksum says.
    """
    if not isinstance(train, bool):
        raise TypeError(f"train: expected True or False, got {train!r}")
    root = mnist_root()
    if root is None:
        return _small_digits(train)
    raw, split = root / "MNIST" / "raw", "train" if train else "t10k"
    images = read_image_file(raw / f"{split}-images-idx3-ubyte")[:, None] / 255
    labels = read_label_file(raw / f"{split}-labels-idx1-ubyte")
    return ImageData(images, labels, DIGITS, "MNIST", partial(digits, train=True))


@cache
def _small_digits(train: bool) -> ImageData:
    small = load_digits()
    images = torch.as_tensor(small.images, dtype=torch.float32)[:, None] / 16
    images = torch.nn.functional.interpolate(images, size=(20, 20), mode="bicubic").clamp(0, 1)
    images = torch.nn.functional.pad(images, [4] * 4)
    held_out = torch.arange(len(images)) % 5 == 4
    source = "scikit-learn digits, 28x28"
    data = ImageData(images, torch.as_tensor(small.target), DIGITS, source, partial(_small_digits, True))
    return data[~held_out if train else held_out]


def data_root() -> Path:
    """The folder where real data is looked for, and downloaded to."""
    if named := os.environ.get("STEERLENS_DATA"):
        root = Path(named).expanduser()
        if not root.is_dir():
            raise ValueError(f"STEERLENS_DATA: expected an existing folder, got {named!r}")
        return root
    clone = Path(__file__).resolve().parents[1]
    return (clone if (clone / "pyproject.toml").is_file() else Path.cwd()) / "data"


@cache
def mnist_root() -> Path | None:
    """The folder that holds a complete MNIST, found or downloaded; None, and a line that says so, if none."""
    root = data_root()
    raw = root / "MNIST" / "raw"
    if not raw.exists():
        try:
            _download_mnist(root)
        except (OSError, RuntimeError, HTTPException):
            print(
                f"MNIST is not in {root} and cannot be downloaded: scikit-learn's 8x8 digits stand in for it."
            )
            return None
    for name, sha256 in MNIST_SHA256.items():
        check_file(raw / name, sha256, remedy=f"delete {raw} to download it again")
    return root


def check_file(path: Path, sha256: str, remedy: str) -> None:
    """Raise ValueError, ending in the remedy, unless the file is there and has this SHA-256."""
    if not path.is_file():
        raise ValueError(f"{path}: expected this file, got none; {remedy}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise ValueError(f"{path}: damaged or altered: expected SHA-256 {sha256}, got {found}; {remedy}")


def _download_mnist(root: Path) -> None:
    """Download MNIST into a temporary folder and move it to its place when it is whole."""
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root) as folder, _impatient_sockets():
        MNIST(folder, download=True)
        (Path(folder) / "MNIST").rename(root / "MNIST")


@contextmanager
def _impatient_sockets() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
