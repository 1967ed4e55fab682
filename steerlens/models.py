"""The small classifiers of the lessons and their checkpoints.

    lenet, arcade_net   two convolutions and two linear layers each, images in [0, 1] to logits
    load                a trained one: from a checkpoint that fits the data's source, else trained in seconds

``python -m steerlens.models`` trains the committed checkpoints again (``make checkpoints``).
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from . import data as datasets
from .checks import check_choice
from .data import ImageData, check_file
from .training import accuracy, fit


def lenet(classes: int = 10, channels: int = 1) -> nn.Sequential:
    """LeNet-like net for 28x28 images (Sec. 4.2): logits (batch, classes) of (batch, channels, 28, 28)."""
    return nn.Sequential(
        *(nn.Conv2d(channels, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 5 * 5, 128), nn.ReLU(), nn.Linear(128, classes)),
    )


def arcade_net(classes: int = 4) -> nn.Sequential:
    """CNN for the 64x64 Arcade images (Sec. 4.1): logits (batch, classes) of (batch, 1, 64, 64)."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 8 * 8, 64), nn.ReLU(), nn.Linear(64, classes)),
    )


@dataclass(frozen=True)
class Recipe:
    """How a classifier is built and trained, whatever the source of its data."""

    build: Callable[[], nn.Module]
    shape: tuple[int, int, int]  # channels, height, width of the images
    training: dict[str, Any]  # arguments of `steerlens.training.fit`
    data: Callable[[], ImageData]  # test images of the source of the committed checkpoint

    def seeded(self) -> nn.Module:
        """The untrained classifier, always the same; the global generator is untouched."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return self.build()


RECIPES = {
    "lenet": Recipe(lenet, (1, 28, 28), {"epochs": 8, "shift": 2}, datasets.digits),
    "arcade": Recipe(arcade_net, (1, 64, 64), {"epochs": 4}, partial(datasets.arcade, 2000, seed=1)),
}

REMEDY = "restore it, or train it again (make checkpoints)"


def load(name: str, data: ImageData, progress: bool = True) -> nn.Module:
    """A trained classifier that fits ``data``, in eval mode.

    The committed checkpoint is used where its record names the source of the data. Otherwise (stand-in
    digits, another disk radius) the classifier is trained, the same way and with the same seed, which
    takes seconds, and a line says so.

    Args:
        name: "lenet" (digits) or "arcade".
        data: what the classifier is to see; ``data.source`` is matched.
        progress: show a bar if it has to be trained.

    Raises:
        TypeError: data that is no `ImageData`.
        ValueError: an unknown name, images of another shape than the classifier's, or a checkpoint that is
            not what its SHA-256 says.
    """
    check_choice("name", name, RECIPES)
    if not isinstance(data, ImageData):
        raise TypeError(f"data: expected ImageData, got {type(data).__name__}")
    if (found := tuple(data.images.shape[1:])) != (shape := RECIPES[name].shape):
        raise ValueError(f"data: expected images of shape {shape} for {name!r}, got {found}")
    for path in sorted(checkpoint_folder().glob(f"{name}-*.json")):
        source, sha256 = _read_record(path)
        if source == data.source:
            return _from_checkpoint(name, path.with_suffix(".safetensors"), sha256)
    print(f"No checkpoint of {name!r} fits {data.source}: training one.")
    return _trained(name, data, progress)


def checkpoint_folder() -> Path:
    """Where the checkpoints are: within an installed package, or in data/ of a clone."""
    package = Path(__file__).resolve().parent
    installed = package / "checkpoints"
    return installed if installed.is_dir() else package.parent / "data" / "checkpoints"


def _read_record(path: Path) -> tuple[str, str]:
    """Source and SHA-256 of a checkpoint."""
    try:
        record = json.loads(path.read_text())
        return record["source"], record["sha256"]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path}: expected a checkpoint's record, got {error!r}; {REMEDY}") from error


def _from_checkpoint(name: str, path: Path, sha256: str) -> nn.Module:
    check_file(path, sha256, REMEDY)
    model = RECIPES[name].seeded()
    model.load_state_dict(safetensors.torch.load_file(path))
    return model.eval()


def _trained(name: str, data: ImageData, progress: bool = True) -> nn.Module:
    recipe, training = RECIPES[name], data.training_split()
    images, labels = training.images, training.labels
    return fit(recipe.seeded(), images, labels, **recipe.training, seed=0, progress=progress)


def train_checkpoint(name: str, folder: Path) -> dict[str, Any]:
    """Train a classifier, write its checkpoint and the record that vouches for it, and return the record."""
    recipe = RECIPES[name]
    data = recipe.data()
    started = time.perf_counter()
    model = _trained(name, data)
    seconds = time.perf_counter() - started
    source = re.sub("[^a-z0-9]+", "-", data.source.lower()).removeprefix(f"{name}-")
    path = folder / f"{name}-{source}.safetensors"
    safetensors.torch.save_file(model.state_dict(), path)
    record = {
        "model": name,
        "source": data.source,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "training_images": len(data.training_split()),
        "training": {**recipe.training, "seed": 0},
        "test_images": len(data),
        "test_accuracy": round(accuracy(model, data.images, data.labels), 4),
        "seconds": round(seconds),
        "torch": torch.__version__,
        "command": "make checkpoints",
    }
    path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
    return record


if __name__ == "__main__":
    folder = checkpoint_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in RECIPES:
        print(json.dumps(train_checkpoint(name, folder), indent=2))
