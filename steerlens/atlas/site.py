"""The page of an atlas: static HTML that works from the file system, without a kernel or a network.

A matrix of source by target, the images of each pair, and each image with all its morphs. Pictures come in
sprite sheets, rows in one script a source class; a browser loads what is looked at.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr

from .._internal.checks import check_flag
from .sprites import LARGE, Grid, Index, paged, write_sheets
from .summaries import Pairs, cells, encoded, ordered, pairs, rounded

PAGE = Path(__file__).with_name("page")
KEPT = (
    "count",
    "shape",
    "classes",
    "names",
    "targets",
    "distances",
    "judges",
    "model",
    "editor",
    "options",
    "created",
)
MARK = Path("data") / "atlas.js"  # what tells a folder of this page from any other


def site(folder: str | Path, out: str | Path | None = None, progress: bool = True) -> Path:
    """Write the page of an atlas; open what is returned in a browser.

    Images up to 96 pixels are shown to the last bit, larger ones as thumbnails and, one at a time, at up to
    512 pixels. What an earlier call has written is replaced.

    Args:
        folder: of the atlas: ``record.json``, ``table/``, ``images.zarr``.
        out: where to write; ``folder / "site"`` if None.
        progress: whether to show a bar where it takes long.

    Returns:
        the path of ``index.html``.

    Raises:
        FileNotFoundError: the folder holds no atlas.
        ValueError: of a later format, without rows, images that are neither grey nor RGB; or ``out`` holds
            something else.
    """
    folder, show = Path(folder), check_flag("progress", progress)
    record = _record(folder)
    out = folder / "site" if out is None else Path(out)
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARK).is_file())):
        raise ValueError(f"out: expected a new or empty folder, or an atlas's page, got {out}")
    rows = ordered(_rows(folder), record["distances"])
    new = out.with_name(f"{out.name}.new")  # what is there stays until the new one is complete
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(PAGE, new)
    _write(new, folder, record, rows, show)
    shutil.rmtree(out, ignore_errors=True)
    new.rename(out)
    return out / "index.html"


def _record(folder: Path) -> dict[str, Any]:
    if not (folder / "record.json").is_file():
        raise FileNotFoundError(f"folder: expected an atlas with its record.json, found none in {folder}")
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    if record.get("format") != 1:
        raise ValueError(f"folder: expected an atlas of format 1, got {record.get('format')!r}")
    if record["shape"][0] not in (1, 3):
        raise ValueError(f"folder: expected images with 1 or 3 channels, got shape {tuple(record['shape'])}")
    return record


def _rows(folder: Path) -> pd.DataFrame:
    table = pd.read_parquet(folder / "table")
    if table.empty:
        raise ValueError(f"folder: expected an atlas with rows, got none in {folder / 'table'}")
    return table


def _write(out: Path, folder: Path, record: dict, rows: pd.DataFrame, show: bool) -> None:
    judges, distances = record["judges"], len(record["distances"])
    path = folder / "images.zarr"
    arrays = {name: zarr.open_array(str(path / name), mode="r") for name in ("originals", "morphs")}
    sources = {int(source): pairs(part, distances, judges) for source, part in rows.groupby("source")}
    grid = Grid.of(record["shape"])
    large = None if grid.exact else Grid.of(record["shape"], LARGE, record["slots"] * distances)
    for name in ("data", "sprites"):
        (out / name).mkdir()
    for source, found in sources.items():
        _script(out / "data" / f"{_key(source)}.js", _key(source), _arrays(found, judges))
    _script(out / MARK, "atlas", _overview(record, rows, sources, grid, large))
    _script(out / "data" / "images.js", "images", _whereabouts(sources, record["count"]))
    _pictures(out / "sprites", arrays, sources, distances, grid, show)
    if large:
        (out / "large").mkdir()
        _large(out / "large", arrays, sources, distances, large, show)


def _key(source: int) -> str:
    """How files and scripts of a source are named."""
    return f"class-{source}" if source >= 0 else "class-unknown"


def _script(path: Path, name: str, content: object) -> None:
    """The classic script that hands the page its content: files are not fetched from the file system."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    path.write_text(f"Steerlens.arrived({json.dumps(name)}, {text});\n", encoding="utf-8")


def _overview(
    record: dict, rows: pd.DataFrame, sources: dict[int, Pairs], grid: Grid, large: Grid | None
) -> dict:
    """The record, and what each pair of classes comes to at each distance."""
    found = cells(rows, record["judges"])
    columns: dict[str, Any] = {
        name: found[name].tolist() for name in ("source", "target", "d", "count", "errors")
    }
    columns |= {
        name: rounded(found[name])
        for name in ("probability", "reached", "attained", "first", "half", "agree")
    }
    size = {"width": grid.width, "height": grid.height, "columns": grid.columns, "capacity": grid.capacity}
    wide = large and {"width": large.width, "height": large.height, "columns": large.columns}
    counts = {"images": int(rows["image"].nunique()), "rows": len(rows)}
    kept = {name: record.get(name) for name in KEPT}
    return {**kept, **counts, "cells": columns, "sprites": size, "large": wide, "sources": list(sources)}


def _whereabouts(sources: dict[int, Pairs], count: int) -> dict:
    """The source of each image; -2 where there is no row of it."""
    found = np.full(count, -2, np.int16)
    for source, each in sources.items():
        found[each.images] = source
    return {"source": encoded(found)}


def _arrays(found: Pairs, judges: list[str]) -> dict:
    """What the page needs to know of the images of one source."""
    keys = found.keys
    first = ~keys.duplicated("image")
    label = keys[first].set_index("image")["label"].reindex(found.images)
    values = {name: encoded(array.ravel()) for name, array in found.values.items()}
    return {
        "images": encoded(found.images.astype(np.int32)),
        "label": encoded(label.to_numpy(np.int16, na_value=-1)),
        "image": encoded(np.searchsorted(found.images, keys["image"]).astype(np.int32)),
        "target": encoded(keys["target"].to_numpy(np.int16)),
        "values": values,
        "errors": encoded(found.errors.ravel()),
        "messages": found.messages,
    }


def _pictures(
    out: Path, arrays: dict[str, Any], sources: dict[int, Pairs], distances: int, grid: Grid, show: bool
) -> None:
    """Sheets of each source: its images in order, and at each distance its morphs by target and image."""
    originals: dict[str, Index] = {}
    morphs: dict[str, Index] = {}
    for source, found in sources.items():
        for page, index in enumerate(paged((found.images,), grid.capacity)):
            originals[f"{_key(source)}-original-{page}"] = index
        image, slot = found.keys["image"].to_numpy(), found.keys["slot"].to_numpy(int)
        for d in range(distances):
            for page, index in enumerate(paged((image, slot, np.full(len(image), d)), grid.capacity)):
                morphs[f"{_key(source)}-{d}-{page}"] = index
    write_sheets(out, arrays["originals"], originals, grid, show)
    write_sheets(out, arrays["morphs"], morphs, grid, show)


def _large(
    out: Path, arrays: dict[str, Any], sources: dict[int, Pairs], distances: int, grid: Grid, show: bool
) -> None:
    """Each image, and on another sheet all its morphs by target, slot and distance."""
    originals: dict[str, Index] = {}
    morphs: dict[str, Index] = {}
    for found in sources.values():
        for image, keys in found.keys.groupby("image"):
            slots = np.repeat(keys["slot"].to_numpy(int), distances)
            originals[f"{image}-original"] = (np.array([image]),)
            morphs[f"{image}"] = np.full(len(slots), image), slots, np.arange(len(slots)) % distances
    write_sheets(out, arrays["originals"], originals, Grid.of(arrays["originals"].shape, LARGE, 1), show)
    write_sheets(out, arrays["morphs"], morphs, grid, show)
