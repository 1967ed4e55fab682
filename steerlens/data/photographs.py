"""Photographs: those of ImageNet's classes where they are, scikit-learn's two where not."""

from pathlib import Path

import torch
from PIL import Image
from torchvision.models import SqueezeNet1_0_Weights
from torchvision.transforms import v2

from .._internal.checks import check_integer
from .files import announce, data_root, warn_once
from .images import ImageData
from .pictures import read_picture

IMAGENET_CLASSES = tuple(SqueezeNet1_0_Weights.IMAGENET1K_V1.meta["categories"])
STAND_IN = ("palace", "daisy")  # the classes nearest to a pagoda and a dahlia


def photos(size: int = 224) -> ImageData:
    """Photographs (n, 3, size, size), the centre of each, with their ImageNet classes.

    Expected as ``imagenet/photos/NNNN_name.jpg`` in the folder of the data, NNNN the index of the class, 0 to
    999. Where there are none, the two photographs that come with scikit-learn stand in for them.

    Args:
        size: side in pixels; the shorter side of the photograph is scaled to 256/224 of it.

    Raises:
        ValueError: a file's name does not begin with the index of a class, or it is no image.
    """
    size = check_integer("size", size, 1)
    folder = data_root() / "imagenet" / "photos"
    paths = sorted(folder.glob("*.jpg"))
    announce("photographs", f"those in {folder}" if paths else "the two of scikit-learn")
    if not paths:
        warn_once(f"There are no photographs in {folder}: the two of scikit-learn stand in for them.")
        from sklearn.datasets import load_sample_images

        pictures: list = [Image.fromarray(picture) for picture in load_sample_images().images]
        labels, source = [IMAGENET_CLASSES.index(name) for name in STAND_IN], "scikit-learn photographs"
    else:
        pictures, labels = paths, [_class_of(path) for path in paths]
        source = f"{len(paths)} photographs of ImageNet's classes"
    centre = v2.Compose([v2.Resize(round(size * 256 / 224)), v2.CenterCrop(size)])
    images = torch.stack([read_picture(picture, 3, centre) for picture in pictures])
    return ImageData(images, torch.tensor(labels), IMAGENET_CLASSES, source)


def _class_of(path: Path) -> int:
    index = path.name.partition("_")[0]
    if not index.isdecimal() or int(index) >= len(IMAGENET_CLASSES):
        raise ValueError(f"{path}: expected a name that begins with a class, 0000_ to 0999_, got {path.name}")
    return int(index)
