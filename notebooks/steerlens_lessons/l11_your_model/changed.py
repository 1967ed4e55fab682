"""Lesson 11: photographs edited through random views, which takes a lesson too long, made once and stored.

NAMED, RUNNERS_UP   which photographs, and what they are asked to become
METHODS             what is compared, at the same steps and lengths
pairs               the photographs and their targets
edited, measured    one photograph by one method; what the classifier says of it
compute             all of them, one by one, going on where an earlier run stopped
stored, names       the committed numbers and pictures; what they show

``python -m steerlens_lessons.l11_your_model.changed`` (``make tables``) makes them again: half an hour.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.functional import pil_to_tensor, resize, to_pil_image
from torchvision.utils import make_grid

from steerlens import SteerablePyramid, Views, color, imagenet, steer
from steerlens._internal.progress import progress_bar
from steerlens.data import ImageData, photos, records
from steerlens.data.files import check_file, data_root
from steerlens.data.photographs import IMAGENET_CLASSES
from steerlens.evaluation import first_correct
from steerlens.morphs.gradients import batched_logits
from steerlens.morphs.steps import l2_distance

from .measures import SIZE, seen_again

NETWORK, TILE = "squeezenet1_0", 144  # pixels of a picture in the contact sheet
NAMED = {  # photographs by their class, and the targets that a person chose for them
    "cheetah": "tiger",
    "Persian cat": "lynx",
    "Irish setter": "golden retriever",
    "hornbill": "flamingo",
    "cheeseburger": "pizza",
    "anemone fish": "coral reef",
}
RUNNERS_UP = 20  # the first photographs that the classifier gets right, asked to become its second guess
SCALES, VIEWS = 5, {"count": 4, "crops": (0.4, 1.0), "size": 160}
STEPS = {"direction": "joint", "steps": 60, "length": 2.0, "residuals": "fixed"}
METHODS = {  # amplifiers of Y, I and Q, or RGB; whether the gradient is averaged over views
    "plain gradient": (None, False),
    "views, RGB": (None, True),
    "views, luminance": ((1.0, 0.0, 0.0), True),
    "views, little colour": ((1.0, 0.3, 0.3), True),
}
REMEDY = "restore it, or compute it again (make tables)"


def pairs(model: nn.Module, photographs: ImageData) -> tuple[list[int], list[int]]:
    """Indices of the photographs, the named ones first, and their target classes."""
    named = [photographs.indices_of(name)[0].item() for name in NAMED]
    right = first_correct(model, photographs, RUNNERS_UP)
    second = batched_logits(model, photographs.images[right]).topk(2).indices[:, 1]
    chosen = [photographs.classes.index(name) for name in NAMED.values()]
    return named + right.tolist(), chosen + second.tolist()


def edited(model: nn.Module, image: Tensor, target: int, method: str) -> Tensor:
    """The last frame (1, 3, height, width) of one photograph by one method."""
    amplifiers, averaged = METHODS[method]
    pyramid = SteerablePyramid(tuple(image.shape[-2:]), SCALES, 4)
    transform = pyramid if amplifiers is None else color.YIQ(pyramid)
    options = {**STEPS, "amplifiers": amplifiers, "views": Views(**VIEWS) if averaged else None}
    return steer(model, image, target, transform, progress=False, **options).frames[:, -1]


def measured(model: nn.Module, images: Tensor, label: int, target: int) -> dict[str, Tensor]:
    """What a classifier says of images (n, 3, height, width), the photograph and its edits, seen again.

    Returns:
        "target" and "source", (n, 4): the probabilities of both classes, as in `seen_again`; "seen" (n,),
        the class of the largest; "L2" (n,), the distance to the photograph.
    """
    again = [batched_logits(model, x).softmax(1) for x in seen_again(images).values()]
    p = torch.stack(again, 1)
    found = {"target": p[..., target].clone(), "source": p[..., label].clone(), "seen": p[:, 0].argmax(1)}
    return {**found, "L2": l2_distance(images, images[:1])}


def compute(work: Path, progress: bool = True) -> tuple[dict[str, Tensor], Tensor]:
    """Numbers and pictures of all pairs; each edit is kept in the folder ``work``, and not made again.

    Returns:
        what `measured` finds, with a first axis of pairs, and "label", "asked" (pairs,); pictures
        (pairs, 1 + methods, 3, height, width), the photograph first.

    Raises:
        FileNotFoundError: the weights or the photographs are not there.
    """
    model, data = imagenet.pretrained(NETWORK), photos(SIZE)
    if model is None or len(data) < RUNNERS_UP:
        raise FileNotFoundError(f"expected the weights of {NETWORK} and 100 photographs in {data_root()}")
    work.mkdir(parents=True, exist_ok=True)
    indices, targets = pairs(model, data)
    labels, rows, pictures = data.labels[indices].tolist(), [], []
    todo = list(zip(indices, labels, targets, strict=True))
    for index, label, target in progress_bar("changed photographs", progress, todo):
        image = data.images[[index]]
        images = [image, *(_kept(work, model, image, index, target, method) for method in METHODS)]
        rows.append(measured(model, torch.cat(images), label, target))
        pictures.append(torch.cat(images))
    numbers = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
    return {"label": torch.tensor(labels), "asked": torch.tensor(targets), **numbers}, torch.stack(pictures)


def _kept(work: Path, model: nn.Module, image: Tensor, index: int, target: int, method: str) -> Tensor:
    """`edited`, from the folder ``work`` if it is there."""
    path = work / f"{index}-{target}-{list(METHODS).index(method)}.pt"
    if not path.is_file():
        torch.save(edited(model, image, target, method).clone(), path)
    return torch.load(path)


def stored() -> tuple[dict[str, Tensor], Tensor, dict[str, Any]]:
    """The committed numbers and pictures (float32 in [0, 1]) of `compute`, and their record.

    Raises:
        ValueError: a file is missing or is not the one that the record tells of.
    """
    path = records.committed("results") / f"changed-{NETWORK}.safetensors"
    record = records.checked(path, REMEDY)
    check_file(path.with_suffix(".jpg"), record["sheet_sha256"], REMEDY)
    whole = pil_to_tensor(Image.open(path.with_suffix(".jpg"))).float() / 255
    tiles = whole.unflatten(2, (-1, TILE)).unflatten(1, (-1, TILE)).permute(1, 3, 0, 2, 4)
    return safetensors.torch.load_file(path), tiles, record


def names(numbers: dict[str, Tensor]) -> list[str]:
    """What each photograph shows and is asked to become, in two lines."""
    both = zip(numbers["label"].tolist(), numbers["asked"].tolist(), strict=True)
    return [f"{IMAGENET_CLASSES[label]}\n→ {IMAGENET_CLASSES[target]}" for label, target in both]


def main() -> None:
    """Make all edits, and write numbers and pictures with the record that vouches for them."""
    plan = {"views": VIEWS, "steps": STEPS, "methods": METHODS, "scales": SCALES, "tile": TILE}
    digest = hashlib.sha256(json.dumps(plan).encode()).hexdigest()
    started, path = time.perf_counter(), records.committed("results") / f"changed-{NETWORK}.safetensors"
    numbers, pictures = compute(Path("build") / f"changed-{digest[:12]}")
    tiles = resize(pictures.flatten(0, 1), [TILE, TILE], antialias=True).clamp(0, 1)
    sheet = path.with_suffix(".jpg")
    path.parent.mkdir(parents=True, exist_ok=True)
    to_pil_image(make_grid(tiles, nrow=pictures.shape[1], padding=0)).save(sheet, quality=85)
    record = {"network": NETWORK, "named": NAMED, "runners_up": RUNNERS_UP, **plan}
    record |= {"sheet_sha256": hashlib.sha256(sheet.read_bytes()).hexdigest(), "torch": torch.__version__}
    record |= {"seconds_of_this_run": round(time.perf_counter() - started), "command": "make tables"}
    records.write(path, safetensors.torch.save(numbers), record)
    print(f"wrote {path}, its pictures and its record: {len(pictures)} photographs")


if __name__ == "__main__":
    main()
