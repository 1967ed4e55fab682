"""``python -m steerlens.atlas FOLDER [LIMIT]``: the digits' atlas (``make atlas``)."""

import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from torch import Tensor

from .. import data as datasets
from ..classifiers import models
from ..data import ImageData
from ..data.records import slug
from .run import atlas


def digits_atlas(root: Path, data: ImageData, driver: str = "lenet", **options: Any) -> pd.DataFrame:
    """The atlas of digits by the gradient of one of the lessons' networks, judged by others.

    Args:
        root: where its folder is, ``mnist`` or ``mnist-mlp-live`` for instance.
        data: the digits.
        driver: name of the network that is followed, in `steerlens.models.load`.
        options: of `atlas`.
    """
    judges = {name: models.load(name, data) for name in ("lenet", "mlp", "resnet") if name != driver}
    model, out = models.load(driver, data), folder_of(root, data, driver, **options)
    return atlas(model, data, out=out, judges=judges, padding=2, **options)


def folder_of(root: Path, data: ImageData, driver: str = "lenet", **options: Any) -> Path:
    """The folder of the atlas of digits; its name tells what is not as usual."""
    unusual = [driver] * (driver != "lenet") + [options[name] for name in ("editor",) if name in options]
    unusual += ["one"] * isinstance(options.get("targets"), Tensor)
    return root / slug("-".join([data.source, *unusual]))


def main(root: Path, limit: int | None) -> None:
    """Make the atlas of the digits at hand by LeNet's gradient, and say how it went."""
    data, start = datasets.digits(), time.perf_counter()
    table = digits_atlas(root, data, limit=limit)
    seconds, folder = time.perf_counter() - start, folder_of(root, data)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{data.source}: {len(table):,} rows in {seconds:.0f} s, {size / 2**20:.1f} MiB in {folder}")
    print(table.groupby("distance")[["attained", "probability"]].median().round(3))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
