"""Computes the tables of lesson 08: ``python -m steerlens_lessons.l08_confidence.make_table [NAME [ROW]]``.

Rows are measured for parts of the sources, side by side on all cores, each on one thread. What is done is
kept in build/tables/, under a digest of the package's code, so that an interrupted run goes on where it
stopped. The whole table goes to data/results/ with a record that vouches for it; where rows are named,
the others are those of the stored table.
"""

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

import steerlens
from steerlens._internal.checks import check_choice
from steerlens._internal.progress import progress_bar
from steerlens.data import records

from . import table as confidence
from .table import MEASURES, PROTOCOLS, measured

PART = 50  # sources
LESSON = Path(__file__).parent
CODE = (Path(steerlens.__file__).parent, LESSON, LESSON.parent / "common")  # what the numbers come from


def compute(name: str, named: Sequence[str] = (), build: Path = Path("build/tables")) -> Path:
    """Compute one table, or the rows named, or what is missing of them, and write it; the table's path."""
    started = time.perf_counter()
    folder = build / f"{name}-{_code_digest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    images, labels, targets = confidence.case(name)
    rows, parts = list(confidence.rows(name)), list(zip(images.split(PART), targets.split(PART), strict=True))
    stored = confidence.load(name) if named else None
    rows = [check_choice("ROW", row, rows) for row in named] or rows
    places = {(row, n): folder / f"{row}-{n}.safetensors" for row in rows for n in range(len(parts))}
    missing = [at for at, path in places.items() if not path.is_file()]
    workers = ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), torch.set_num_threads, (1,))
    with workers as pool, progress_bar(f"table {name}", True, total=len(places)) as bar:
        bar.update(len(places) - len(missing))
        jobs = [pool.submit(_measure, name, row, *parts[n], places[row, n]) for row, n in missing]
        for job in as_completed(jobs):
            job.result()
            bar.update()
    whole, row_seconds = {"labels": labels, "targets": targets}, {}
    for row, kinds in stored.values.items() if stored else ():
        whole |= {f"{row}|{kind}": values for kind, values in kinds.items()}
        row_seconds[row] = stored.record["core_seconds"][row]
    for row in rows:
        found = [safetensors.torch.load_file(places[row, n]) for n in range(len(parts))]
        whole |= {f"{row}|{kind}": torch.cat([part[kind] for part in found], 1) for kind in MEASURES}
        row_seconds[row] = round(sum(part["seconds"].item() for part in found))
    whole_run = not named and len(missing) == len(places)
    seconds = round(time.perf_counter() - started) if whole_run else None
    return _write(name, whole, {"seconds": seconds, "core_seconds": row_seconds})


def _measure(name: str, row: str, images: Tensor, targets: Tensor, path: Path) -> None:
    """Measure one row for some sources, and keep it; a file is there only when it is whole."""
    started = time.perf_counter()
    values = measured(name, row, images, targets)
    unfinished = path.with_suffix(".unfinished")
    safetensors.torch.save_file(values | {"seconds": torch.tensor(time.perf_counter() - started)}, unfinished)
    unfinished.rename(path)


def _write(name: str, values: dict[str, Tensor], timing: dict) -> Path:
    """Write the table; its timing is that of the whole run, if nothing was there, and of each row's core."""
    path = records.committed("results") / f"confidence-{name}.safetensors"
    kept = ("driver", "robust_driver", "judges", "sources", "distances")
    record = {"table": name, "data": confidence.data(name).source, "rows": list(confidence.rows(name))}
    record |= {key: getattr(PROTOCOLS[name], key) for key in kept} | timing
    record |= {"cores": os.cpu_count(), "torch": torch.__version__}
    record["command"] = f"python -m {__spec__.name} {name}"
    records.write(path, safetensors.torch.save(values), record)
    return path


def _code_digest() -> str:
    """SHA-256 of the code: what was measured by other code is not taken for this one's."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in CODE for path in folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    for table in sys.argv[1:2] or PROTOCOLS:
        print(compute(table, sys.argv[2:]))
