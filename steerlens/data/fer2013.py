"""Faces, sad or happy: FER2013 where it is, schematic faces where not."""

import hashlib
from functools import cache, partial
from pathlib import Path

import torch

from .._internal.checks import check_flag
from .files import announce, data_root, warn_once
from .images import ImageData
from .pictures import read_picture
from .schematic import EMOTIONS, SIZE, schematic_faces

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
    root = data_root() / "fer2013"
    announce("faces", f"FER2013 in {root}" if root.is_dir() else "drawn faces")
    if not root.is_dir():
        source = "data/README.md says where it comes from"
        warn_once(f"FER2013 is not in {root.parent} ({source}): drawn faces stand in.")
        stand_in = schematic_faces(1000, seed=1)
        return stand_in.training_split() if train else stand_in
    folders = [root / ("train" if train else "test") / emotion for emotion in EMOTIONS]
    parts = [_images(folder) for folder in folders]
    labels = torch.cat([torch.full((len(part),), label) for label, part in enumerate(parts)])
    return ImageData(torch.cat(parts), labels, EMOTIONS, "FER2013, sad and happy", partial(faces, True))


def _images(folder: Path) -> torch.Tensor:
    """All images of a folder, (n, 1, 48, 48) in [0, 1], in the order of their names."""
    paths = tuple(sorted(path for path in folder.glob("*") if path.suffix in (".jpg", ".png")))
    if not paths:
        raise ValueError(f"{folder}: expected images of FER2013 (*.jpg or *.png), got none")
    _compare(folder, paths)
    images = [read_picture(path, 1) for path in paths]
    for path, (_, height, width) in zip(paths, (image.shape for image in images), strict=True):
        if (height, width) != (SIZE, SIZE):
            raise ValueError(f"{path}: expected {SIZE}x{SIZE} pixels, got {height}x{width}")
    return torch.stack(images)


@cache
def _compare(folder: Path, paths: tuple[Path, ...]) -> None:
    """Say in one line, once, where a folder is not the release that the lessons' figures come from."""
    found = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in paths)).hexdigest()
    if found != FER2013_SHA256[f"{folder.parent.name}/{folder.name}"]:
        others = "not those of the release that the lessons' figures come from"
        warn_once(f"{folder}: {len(paths):,} images, {others}.")
