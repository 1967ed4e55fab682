"""One piece of an atlas: a few images to rows and pictures. This is what runs on the workers.

What fails for one image (its reading, the model, the editor) is said in its rows; the others go on.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from .._internal.checks import check_images
from .._internal.chunks import row_slices
from ..evaluation.warp import warp_energy
from ..morphs.scores import batched_logits
from ..morphs.steps import l2_distance
from .edits import MultiEditor
from .identity import digest
from .sources import Item, Source
from .store import Layout

HELD = 32 * 2**20  # bytes of frames that an editor may hold at once
JOB = "job.pickle"
INTEGERS = ("label", "source", "target")  # columns that may be unknown, beside those of the judges


@dataclass(frozen=True)
class Job:
    """All that a piece depends on beside its images.

    Attributes:
        layout: the folder, and which images are whose.
        source: where images are read; None where they are sent.
        model: the driver.
        judges: by name.
        targets: "all", "second", or class indices (n, slots) of all images.
        classes: how many.
        editor: to several distances.
        held: about how many images the editor holds for one.
        distances: L2, increasing.
        warp: whether the warp energy is measured.
        settings: digest of all of these but the images.
    """

    layout: Layout
    source: Source | None
    model: nn.Module
    judges: Mapping[str, nn.Module]
    targets: str | Tensor
    classes: int
    editor: MultiEditor
    held: int
    distances: tuple[float, ...]
    warp: bool
    settings: str


class Done(NamedTuple):
    """What became of a piece: made now, or found; the bytes and seconds that it took; what failed."""

    number: int
    made: bool
    seconds: float = 0.0
    bytes: int = 0
    error: Exception | None = None


def piece(folder: str, told: str, number: int, items: list[Item] | None = None) -> Done:
    """Make a piece, unless it is there, undamaged, and of the same images and settings.

    Args:
        folder: of the atlas; its job is read there.
        told: the job's checksum, so that a worker knows whether it still has it.
        number: which piece.
        items: its images, where the source cannot be read here.
    """
    job = _job(folder, told)
    layout = job.layout
    if items is None:
        assert job.source is not None
        items = job.source.read(layout.rows(number))
    key = digest(
        job.settings, [(each.image if isinstance(each.image, Tensor) else None, each.label) for each in items]
    )
    if record := layout.finished(number, key):
        return Done(number, False, record["seconds"], record["bytes"])
    layout.discard(number)
    start = time.perf_counter()
    with _one_thread():
        table, images = made(job, list(layout.rows(number)), items)
    try:
        record = layout.keep(number, key, table, images, time.perf_counter() - start)
    except OSError as error:  # a full disk, for instance: what was not kept is made again by the next call
        layout.discard(number)
        return Done(number, True, error=error)
    return Done(number, True, record["seconds"], record["bytes"])


@lru_cache(maxsize=1)
def _job(folder: str, told: str) -> Job:
    return cloudpickle.loads((Path(folder) / JOB).read_bytes())


@contextmanager
def _one_thread() -> Iterator[None]:
    """One thread a worker, so that results do not depend on how many there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def said(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]


def made(job: Job, rows: list[int], items: list[Item]) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Rows of the table, and originals and morphs, uint8."""
    shape, slots, distances = job.layout.shape, job.layout.slots, job.layout.distances
    images: dict[int, Any] = {row: _fitting(item.image, shape) for row, item in zip(rows, items, strict=True)}
    good = [row for row in rows if isinstance(images[row], Tensor)]
    at = like_model(job.model)
    images |= {row: images[row].to(at) for row in good}

    def seen(some: Sequence[int]) -> Sequence[Tensor]:
        return batched_logits(job.model, torch.stack([images[row] for row in some])).cpu().unbind()

    logits = images | apart(seen, good)
    asked = {(row, slot): target for row in rows for slot, target in _targets(job, row, logits[row])}
    pairs = [pair for pair in asked if isinstance(logits[pair[0]], Tensor)]

    def edited(some: Sequence[tuple[int, int]]) -> Sequence["Edited"]:
        stack = torch.stack([images[row] for row, _ in some])
        targets = torch.tensor([asked[pair] for pair in some], device=stack.device)
        return _edited(job, stack, targets)

    found: dict[Any, Any] = {pair: logits[pair[0]] for pair in asked}
    most = max(1, HELD // (job.held * int(np.prod(shape)) * at.element_size()))
    for part in row_slices(len(pairs), most) if pairs else ():
        found |= apart(edited, pairs[part])
    pictures = {
        "originals": np.zeros((len(rows), *shape), np.uint8),
        "morphs": np.zeros((len(rows), slots, distances, *shape), np.uint8),
    }
    for row in good:
        pictures["originals"][row - rows[0]] = _bytes(images[row])
    for (row, slot), edits in found.items():
        if isinstance(edits, Edited):
            pictures["morphs"][row - rows[0], slot] = edits.images
    labels = {row: item.label for row, item in zip(rows, items, strict=True)}
    return _table(job, labels, logits, asked, found), pictures


def like_model(model: nn.Module) -> Tensor:
    """A tensor of the precision and on the device of the model: float32, on the CPU, if it has none."""
    parts = (part for part in [*model.parameters(), *model.buffers()] if part.is_floating_point())
    return next(parts, torch.zeros(1))


def _fitting(image: Tensor | Exception, shape: tuple[int, int, int]) -> Tensor | Exception:
    """An image of the atlas's shape, in [0, 1], or what is wrong with it."""
    if isinstance(image, Tensor) and tuple(image.shape) != shape:
        return ValueError(f"image: expected shape {shape}, got {tuple(image.shape)}")
    try:
        return image if isinstance(image, Exception) else check_images(image[None], None, True, "image")[0]
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


class Edited(NamedTuple):
    """One image's edits towards one target."""

    images: np.ndarray  # (distances, channels, height, width), uint8
    values: dict[str, list]  # by column: one for each distance
    seconds: float


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
        logits = batched_logits(judge, flat)
        values |= {name: logits.argmax(1), f"{name}_probability": logits.softmax(1).gather(1, asked)[:, 0]}
    by_image = {name: value.view(len(images), -1).tolist() for name, value in values.items()}
    pixels, first = _bytes(edits.images), edits.first.tolist()
    seconds = (time.perf_counter() - start) / len(flat)
    return [
        Edited(
            pixels[i],
            {name: value[i] for name, value in by_image.items()} | _first(first[i], len(job.distances)),
            seconds,
        )
        for i in range(len(images))
    ]


def _first(first: list[float], distances: int) -> dict[str, list]:
    return {"first_half": [first[0]] * distances, "first_sure": [first[1]] * distances}


def _bytes(images: Tensor) -> np.ndarray:
    return (images * 255).round().to(torch.uint8).numpy(force=True)


def columns(judges: Sequence[str]) -> dict[str, str]:
    """Types of the table's columns."""
    floats = (
        "distance",
        "attained",
        "probability_before",
        "probability",
        "first_half",
        "first_sure",
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
