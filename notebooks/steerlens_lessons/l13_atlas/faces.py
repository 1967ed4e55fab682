"""FER2013, all seven emotions: pictures under two labels, blank ones, and networks that have not seen them.

emotions     images, labels, and which picture each is
pictures     some of them, by name
conflicting  images whose picture has another label elsewhere; blank: images of one grey
out_of_fold  for each image, what networks say that were trained without it, and its distance to one class

Nothing of this is computed in the lesson: `table` keeps what comes out of it.
"""

import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torchvision.datasets import ImageFolder

from steerlens.atlas import atlas
from steerlens.classifiers.training import fit
from steerlens.data.files import data_root
from steerlens.data.pictures import read_picture
from steerlens.morphs.scores import batched_logits

from .labels import linear_distance, suspects

CLASSES = ("label", "source", "target", "fold")  # columns of small integers
FOLDS, EPOCHS, BLANK = 4, 12, 3.5 / 255


class Emotions(NamedTuple):
    """FER2013, training and test images together, in the order of their names."""

    images: Tensor  # (n, 1, 48, 48) in [0, 1]
    labels: Tensor  # (n,)
    pictures: Tensor  # (n,), the same number for the same pixels
    names: list[str]  # of the files
    classes: list[str]


def network(classes: int) -> nn.Sequential:
    """A small CNN for 48x48 faces, fast to train: logits (n, classes) of (n, 1, 48, 48)."""

    def half(before: int, after: int, size: int) -> tuple[nn.Module, ...]:
        layer = nn.Conv2d(before, after, size, stride=2, padding=size // 2)
        return layer, nn.BatchNorm2d(after), nn.ReLU()

    return nn.Sequential(
        *(*half(1, 32, 5), *half(32, 64, 3), *half(64, 128, 3), nn.Flatten(), nn.Dropout(0.4)),
        *(nn.Linear(128 * 36, 128), nn.ReLU(), nn.Dropout(0.4), nn.Linear(128, classes)),
    )


def emotions() -> Emotions:
    """All 35,887 images. Raises FileNotFoundError where FER2013 is not."""
    if not (root := data_root() / "fer2013").is_dir():
        raise FileNotFoundError(f"expected FER2013 in {root}")
    parts = [ImageFolder(str(root / split)) for split in ("test", "train")]
    samples = [sample for part in parts for sample in part.samples]
    images = torch.stack([read_picture(Path(path), 1) for path, _ in samples])
    keys = pd.factorize(np.array([image.numpy().tobytes() for image in images], dtype=object))[0]
    names = [str(Path(path).relative_to(root)) for path, _ in samples]
    labels = torch.tensor([label for _, label in samples])
    return Emotions(images, labels, torch.from_numpy(keys), names, parts[0].classes)


def conflicting(labels: Tensor, pictures: Tensor) -> np.ndarray:
    """Which images have the pixels of another with another label, (n,) booleans."""
    frame = pd.DataFrame({"label": labels, "picture": pictures})
    return frame.groupby("picture")["label"].transform("nunique").gt(1).to_numpy()


def blank(images: Tensor) -> np.ndarray:
    """Which images are of one grey, to three grey levels, (n,) booleans."""
    flat = images.flatten(1)
    return (flat.amax(1) - flat.amin(1) <= BLANK).numpy()


def folds(images: Tensor) -> Tensor:
    """The part, of `FOLDS`, of each image by its pixels, so that equal pictures are in the same one, (n,)."""
    return torch.tensor([zlib.crc32(image.numpy().tobytes()) % FOLDS for image in images])


def pictures(names: list[str]) -> Tensor | None:
    """Some images by the names of their files, (n, 1, 48, 48); none where FER2013 is not."""
    root = data_root() / "fer2013"
    return torch.stack([read_picture(root / name, 1) for name in names]) if root.is_dir() else None


def trained(data: Emotions, rest: Tensor) -> nn.Module:
    """A network for the seven emotions that has seen the images of the mask `rest` alone."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        untrained = network(len(data.classes))
    return fit(untrained, data.images[rest], data.labels[rest], epochs=EPOCHS, shift=3, mirror=True)


def out_of_fold(data: Emotions, folder: Path) -> pd.DataFrame:
    """A row an image: what a network says that was trained without it, and how far it is from one class.

    That class, `target`, is the one of `suspects`.

    Args:
        data: of `emotions`.
        folder: keeps networks and atlases, so that the same call goes on where it was stopped.
    """
    parts, fold = [], folds(data.images)
    for number in range(FOLDS):
        mine = (fold == number).nonzero()[:, 0]
        model = _kept(folder / f"fold-{number}.pt", data, fold != number)
        logits = batched_logits(model, data.images[mine])
        targets = suspects(logits, data.labels[mine])
        rows = atlas(model, data.images[mine], targets, out=folder / f"atlas-{number}", distances=(2.0,))
        part = rows[["source", "target", "attained", "probability_before", "probability", "distance_half"]]
        part = part.assign(image=mine.numpy()[rows["image"]], fold=number)
        part["linear"] = linear_distance(model, data.images[mine], targets).numpy()
        p = pd.DataFrame(logits.softmax(1).numpy(), columns=[f"p_{name}" for name in data.classes])
        parts.append(pd.concat([part.reset_index(drop=True), p], axis=1))
    whole = pd.concat(parts).sort_values("image", ignore_index=True)
    whole["label"], whole["picture"] = data.labels.numpy(), data.pictures.numpy()
    whole = whole.astype({**dict.fromkeys(("image", "picture"), "int32"), **dict.fromkeys(CLASSES, "int8")})
    return whole.assign(file=data.names, blank=blank(data.images))


def _kept(path: Path, data: Emotions, rest: Tensor) -> nn.Module:
    """The network of a fold, trained once."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(trained(data, rest).state_dict(), path)
    found = network(len(data.classes))
    found.load_state_dict(torch.load(path, weights_only=True))
    return found.eval()
