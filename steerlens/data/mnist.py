"""Handwritten digits: MNIST where it is or can be downloaded, scikit-learn's small digits where not."""

import contextlib
import io
from functools import cache, partial
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

import numpy as np
import torch

from .._internal.checks import check_flag
from .files import announce, check_file, data_root, impatient_sockets, warn_once
from .images import ImageData

DIGITS = tuple("0123456789")
_REFUSED: set[Path] = set()  # folders to which MNIST could not be downloaded
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz"  # torchvision's first
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def digits(train: bool = False) -> ImageData:
    """Handwritten digits (n, 1, 28, 28): MNIST, or 8x8 digits enlarged to 28x28 where there is none.

    Args:
        train: the 60,000 training images (stand-in: 1,438) or the 10,000 test images (stand-in: 359).

    Raises:
        ValueError: a file of MNIST is there but is not what its checksum says.
    """
    check_flag("train", train)
    root = mnist_root()
    announce("digits", "scikit-learn's 8x8 digits" if root is None else f"MNIST in {root}")
    if root is None:
        return small_digits(train)
    raw, split = root / "MNIST" / "raw", "train" if train else "t10k"
    pixels = _idx(raw / f"{split}-images-idx3-ubyte", header=16).view(-1, 1, 28, 28)
    labels = _idx(raw / f"{split}-labels-idx1-ubyte", header=8).long()
    return ImageData(pixels / 255, labels, DIGITS, "MNIST", partial(digits, train=True))


def _idx(path: Path, header: int) -> torch.Tensor:
    """The bytes of a file, whose checksum is known, behind its header."""
    return torch.from_numpy(np.fromfile(path, np.uint8, offset=header))


@cache
def small_digits(train: bool = False) -> ImageData:
    """scikit-learn's 8x8 digits, enlarged to (n, 1, 28, 28): what stands in for MNIST.

    Args:
        train: the 1,438 training images or the 359 test images, every fifth.
    """
    from sklearn.datasets import load_digits

    small = load_digits()
    images = torch.as_tensor(small.images, dtype=torch.float32)[:, None] / 16
    images = torch.nn.functional.interpolate(images, size=(20, 20), mode="bicubic").clamp(0, 1)
    images = torch.nn.functional.pad(images, [4] * 4)
    held_out = torch.arange(len(images)) % 5 == 4
    source = "scikit-learn digits, 28x28"
    data = ImageData(images, torch.as_tensor(small.target), DIGITS, source, partial(small_digits, True))
    return data[~held_out if train else held_out]


def mnist_root() -> Path | None:
    """The folder that holds a complete MNIST, found or downloaded; None, and a line that says so, if none."""
    root = data_root()
    raw = root / "MNIST" / "raw"
    if not raw.exists() and not _downloaded(root):
        stand_in = "scikit-learn's 8x8 digits stand in for it"
        warn_once(f"MNIST is not in {root} and cannot be downloaded: {stand_in}.")
        return None
    paths = tuple(raw / name for name in MNIST_SHA256)
    _check_mnist(paths, tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths))
    return root


@cache
def _check_mnist(paths: tuple[Path, ...], changed: tuple[int, ...]) -> None:
    """Raise ValueError unless all files are what they should be; looked at once for each time of change."""
    for path in paths:
        check_file(path, MNIST_SHA256[path.name], remedy=f"delete {path.parent} to download it again")


def _downloaded(root: Path) -> bool:
    """Whether MNIST could be downloaded; what failed is not tried again."""
    if root not in _REFUSED:
        try:
            _download_mnist(root)
        except (OSError, RuntimeError, HTTPException):
            _REFUSED.add(root)
    return root not in _REFUSED


def _download_mnist(root: Path) -> None:
    """Download MNIST into a temporary folder and move it to its place when it is whole.

    One request finds out first whether there is a network: torchvision alone takes seconds to be imported.
    """
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root) as folder, impatient_sockets():
        urlopen(Request(MIRROR, method="HEAD")).close()
        from torchvision.datasets import MNIST

        with contextlib.redirect_stdout(io.StringIO()):  # where older ones tell each file
            MNIST(folder, download=True)
        (Path(folder) / "MNIST").rename(root / "MNIST")
