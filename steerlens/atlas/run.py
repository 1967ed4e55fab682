"""The call: `atlas` cuts images into pieces, has Dask make them, and returns the table."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

import cloudpickle
import dask
import pandas as pd
import pyarrow.dataset
from dask.distributed import Client, Future, LocalCluster, as_completed
from dask.system import CPU_COUNT
from distributed.comm import CommClosedError
from distributed.scheduler import KilledWorker
from torch import Tensor, nn

from .._internal.checks import check_flag
from .._internal.progress import progress_bar
from . import store, work
from .job import Job
from .lock import held
from .plan import check_same, planned
from .rows import made
from .sources import Item, Source, source_of
from .store import Layout
from .work import Done

AHEAD, SENT_AHEAD = 1000, 64 * 2**20  # pieces, or bytes of images, that wait at the scheduler
# What torch frees is kept instead of fetched again page by page; Dask would have it given back at once.
KEPT = {"MALLOC_TRIM_THRESHOLD_": 134217728, "MALLOC_MMAP_THRESHOLD_": 33554432}
UNGUARDED = 'In a script the call belongs below if __name__ == "__main__":, for each worker reads the script.'


def atlas(
    model: nn.Module,
    images: Any,
    targets: str | Tensor = "all",
    *,
    out: str | PathLike,
    editor: str | Callable = "frozen",
    distances: Sequence[float] = (1.0, 2.0, 4.0),
    judges: Mapping[str, nn.Module] | Sequence[nn.Module] = (),
    client: Client | None = None,
    limit: int | None = None,
    warp: bool = False,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Every image of a data set, morphed towards other classes, on as many workers as there are.

    The folder is written piece by piece. The same call continues a run that was interrupted, however it was,
    and makes no piece twice; a damaged piece is made again. What fails for one image is said in the column
    ``error`` of its rows, and so is a piece that could not be written; the next call makes that again.

    In a script the call belongs below ``if __name__ == "__main__":``, unless a ``client`` is given.

    Args:
        model: maps images in [0, 1] to logits (batch, classes).
        images: float32 or float64 (n, channels, height, width) in [0, 1]; `steerlens.data.ImageData`; a torch
            `Dataset` of images or (image, label); a path, read as torchvision's ``ImageFolder``; a Zarr array
            (n, channels, height, width). All but tensors are read by the workers; uint8 counts as 0 to 255.
        targets: "all" classes but the model's own; the "second" likeliest; or class indices, (n,) or
            (n, targets).
        out: the folder.
        editor: "frozen", "live", or a function as of `steerlens.evaluation.editors`.
        distances: increasing L2 distances of the edits.
        judges: other classifiers, by name, who say what they see.
        client: of Dask; None: a cluster of this machine's cores, with one thread a worker, for this call.
        limit: only so many images, for a first look; the folder can be continued with more.
        warp: measure which share of an edit a smooth warp explains, which takes longer than all else.
        progress: show a bar, what the run will take, and where Dask's dashboard is.
        options: for the editor: ``padding`` of the pyramid or ``transform``, and those of
            `steerlens.extrapolate` or `steerlens.steer`.

    Returns:
        a row for each image, target and distance, by these: image, label, source (the model's class), target,
        slot, distance (asked for), attained (L2), probability_before and probability (of the target),
        first_half and first_sure (first k that reaches .5 and .99), distance_half and distance_sure (the L2
        distances there), warp_energy, each judge's class and probability, seconds, error.

    Raises:
        TypeError, ValueError: an argument that does not fit, or a folder that was made of something else.
        RuntimeError: another run is at work in the folder, or the scheduler was lost.
    """
    progress = check_flag("progress", progress)
    if not isinstance(client, Client | None):
        raise TypeError(f"client: expected a dask.distributed.Client, got {type(client).__name__}")
    source, folder = source_of(images).limited(limit), Path(out).expanduser().resolve()
    job, record = planned(model, source, targets, folder, editor, distances, judges, warp, options)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder):
        told = _begin(job, record)
        try:
            own = local_client(min(CPU_COUNT, job.layout.pieces)) if client is None else nullcontext(client)
            with own as connected, _scheduler_needed(connected):
                failed = _all_made(connected, job, told, source, progress)
        finally:
            (folder / work.JOB).unlink(missing_ok=True)
    return _table(job, failed)


def _begin(job: Job, record: dict[str, Any]) -> str:
    """Say in the folder what it is to become, once it is seen to be new or of the same atlas.

    Returns:
        the job's checksum, by which workers know whether they have it.
    """
    folder = job.layout.folder
    there = store.read_json(folder / "record.json")
    if there is None and [path for path in folder.iterdir() if path.name != ".lock"]:
        raise ValueError(f"out: expected a new or empty folder or that of an atlas, got {folder}")
    if there is not None:
        check_same(there, record, folder)
        record["created"] = there["created"]
    store.write_json(folder / "record.json", record)
    job.layout.prepare()
    return store.write(folder / work.JOB, cloudpickle.dumps(job))


@contextmanager
def local_client(workers: int) -> Iterator[Client]:
    """A client of a cluster of this machine, one thread a worker, which is closed in the end."""
    how = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    how |= {"silence_logs": logging.ERROR}  # a worker that ends slowly is none of the caller's business
    before = dask.config.get("distributed.nanny.pre-spawn-environ")
    with ExitStack() as stack:
        with dask.config.set({"distributed.nanny.pre-spawn-environ": before | KEPT}):
            try:
                cluster = stack.enter_context(LocalCluster(**how))
            except RuntimeError as error:
                raise RuntimeError(f"client: expected workers that start, got {error} {UNGUARDED}") from error
        yield stack.enter_context(Client(cluster))


def _all_made(client: Client, job: Job, told: str, source: Source, progress: bool) -> dict[int, Exception]:
    """Have every piece made that is not there; what kept some from it, by number."""
    layout = job.layout
    numbers, done = iter(range(layout.pieces)), list[Done]()
    ahead = max(2, SENT_AHEAD // (4 * layout.size * math.prod(layout.shape))) if source.here else AHEAD
    asked = {_submit(client, job, told, source, number): number for number in islice(numbers, ahead)}
    futures = as_completed(list(asked))
    with progress_bar("atlas", progress, total=layout.count) as bar:
        for future in futures:
            done.append(_outcome(future, asked.pop(future)))
            if progress and sum(one.made for one in done) == done[-1].made == 1:
                bar.write(_estimate(client, layout, done[-1], layout.pieces - len(done)))
            bar.update(len(layout.rows(done[-1].number)))
            more = {_submit(client, job, told, source, number): number for number in islice(numbers, 1)}
            asked |= more
            futures.update(list(more))
    return {one.number: one.error for one in done if one.error is not None}


def _submit(client: Client, job: Job, told: str, source: Source, number: int) -> Future:
    """Ask for a piece; its images go along if they are not read there."""
    items = source.read(job.layout.rows(number)) if source.here else None
    place = str(job.layout.folder), told, number
    return client.submit(work.piece, *place, items, pure=False)


def _outcome(future: Future, number: int) -> Done:
    """What became of a piece; if its worker died again and again, that is what is the matter with it."""
    try:
        return future.result()
    except KilledWorker as error:
        return Done(number, True, error=error)


@contextmanager
def _scheduler_needed(client: Client) -> Iterator[None]:
    """Say that the scheduler was lost, whatever was asked of it at that moment. Raises RuntimeError."""
    try:
        yield
    except Exception as error:
        if client.status == "running" and not isinstance(error, CancelledError | CommClosedError):
            raise
        said = "client: expected a scheduler until the end, got none: call again to continue"
        raise RuntimeError(said) from error


def _estimate(client: Client, layout: Layout, first: Done, left: int) -> str:
    """What the rest of the run will take, from the first piece that was made."""
    workers = max(1, sum(client.nthreads().values()))
    minutes, size = first.seconds * left / workers / 60, first.bytes * layout.pieces / 2**20
    return (
        f"{left} more pieces of {layout.size} images: about {minutes:.0f} minutes on {workers} workers, "
        f"{size:.0f} MiB in all in {layout.folder}; {client.dashboard_link}"
    )


def _table(job: Job, failed: Mapping[int, Exception]) -> pd.DataFrame:
    """Rows of all pieces; of those that failed, what was the matter."""
    layout, parts = job.layout, []
    if files := [str(layout.table(number)) for number in range(layout.pieces) if number not in failed]:
        parts.append(pyarrow.dataset.dataset(files).to_table().to_pandas())
    for number, error in failed.items():
        rows = layout.rows(number)
        parts.append(made(job, list(rows), [Item(error)] * len(rows))[0])
    return pd.concat(parts).sort_values(["image", "slot", "distance"], ignore_index=True)
