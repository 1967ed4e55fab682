"""The folder of an atlas: files that appear whole or not at all, each with its checksum.

record.json            what the atlas is of, and how it was made
table/NNNNNN.parquet   rows of a piece
images.zarr            originals and morphs, whose chunks are those of the pieces
pieces/NNNNNN.json     a piece's key and the SHA-256 of each of its files: written last
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import zarr

UNFINISHED = ".unfinished-"  # how files begin that are being written


def write(path: Path, content: bytes) -> str:
    """Write a file, through to the disk, under another name and rename it; its SHA-256.

    Whoever looks finds what was there before, or all of the new content. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{UNFINISHED}{uuid4().hex}")
    try:
        with unfinished.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    if hasattr(os, "O_DIRECTORY"):  # where folders can be synced, so that the new name lasts, too
        folder = os.open(path.parent, os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return hashlib.sha256(content).hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a record."""
    write(path, (json.dumps(content, indent=2) + "\n").encode())


def read_json(path: Path) -> dict[str, Any] | None:
    """A record; None if there is none or it is damaged."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


@dataclass(frozen=True)
class Layout:
    """How many images an atlas has, of what shape, and how they are cut into pieces."""

    folder: Path
    count: int
    shape: tuple[int, int, int]  # channels, height, width
    slots: int
    distances: int
    size: int  # images a piece

    @property
    def pieces(self) -> int:
        """How many there are."""
        return -(-self.count // self.size)

    def rows(self, number: int) -> range:
        """The images of a piece."""
        return range(number * self.size, min((number + 1) * self.size, self.count))

    def table(self, number: int) -> Path:
        """The file of a piece's rows."""
        return self.folder / "table" / f"{number:06}.parquet"

    def record(self, number: int) -> Path:
        """The file that vouches for a piece."""
        return self.folder / "pieces" / f"{number:06}.json"

    def prepare(self) -> None:
        """Remove what unfinished writes left, and say in Zarr's words what the arrays are like."""
        for path in self.folder.rglob(f"{UNFINISHED}*"):
            path.unlink()
        for name, content in self._zarr().items():
            write(self.folder / name, content)

    def finished(self, number: int, key: str) -> dict[str, Any] | None:
        """The record of a piece that has this key and is undamaged; else None."""
        record = read_json(self.record(number))
        if record is None or record.get("key") != key:
            return None
        for name, sha256 in record["files"].items():
            path = self.folder / name
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                return None
        return record

    def discard(self, number: int) -> None:
        """Remove what there is of a piece: a damaged or outdated one, or one that was left half written."""
        files = (read_json(self.record(number)) or {}).get("files", {})
        for path in (self.record(number), self.table(number), *(self.folder / name for name in files)):
            path.unlink(missing_ok=True)

    def keep(
        self, number: int, key: str, table: pd.DataFrame, images: Mapping[str, np.ndarray], seconds: float
    ) -> dict[str, Any]:
        """Write a piece: its rows, its images, and last the record that vouches for both; that record."""
        name = str(self.table(number).relative_to(self.folder))
        content = {name: table.to_parquet(index=False), **self._zarr(self.rows(number), images)}
        files = {name: write(self.folder / name, part) for name, part in content.items()}
        record = {"key": key, "seconds": seconds, "bytes": sum(map(len, content.values())), "files": files}
        write_json(self.record(number), record)
        return record

    def _zarr(
        self, rows: range = range(0), images: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, bytes]:
        """The files of the arrays' metadata; of rows of images their chunks alone."""
        with TemporaryDirectory() as folder:
            root = Path(folder) / "images.zarr"
            zarr.open_group(str(root), mode="w")
            arrays = {}
            kinds = {"originals": (), "morphs": (self.slots, self.distances)}
            for name, inner in kinds.items():
                shape, chunks = (self.count, *inner, *self.shape), (self.size, *inner, *self.shape)
                how: Any = {"shape": shape, "chunks": chunks, "dtype": "u1", "fill_value": 0}
                arrays[name] = zarr.open_array(str(root / name), mode="w", **how)
            before = {path for path in Path(folder).rglob("*") if path.is_file()}
            for name, values in (images or {}).items():
                arrays[name][rows.start : rows.stop] = values
            after = {path for path in Path(folder).rglob("*") if path.is_file()}
            chosen = sorted(after - before) if images else sorted(before)
            return {str(path.relative_to(folder)): path.read_bytes() for path in chosen}
