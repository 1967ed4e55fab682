"""Lesson 13's stored tables: atlases of all digits, and what networks say of faces that they have not seen.

    distances   the atlas of the digits at hand, as it was stored
    expressions the table of FER2013

``python -m steerlens_lessons.l13_atlas.table`` (``make tables``) makes them again, in ``build/atlas``, and
goes on where it was stopped.
"""

import io
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from steerlens import data as datasets
from steerlens.atlas.__main__ import digits_atlas
from steerlens.classifiers import models
from steerlens.data import ImageData, records
from steerlens.morphs.scores import batched_logits

from . import faces
from .labels import suspects

BUILD, SOME, JUDGES = Path("build/atlas"), 1000, ("mlp", "resnet")  # digits for other drivers and editors
KEPT = ["image", "label", "source", "target", "distance", "attained", "probability_before", "probability"]
FACES = "atlas-fer2013"
REMEDY = "restore it, or compute it again (make tables)"


def distances(data: ImageData) -> pd.DataFrame:
    """The stored atlas of digits: a row for each run, image, target and distance. Raises ValueError."""
    return _read(_name(data))


def expressions() -> pd.DataFrame:
    """The stored table of FER2013, as `faces.out_of_fold` makes it. Raises ValueError."""
    return _read(FACES)


def _name(data: ImageData) -> str:
    return f"atlas-{records.slug(data.source)}"


def _read(name: str) -> pd.DataFrame:
    path = records.committed("results") / f"{name}.parquet"
    records.checked(path, REMEDY)
    return pd.read_parquet(path)


def _write(name: str, table: pd.DataFrame, source: str, seconds: float) -> None:
    buffer = io.BytesIO()
    table.to_parquet(buffer, compression="zstd", index=False)
    record = {"data": source, "rows": len(table), "torch": torch.__version__, "seconds": round(seconds)}
    command = f"python -m {__spec__.name}"
    records.write(
        records.committed("results") / f"{name}.parquet", buffer.getvalue(), record | {"command": command}
    )


def digits(data: ImageData) -> None:
    """Make and store the atlas of all these digits, and of some by other drivers and by live morphs."""
    start, parts = time.perf_counter(), []
    one = suspects(batched_logits(models.load("lenet", data), data.images), data.labels)
    runs: dict[str, dict[str, Any]] = {
        "frozen": {},
        "frozen, mlp": {"driver": "mlp", "limit": SOME},
        "frozen, robust_lenet": {"driver": "robust_lenet", "limit": SOME},
        "live": {"editor": "live", "limit": SOME},
        "live, one target": {"editor": "live", "targets": one},
    }
    for run, options in runs.items():
        rows = digits_atlas(BUILD, data, **options)
        if run != "frozen":
            rows = rows[rows["distance"] == 1]  # distance_half is the same in all three
        part = rows[[*KEPT, "distance_half"]].assign(run=run)
        for judge in JUDGES:
            part[judge] = rows[judge] == rows["target"] if judge in rows else False
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True)
    kinds = {"image": "int16", "label": "int8", "source": "int8", "target": "int8", "run": "category"}
    _write(_name(data), whole.astype(kinds), data.source, time.perf_counter() - start)


def main() -> None:
    """Make the tables of MNIST, of the digits that stand in for it, and of FER2013, where they are."""
    for data in (datasets.digits(), datasets.small_digits()):
        digits(data)
    start = time.perf_counter()
    _write(
        FACES, faces.out_of_fold(faces.emotions(), BUILD / "fer2013"), "FER2013", time.perf_counter() - start
    )


if __name__ == "__main__":
    main()
