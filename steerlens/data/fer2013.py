"""Faces, sad or happy: FER2013 where it is, schematic faces where not."""

import hashlib
import logging
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from .._internal.checks import check_flag
from .files import data_root, open_picture
from .images import ImageData
from .schematic import EMOTIONS, SIZE, schematic_faces

log = logging.getLogger(__name__)

FER2013_SHA256 = {  # of the names and contents of a folder's files, in the order of the names
    "train/sad": "7c9c380ebd5b6e0f97fc7a4ce3f2db110eb96ed6893e72668e63999d950488bf",
    "train/happy": "d3067a8d6607ac8a0ea99b02eb4986b99f2264bbadac88399f1e68fc9eef0e2f",
    "test/sad": "18db647b5db3bd252d44bfe6ed8c4dd8bdc6e5bfbb0ec91030d31604a6c83626",
    "test/happy": "50ab8ae7003409d14d66a7547b6e40fff536c651d94bcfc0075637a68db65b73",
}


def faces(train: bool = False) -> ImageData:
    """Faces (n, 1, 48, 48), sad or happy: FER2013, or 1,000 schematic faces where there is none.

    FER2013 is expected as ``fer2013/{train,test}/{sad,happy}/*.jpg`` in the folder of the data.

    Args:
        train: the 12,045 training images or the 3,021 test images; of schematic faces other draws.

    Raises:
        ValueError: an image of FER2013 cannot be read or is not 48x48, or a folder of it is missing.
    """
    check_flag("train", train)
    root = fer2013_root()
    if root is None:
        stand_in = schematic_faces(1000, seed=1)
        return stand_in.training_split() if train else stand_in
    folders = [root / ("train" if train else "test") / emotion for emotion in EMOTIONS]
    parts = [_images(folder) for folder in folders]
    labels = torch.cat([torch.full((len(part),), label) for label, part in enumerate(parts)])
    return ImageData(torch.cat(parts), labels, EMOTIONS, "FER2013, sad and happy", partial(faces, True))


@cache
def fer2013_root() -> Path | None:
    """The folder of FER2013; None, and a line that says so, where there is none."""
    root = data_root() / "fer2013"
    if root.is_dir():
        return root
    log.warning(
        f"FER2013 is not in {data_root()} (data/README.md says where it comes from): drawn faces stand in."
    )
    return None


def _images(folder: Path) -> torch.Tensor:
    """All images of a folder, (n, 1, 48, 48) in [0, 1], in the order of their names."""
    paths = tuple(sorted(path for path in folder.glob("*") if path.suffix in (".jpg", ".png")))
    if not paths:
        raise ValueError(f"{folder}: expected images of FER2013 (*.jpg or *.png), got none")
    _compare(folder, paths)
    pixels = np.stack([_pixels(path) for path in paths])
    return torch.from_numpy(pixels)[:, None].float() / 255


def _pixels(path: Path) -> np.ndarray:
    pixels = np.asarray(open_picture(path, "L"))
    if pixels.shape != (SIZE, SIZE):
        raise ValueError(f"{path}: expected {SIZE}x{SIZE} pixels, got {pixels.shape[0]}x{pixels.shape[1]}")
    return pixels


@cache
def _compare(folder: Path, paths: tuple[Path, ...]) -> None:
    """Say in one line, once, where a folder is not the release that the lessons' figures come from."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    known = FER2013_SHA256[f"{folder.parent.name}/{folder.name}"]
    if digest.hexdigest() != known:
        log.warning(
            f"{folder}: {len(paths):,} images, not those of the release that the lessons' figures come from."
        )
