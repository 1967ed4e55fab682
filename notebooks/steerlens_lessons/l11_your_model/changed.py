"""Lesson 11: photographs edited through random views, which takes a lesson too long, made once and stored.

NAMED, RUNNERS_UP   which photographs, and what they are asked to become
METHODS, PARTS      what is compared, at the same steps and lengths, on which of them
pairs               the photographs and their targets
SeenThrough         a classifier of what many random views of an image have in common
edited, measured    one photograph by one method; what the classifier says of it
compute             all of a part, one by one, going on where an earlier run stopped
stored, names       the committed numbers and pictures; what they show

``python -m steerlens_lessons.l11_your_model.changed`` (``make tables``) makes them again: 15 minutes.
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

from steerlens import SteerablePyramid, Views, color, steer
from steerlens._internal.progress import progress_bar
from steerlens.data import ImageData, records
from steerlens.data.files import check_file
from steerlens.data.photographs import IMAGENET_CLASSES
from steerlens.evaluation import first_correct
from steerlens.morphs.scores import batched_logits
from steerlens.morphs.steps import l2_distance

from ..common.squeezenet import NETWORK, network_and_photographs
from .measures import SIZE, seen_again

TILE = 144  # pixels of a picture in the contact sheet
NAMED = {  # photographs by their class, and the targets that a person chose for them
    "cheetah": "tiger",
    "Persian cat": "lynx",
    "Irish setter": "golden retriever",
    "hornbill": "flamingo",
    "cheeseburger": "pizza",
    "anemone fish": "coral reef",
}
RUNNERS_UP = 20  # the first photographs that the classifier gets right, each asked for its likeliest rival
ANIMALS = 398  # the first classes of ImageNet; a rival must be one, as the first photographs are
PEOPLE = ("bloodhound", "Kerry blue terrier", "West Highland white terrier")  # stand in these: left out
SCALES, VIEWS = 5, {"count": 4, "crops": (0.4, 1.0), "size": 160}
STEPS = {"direction": "joint", "steps": 60, "length": 2.0, "residuals": "fixed"}
METHODS = {  # amplifiers of Y, I and Q, or RGB; whether the gradient is averaged over views
    "plain gradient": (None, False),
    "views, RGB": (None, True),
    "views, luminance": ((1.0, 0.0, 0.0), True),
    "views, little colour": ((1.0, 0.3, 0.3), True),
}
PARTS = {"named": tuple(METHODS), "by rule": ("plain gradient", "views, luminance")}
REMEDY = "restore it, or compute it again (make tables)"


def pairs(model: nn.Module, photographs: ImageData, part: str) -> list[tuple[int, int]]:
    """Indices of a part's photographs, and the classes that they are asked to become."""
    if part == "named":
        indices = [photographs.indices_of(name)[0].item() for name in NAMED]
        return list(zip(indices, map(photographs.classes.index, NAMED.values()), strict=True))
    right = first_correct(model, photographs, RUNNERS_UP + len(PEOPLE))
    classes = [photographs.classes[label] for label in photographs.labels[right]]
    right = right[[name not in PEOPLE for name in classes]][:RUNNERS_UP]
    rivals = batched_logits(model, photographs.images[right])[:, :ANIMALS]
    second = rivals.scatter(1, photographs.labels[right, None], -torch.inf).argmax(1)
    return list(zip(right.tolist(), second.tolist(), strict=True))


class SeenThrough(nn.Module):
    """Mean log-probabilities (batch, classes) of a classifier over random views of each image.

    Its log-probability of a class is that of the mean, where ``views=`` of `steer` raises the mean.
    """

    def __init__(self, model: nn.Module, views: Views):
        super().__init__()
        self.model, self.views = model, views

    def forward(self, images: Tensor) -> Tensor:
        scores = self.model(self.views(images)).log_softmax(1)
        return scores.unflatten(0, (-1, self.views.count)).mean(1)


def edited(model: nn.Module, image: Tensor, target: int, method: str) -> Tensor:
    """The last frame (1, 3, height, width) of one photograph by one method."""
    amplifiers, averaged = METHODS[method]
    pyramid = SteerablePyramid(tuple(image.shape[-2:]), SCALES, 4)
    transform = pyramid if amplifiers is None else color.YIQ(pyramid)
    seen = SeenThrough(model, Views(**VIEWS)) if averaged else model
    options = {**STEPS, "amplifiers": amplifiers, "progress": False}
    return steer(seen, image, target, transform, **options).frames[:, -1]


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


def compute(part: str, work: Path, progress: bool = True) -> tuple[dict[str, Tensor], Tensor]:
    """Numbers and pictures of a part; each edit is kept in the folder ``work``, and not made again.

    Returns:
        what `measured` finds, with a first axis of photographs, and "label", "asked" (photographs,);
        pictures (photographs, 1 + methods, 3, height, width), the photograph first.

    Raises:
        FileNotFoundError: the weights or the photographs are not there.
    """
    model, data = network_and_photographs(SIZE)
    work.mkdir(parents=True, exist_ok=True)
    todo, rows, pictures = pairs(model, data, part), [], []
    for index, target in progress_bar(f"photographs {part}", progress, todo):
        image, label = data.images[[index]], data.labels[index].item()
        edits = [_kept(work, model, image, index, target, method) for method in PARTS[part]]
        pictures.append(torch.cat([image, *edits]))
        rows.append(measured(model, pictures[-1], label, target))
    numbers = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
    indices, asked = (torch.tensor(each) for each in zip(*todo, strict=True))
    return {"label": data.labels[indices], "asked": asked, **numbers}, torch.stack(pictures)


def _kept(work: Path, model: nn.Module, image: Tensor, index: int, target: int, method: str) -> Tensor:
    """`edited`, from the folder ``work`` if it is there."""
    path = work / f"{index}-{target}-{list(METHODS).index(method)}.pt"
    if not path.is_file():
        torch.save(edited(model, image, target, method).clone(), path)
    return torch.load(path)


def stored() -> tuple[dict[str, tuple[dict[str, Tensor], Tensor]], dict[str, Any]]:
    """The committed numbers and pictures (float32 in [0, 1]) of `compute` by part, and their record.

    Raises:
        ValueError: a file is missing or is not the one that the record tells of.
    """
    path = records.committed("results") / f"changed-{NETWORK}.safetensors"
    record = records.checked(path, REMEDY)
    numbers, parts = safetensors.torch.load_file(path), {}
    for part, digest in record["sheets"].items():
        sheet = _sheet(path, part)
        check_file(sheet, digest, REMEDY)
        tiles = (pil_to_tensor(Image.open(sheet)).float() / 255).unflatten(2, (-1, TILE))
        found = {name.partition("/")[2]: t for name, t in numbers.items() if name.startswith(f"{part}/")}
        parts[part] = found, tiles.unflatten(1, (-1, TILE)).permute(1, 3, 0, 2, 4)
    return parts, record


def _sheet(path: Path, part: str) -> Path:
    """Where the pictures of a part stand, a row a photograph."""
    return path.with_name(f"{path.stem}-{part.replace(' ', '-')}.jpg")


def names(numbers: dict[str, Tensor]) -> list[str]:
    """What each photograph shows and is asked to become, in two lines."""
    both = zip(numbers["label"].tolist(), numbers["asked"].tolist(), strict=True)
    return [f"{IMAGENET_CLASSES[label]}\n→ {IMAGENET_CLASSES[target]}" for label, target in both]


def main() -> None:
    """Make all edits, and write numbers and pictures with the record that vouches for them."""
    plan = {"views": VIEWS, "steps": STEPS, "methods": METHODS, "scales": SCALES, "tile": TILE}
    work = Path("build") / f"changed-{hashlib.sha256(json.dumps(plan).encode()).hexdigest()[:12]}"
    started, path = time.perf_counter(), records.committed("results") / f"changed-{NETWORK}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    everything, sheets = {}, {}
    for part in PARTS:
        numbers, pictures = compute(part, work)
        everything |= {f"{part}/{name}": values for name, values in numbers.items()}
        tiles = resize(pictures.flatten(0, 1), [TILE, TILE], antialias=True).clamp(0, 1)
        to_pil_image(make_grid(tiles, nrow=pictures.shape[1], padding=0)).save(_sheet(path, part), quality=85)
        sheets[part] = hashlib.sha256(_sheet(path, part).read_bytes()).hexdigest()
    record = {
        "network": NETWORK,
        "named": NAMED,
        "runners_up": RUNNERS_UP,
        "left_out": PEOPLE,
        **plan,
        "sheets": sheets,
    }
    record |= {"seconds_of_this_run": round(time.perf_counter() - started), "torch": torch.__version__}
    records.write(path, safetensors.torch.save(everything), {**record, "command": "make tables"})
    print(f"wrote {path}, its pictures and its record")


if __name__ == "__main__":
    main()
