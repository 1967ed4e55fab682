"""The trained classifiers of the lessons: how each is made, and its checkpoints.

    RECIPES   which network, trained how, on what
    load      a trained one: from a checkpoint that fits the data's source, else trained on the spot

``python -m steerlens.classifiers.models`` trains the committed checkpoints again (``make checkpoints``), or
those of the recipes that are named behind it.
"""

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from .. import data as datasets
from .._internal.checks import check_choice
from ..data import ImageData, records
from ..data.images import check_image_data
from .networks import arcade_net, face_net, lenet, mlp, resnet, vit
from .training import accuracy, fit

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """How a classifier is built and trained, whatever the source of its data."""

    build: Callable[[int], nn.Module]  # of the number of classes
    shape: tuple[int, int, int]  # channels, height, width of the images
    training: dict[str, Any]  # arguments of `steerlens.classifiers.training.fit`
    data: tuple[Callable[[], ImageData], ...]  # test images of the sources that have a committed checkpoint
    stand_ins: tuple[Callable[[], ImageData], ...] = ()  # the same, of what stands in for them
    on_stand_ins: Mapping[str, Any] = field(default_factory=dict)  # options there: few images

    def seeded(self, classes: int) -> nn.Module:
        """The untrained classifier, always the same; the global generator is untouched."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return self.build(classes)


DIGITS: dict[str, Any] = {
    "data": (datasets.digits,),
    "stand_ins": (datasets.small_digits,),
    "on_stand_ins": {"epochs": 30},
}
COLOR_DIGITS: dict[str, Any] = {
    "data": (datasets.color_digits, partial(datasets.color_digits, pairs=True)),
    "stand_ins": tuple(
        lambda pairs=pairs: datasets.paint(datasets.small_digits(), pairs=pairs) for pairs in (False, True)
    ),
    "on_stand_ins": {"epochs": 60},
}
SCHEMATIC_FACES = partial(datasets.schematic_faces, 1000, seed=1)
FACES = {"epochs": 12, "shift": 3, "mirror": True}
FACE_JUDGE = (1, 48, 48), FACES, (datasets.faces,), (SCHEMATIC_FACES,)
RECIPES = {
    "lenet": Recipe(lenet, (1, 28, 28), {"epochs": 8, "shift": 2}, **DIGITS),
    "robust_lenet": Recipe(lenet, (1, 28, 28), {"epochs": 6, "shift": 1, "adversary": 1.5}, **DIGITS),
    "mlp": Recipe(mlp, (1, 28, 28), {"epochs": 12, "shift": 1}, **DIGITS),
    "resnet": Recipe(resnet, (1, 28, 28), {"epochs": 5, "shift": 2}, **DIGITS),
    "vit": Recipe(
        vit,
        (1, 28, 28),
        {"epochs": 8, "shift": 2, "learning_rate": 2e-3},
        **DIGITS | {"on_stand_ins": {"epochs": 60}},
    ),
    "color_lenet": Recipe(partial(lenet, channels=3), (3, 28, 28), {"epochs": 8, "shift": 2}, **COLOR_DIGITS),
    "arcade": Recipe(arcade_net, (1, 64, 64), {"epochs": 4}, (partial(datasets.arcade, 2000, seed=1),)),
    "face": Recipe(face_net, (1, 48, 48), FACES, (datasets.faces, SCHEMATIC_FACES)),
    "face_lenet": Recipe(partial(lenet, size=48), *FACE_JUDGE, {"learning_rate": 1e-3, "epochs": 30}),
    "face_resnet": Recipe(resnet, *FACE_JUDGE),
}

REMEDY = "restore it, or train it again (make checkpoints)"


def load(name: str, data: ImageData, progress: bool = True) -> nn.Module:
    """A trained classifier that fits ``data``, in eval mode.

    The committed checkpoint is used where its record names the source of the data. Otherwise (stand-in
    digits, another disk radius) the classifier is trained, the same way and with the same seed, and a line
    says so.

    Args:
        name: "lenet", "robust_lenet", "mlp", "resnet" or "vit" (digits), "color_lenet" (colour digits),
            "arcade" (disks), "face", "face_lenet" or "face_resnet".
        data: what the classifier is to see; ``data.source`` is matched.
        progress: show a bar if it has to be trained.

    Raises:
        TypeError: data that is no `ImageData`.
        ValueError: an unknown name, images of another shape than the classifier's, or a checkpoint that is
            not what its SHA-256 says.
    """
    check_choice("name", name, RECIPES)
    if (found := tuple(check_image_data(data).images.shape[1:])) != (shape := RECIPES[name].shape):
        raise ValueError(f"data: expected images of shape {shape} for {name!r}, got {found}")
    for path in sorted(records.committed("checkpoints").glob(f"{name}-*.json")):
        if records.read(path, REMEDY).get("source") == data.source:
            weights, model = path.with_suffix(".safetensors"), RECIPES[name].seeded(len(data.classes))
            records.checked(weights, REMEDY)
            model.load_state_dict(safetensors.torch.load_file(weights))
            return model.eval()
    log.warning(f"No checkpoint of {name!r} fits {data.source}: training one.")
    return _trained(name, data, progress)


def _trained(name: str, data: ImageData, progress: bool = True, **otherwise: Any) -> nn.Module:
    recipe, split = RECIPES[name], data.training_split()
    model, options = recipe.seeded(len(data.classes)), {**recipe.training, **otherwise}
    return fit(model, split.images, split.labels, **options, seed=0, progress=progress)


def train_checkpoint(name: str, data: ImageData, folder: Path, stand_in: bool = False) -> dict[str, Any]:
    """Train a classifier, write its checkpoint and the record that vouches for it, and return the record.

    Args:
        name: a key of `RECIPES`.
        data: test images; their training split is what it learns from.
        folder: where both files go.
        stand_in: train as the recipe says for stand-ins, and store it in half precision, for half the size.
            The classifier then *is* what was stored.
    """
    recipe = RECIPES[name]
    otherwise = recipe.on_stand_ins if stand_in else {}
    started = time.perf_counter()
    model = _trained(name, data, **otherwise)
    seconds = time.perf_counter() - started
    state = model.half().state_dict() if stand_in else model.state_dict()
    source = records.slug(data.source).removeprefix(f"{name}-")
    path = folder / f"{name}-{source}.safetensors"
    model.float()
    record = {
        "model": name,
        "source": data.source,
        "training_images": len(data.training_split()),
        "training": {**recipe.training, **otherwise, "seed": 0},
        "test_images": len(data),
        "test_accuracy": round(accuracy(model, data.images, data.labels), 4),
        "seconds": round(seconds),
        "torch": torch.__version__,
        "command": "make checkpoints",
    }
    return records.write(path, safetensors.torch.save(state), record)


def main(names: Sequence[str]) -> None:
    """Train the committed checkpoints again: of these recipes, on their stand-ins and on the real data.

    Raises:
        ValueError: the real data is not at hand.
    """
    folder = records.committed("checkpoints")
    for name in names:
        stand_ins = [make() for make in RECIPES[name].stand_ins]
        for data in stand_ins:
            print(json.dumps(train_checkpoint(name, data, folder, stand_in=True), indent=2))
        for data in (make() for make in RECIPES[name].data):
            if data.source in [stand_in.source for stand_in in stand_ins]:
                raise ValueError(f"{name}: expected the real data (STEERLENS_DATA), got {data.source}")
            print(json.dumps(train_checkpoint(name, data, folder), indent=2))


if __name__ == "__main__":
    main(sys.argv[1:] or list(RECIPES))
