"""``python -m steerlens.atlas FOLDER [LIMIT]``: the digits' atlas (``make atlas``)."""

import sys
import time
from pathlib import Path

from .. import data as datasets
from ..classifiers import models
from .run import atlas


def main(folder: Path, limit: int | None) -> None:
    """Morph the test digits to all other classes by LeNet's gradient, and say how it went."""
    digits = datasets.digits()
    model, *others = (models.load(name, digits) for name in ("lenet", "mlp", "resnet"))
    judges, start = dict(zip(("mlp", "resnet"), others, strict=True)), time.perf_counter()
    table = atlas(
        model, digits, "all", distances=(1, 2, 4), judges=judges, out=folder, limit=limit, padding=2
    )
    seconds, size = (
        time.perf_counter() - start,
        sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
    )
    print(f"{digits.source}: {len(table):,} rows in {seconds:.0f} s, {size / 2**20:.1f} MiB in {folder}")
    print(table.groupby("distance")[["attained", "probability"]].median().round(3))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
