"""What is to be done, checked before any work: the job of an atlas, and the record that tells of it."""

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .._internal.checks import check_flag, check_number
from .._internal.modes import check_module
from ..morphs.scores import batched_logits
from .edits import MultiEditor, editor_of
from .identity import digest
from .job import Job
from .rows import columns, like_model, said
from .sources import Source
from .store import Layout

PIECE = 2 * 2**20  # bytes of a piece's pictures before they are compressed
MOST = 50  # images of a piece
TRIED = 8  # images, until the model takes one
PACKAGES = ("steerlens", "torch", "numpy", "pandas", "pyarrow", "zarr", "dask")
COMPARED = (
    *("model", "images", "shape", "targets", "given", "distances", "editor", "options"),
    *("judges", "judge_models", "warp", "piece"),
)


def planned(
    model: nn.Module,
    source: Source,
    targets: object,
    out: Path,
    editor: str | Callable,
    distances: object,
    judges: object,
    warp: bool,
    options: Mapping[str, Any],
) -> tuple[Job, dict[str, Any]]:
    """The job and its record. Raises TypeError or ValueError for an argument that does not fit."""
    steps, named, warp = _distances(distances), _judges(judges), check_flag("warp", warp)
    move, held = editor_of(editor, dict(options))
    image, classes = _first(check_module(model), source)
    asked, slots = _targets(targets, source.count, classes)
    _check_judges(named, image, classes)
    _try(move, model, image.to(like_model(model)), steps)
    channels, height, width = shape = tuple(image.shape[1:])
    each = (1 + slots * len(steps)) * image.numel()
    layout = Layout(
        out, source.count, (channels, height, width), slots, len(steps), max(1, min(MOST, PIECE // each))
    )
    settings = {
        "model": digest(model),
        "images": source.identity,
        "shape": shape,
        "targets": targets if isinstance(targets, str) else digest(asked),
        "distances": steps,
        "editor": editor if isinstance(editor, str) else digest(editor),
        "options": {name: _plain(value) for name, value in sorted(options.items())},
        "judges": list(named),
        "judge_models": [digest(judge) for judge in named.values()],
        "warp": warp,
        "piece": layout.size,
    }
    read = None if source.here else source
    job = Job(layout, read, model, named, asked, classes, move, held, steps, warp, digest(settings))
    return job, _record(job, source, settings)


def _record(job: Job, source: Source, settings: dict[str, Any]) -> dict[str, Any]:
    """What record.json says; as it is read again."""
    names = source.names if source.names and len(source.names) == job.classes else None
    record = {
        "format": 1,
        "count": source.count,
        "classes": job.classes,
        "names": names,
        "slots": job.layout.slots,
        "pieces": job.layout.pieces,
        **settings,
        "targets": "given" if isinstance(job.targets, Tensor) else job.targets,
        "given": settings["targets"] if isinstance(job.targets, Tensor) else None,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }
    return json.loads(json.dumps(record))


def check_same(there: Mapping[str, Any], record: Mapping[str, Any], out: Path) -> None:
    """Raise ValueError, saying what differs, unless a folder's record is of the same atlas."""
    other = [name for name in COMPARED if there.get(name) != record[name]]
    if other:
        pairs = (f"{name} {_short(there.get(name))}, here {_short(record[name])}" for name in other)
        raise ValueError(
            f"out: expected a folder made with the same settings, got {out}, made with {'; '.join(pairs)}: "
            "choose another folder, or delete it"
        )
    if there["count"] > record["count"]:
        raise ValueError(
            f"limit: expected at least the {there['count']} images that {out} has, got {record['count']}"
        )


def _short(value: Any) -> str:
    """A setting as an error says it; a digest by its beginning."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:12]}…"


def _plain(value: Any) -> Any:
    """An option as JSON says it, or its digest."""
    try:
        return json.loads(json.dumps(value))
    except TypeError:
        return digest(value)


def _distances(distances: object) -> tuple[float, ...]:
    if not isinstance(distances, Sequence) or isinstance(distances, str) or not distances:
        raise TypeError(f"distances: expected increasing positive numbers, got {distances!r}")
    steps = tuple(check_number("distances", distance, positive=True) for distance in distances)
    if list(steps) != sorted(set(steps)):
        raise ValueError(f"distances: expected increasing positive numbers, got {distances!r}")
    return steps


def _judges(judges: object) -> dict[str, nn.Module]:
    """Judges by name, that of a column of the table."""
    if isinstance(judges, Sequence) and not isinstance(judges, str):
        judges = {f"judge_{number}": judge for number, judge in enumerate(judges, 1)}
    if not isinstance(judges, Mapping) or not all(isinstance(judge, nn.Module) for judge in judges.values()):
        raise TypeError(f"judges: expected modules by name, or a sequence of them, got {judges!r}")
    own = columns(())
    for name in judges:
        if not isinstance(name, str) or not name.isidentifier() or {name, f"{name}_probability"} & own.keys():
            raise ValueError(f"judges: expected names that are no other column's, got {name!r}")
    return dict(judges)


def _check_judges(judges: Mapping[str, nn.Module], image: Tensor, classes: int) -> None:
    """Raise ValueError for a judge that does not know as many classes as the model."""
    for name, judge in judges.items():
        if (found := batched_logits(judge, image.to(like_model(judge))).shape[1]) != classes:
            raise ValueError(f"judges: expected {classes} classes, as the model has, got {found} of {name!r}")


def _first(model: nn.Module, source: Source) -> tuple[Tensor, int]:
    """The first image that can be read and that the model takes, (1, channels, height, width); its classes.

    Raises:
        ValueError: there is none among the first few.
    """
    errors = []
    for item in source.read(range(min(TRIED, source.count))):
        try:
            if isinstance(item.image, Exception):
                raise item.image
            image = item.image[None]
            return image, batched_logits(model, image.to(like_model(model))).shape[1]
        except Exception as error:  # of the caller's data set or model; it is said below
            errors.append(error)
    raise ValueError(
        f"images: expected some that can be read and that the model takes, got {said(errors[0])}"
    ) from errors[0]


def _try(move: MultiEditor, model: nn.Module, image: Tensor, distances: tuple[float, ...]) -> None:
    """Edit one image, so that an option that does not fit is an error before any work."""
    move(model, image, torch.zeros(1, dtype=torch.int64, device=image.device), distances)


def _targets(targets: object, count: int, classes: int) -> tuple[str | Tensor, int]:
    """Targets and how many an image has."""
    if isinstance(targets, str) and targets in ("all", "second"):
        return targets, classes if targets == "all" else 1
    expected = f"targets: expected 'all', 'second', or class indices ({count},) or ({count}, targets)"
    if not isinstance(targets, Tensor):
        raise TypeError(f"{expected}, got {targets!r}")
    if targets.ndim not in (1, 2) or len(targets) != count or targets.numel() == 0:
        raise ValueError(f"{expected}, got shape {tuple(targets.shape)}")
    if targets.is_floating_point() or targets.is_complex() or targets.dtype == torch.bool:
        raise TypeError(f"{expected}, got {targets.dtype}")
    if not ((targets >= 0) & (targets < classes)).all():
        raise ValueError(
            f"targets: expected classes 0 to {classes - 1}, got {targets.min()} to {targets.max()}"
        )
    asked = targets.detach().cpu().long().view(count, -1)
    return asked, asked.shape[1]
