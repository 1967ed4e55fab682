"""Rows and pictures of a few images: what a piece is made of.

What fails for one image (its reading, the model, the editor) is said in its rows; the others go on.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from .._internal.checks import check_images
from .._internal.chunks import row_slices
from ..evaluation.warp import warp_energy
from ..morphs.scores import batched_logits
from ..morphs.steps import l2_distance
from .job import Job
from .sources import Item

HELD = 32 * 2**20  # bytes of frames that an editor may hold at once
FIRST = ("first_half", "first_sure", "distance_half", "distance_sure")  # columns of `Edits.first`
INTEGERS = ("label", "source", "target")  # columns that may be unknown


class Edited(NamedTuple):
    """One image's edits towards one target."""

    images: np.ndarray  # (distances, channels, height, width), uint8
    values: dict[str, list]  # by column: one for each distance
    seconds: float


def said(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]


def made(job: Job, rows: list[int], items: list[Item]) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Rows of the table, and originals and morphs, uint8."""
    pairs, at = list(zip(rows, items, strict=True)), like_model(job.model)
    images = {row: _fitting(item.image, job.layout.shape, at) for row, item in pairs}

    def seen(some: Sequence[int]) -> Sequence[Tensor]:
        return batched_logits(job.model, torch.stack([images[row] for row in some])).cpu().unbind()

    logits = images | apart(seen, [row for row in rows if isinstance(images[row], Tensor)])
    asked = {(row, slot): target for row in rows for slot, target in _targets(job, row, logits[row])}

    def edited(some: Sequence[tuple[int, int]]) -> Sequence[Edited]:
        targets = torch.tensor([asked[pair] for pair in some], device=at.device)
        return _edited(job, torch.stack([images[row] for row, _ in some]), targets)

    found: dict[Any, Any] = {pair: logits[pair[0]] for pair in asked}
    possible = [pair for pair in asked if isinstance(logits[pair[0]], Tensor)]
    most = HELD // (job.held * math.prod(job.layout.shape) * at.element_size())
    for part in row_slices(len(possible), most) if possible else ():
        found |= apart(edited, possible[part])
    labels = {row: item.label for row, item in pairs}
    return _table(job, labels, logits, asked, found), _pictures(job, images, found)


def _pictures(job: Job, images: Mapping, found: Mapping) -> dict[str, np.ndarray]:
    """Originals and morphs, black where there is none."""
    shape, slots, distances = job.layout.shape, job.layout.slots, job.layout.distances
    originals = np.zeros((len(images), *shape), np.uint8)
    morphs = np.zeros((len(images), slots, distances, *shape), np.uint8)
    place = {row: number for number, row in enumerate(images)}
    for row, image in images.items():
        if isinstance(image, Tensor):
            originals[place[row]] = _bytes(image)
    for (row, slot), edits in found.items():
        if isinstance(edits, Edited):
            morphs[place[row], slot] = edits.images
    return {"originals": originals, "morphs": morphs}


def like_model(model: nn.Module) -> Tensor:
    """A tensor of the precision and on the device of the model: float32, on the CPU, if it has none."""
    parts = (part for part in [*model.parameters(), *model.buffers()] if part.is_floating_point())
    return next(parts, torch.zeros(1))


def _fitting(image: Tensor | Exception, shape: tuple[int, int, int], like: Tensor) -> Any:
    """An image of the atlas's shape, in [0, 1], as the model takes it, or what is wrong with it."""
    if isinstance(image, Exception):
        return image
    if tuple(image.shape) != shape:
        return ValueError(f"image: expected shape {shape}, got {tuple(image.shape)}")
    try:
        return check_images(image[None], unit_range=True, name="image")[0].to(like)
    except ValueError as error:
        return error


def apart(function: Callable[[Sequence[Any]], Sequence[Any]], some: Sequence[Any]) -> dict[Any, Any]:
    """What a function of several finds for each; where it raises, by halves, and at last what it raised."""
    if not some:
        return {}
    try:
        return dict(zip(some, function(some), strict=True))
    except Exception as error:  # any that a model, judge or editor of the caller's raises
        if len(some) == 1:
            return {some[0]: error}
    half = len(some) // 2
    return apart(function, some[:half]) | apart(function, some[half:])


def _targets(job: Job, row: int, logits: Tensor | Exception) -> list[tuple[int, int | None]]:
    """Slots and targets of an image: all classes but the model's own, the second, or those given."""
    if isinstance(job.targets, Tensor):
        return list(enumerate(job.targets[row].tolist()))
    if job.targets == "second":
        return [(0, None if isinstance(logits, Exception) else int(logits.topk(2).indices[1]))]
    source = None if isinstance(logits, Exception) else int(logits.argmax())
    return [(target, target) for target in range(job.classes) if target != source]


def _edited(job: Job, images: Tensor, targets: Tensor) -> list[Edited]:
    """Edits of some images (n, channels, height, width) towards a target each, measured."""
    start = time.perf_counter()
    edits = job.editor(job.model, images, targets, job.distances)
    flat, sources = edits.images.flatten(0, 1), images.repeat_interleave(len(job.distances), 0)
    asked = targets.repeat_interleave(len(job.distances))[:, None]
    values = {
        "attained": l2_distance(flat, sources),
        "probability": batched_logits(job.model, flat).softmax(1).gather(1, asked)[:, 0],
        "warp_energy": warp_energy(sources, flat, progress=False) if job.warp else asked[:, 0] * torch.nan,
    }
    for name, judge in job.judges.items():
        logits = batched_logits(judge, flat.to(like_model(judge))).to(flat)
        values |= {name: logits.argmax(1), f"{name}_probability": logits.softmax(1).gather(1, asked)[:, 0]}
    first = edits.first.repeat_interleave(len(job.distances), 0)
    values |= dict(zip(FIRST, first.unbind(1), strict=True))
    by_image = {name: value.view(len(images), -1).tolist() for name, value in values.items()}
    pixels, seconds = _bytes(edits.images), (time.perf_counter() - start) / len(flat)
    each = range(len(images))
    return [Edited(pixels[i], {name: value[i] for name, value in by_image.items()}, seconds) for i in each]


def _bytes(images: Tensor) -> np.ndarray:
    return (images * 255).round().to(torch.uint8).numpy(force=True)


def columns(judges: Sequence[str]) -> dict[str, str]:
    """Types of the table's columns."""
    floats = (
        "distance",
        "attained",
        "probability_before",
        "probability",
        *FIRST,
        "warp_energy",
    )
    kinds = {
        "image": "int64",
        **dict.fromkeys(INTEGERS, "Int16"),
        "slot": "int16",
        **dict.fromkeys(floats, "float32"),
    }
    for judge in judges:
        kinds |= {judge: "Int16", f"{judge}_probability": "float32"}
    return kinds | {"seconds": "float32", "error": "string"}


def _table(job: Job, labels: Mapping, logits: Mapping, asked: Mapping, found: Mapping) -> pd.DataFrame:
    """Rows by image, slot and distance."""
    rows: list[dict[str, Any]] = []
    for (image, slot), target in asked.items():
        seen, edits = logits[image], found[image, slot]
        row = {"image": image, "label": labels[image], "slot": slot, "target": target}
        if isinstance(seen, Tensor):
            row |= {"source": int(seen.argmax()), "probability_before": float(seen.softmax(0)[target])}
        for number, distance in enumerate(job.distances):
            values = {"error": said(edits)} if isinstance(edits, Exception) else {"seconds": edits.seconds}
            if isinstance(edits, Edited):
                values |= {name: value[number] for name, value in edits.values.items()}
            rows.append(row | {"distance": distance} | values)
    return typed(rows, list(job.judges))


def typed(rows: list[dict[str, Any]], judges: Sequence[str]) -> pd.DataFrame:
    """A table of rows, what they lack left empty."""
    kinds = columns(judges)
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)
