"""One piece of an atlas: made and kept, or found. This is what runs on the workers."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cloudpickle
import torch
from torch import Tensor

from .identity import digest
from .job import Job
from .rows import made
from .sources import Item

JOB = "job.pickle"


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
