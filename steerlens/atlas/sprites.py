"""Sprite sheets of an atlas: many small pictures in one file, so that a page loads few of them.

A picture's place follows from its number in the sheet alone: row by row, `Grid.columns` in each.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .._internal.progress import progress_bar

THUMBNAIL = 96  # pixels of the longer side; images up to this are kept to the last bit
LARGE = 512  # and of the larger pictures of those that are reduced for their thumbnails
SHEET = 2**20  # pixels
MOST = 400  # pictures a sheet
MEMORY = 2**28  # bytes of pictures that are gathered in one go through the array
LOSSLESS: dict[str, Any] = {"lossless": True, "quality": 50, "method": 2}  # 8 % smaller than PNG, as fast
LOSSY: dict[str, Any] = {"quality": 88, "method": 2}

Index = tuple[np.ndarray, ...]  # of the pictures of a sheet: along the first axes of the array


@dataclass(frozen=True)
class Grid:
    """Where the pictures of a sheet stand."""

    height: int
    width: int
    columns: int
    exact: bool

    @property
    def capacity(self) -> int:
        """How many pictures fit on a sheet."""
        return self.columns**2

    @classmethod
    def of(cls, shape: tuple[int, ...], side: int = THUMBNAIL, count: int | None = None) -> "Grid":
        """For images (..., height, width), reduced to ``side``: ``count``, or what loads fast."""
        height, width = (max(1, round(n * min(1, side / max(shape[-2:])))) for n in shape[-2:])
        fitting = min(MOST, SHEET // (height * width)) if count is None else count
        columns = max(1, int(fitting**0.5)) if count is None else int(np.ceil(count**0.5))
        return cls(
            height, width, columns, (height, width) == tuple(shape[-2:]) and max(shape[-2:]) <= THUMBNAIL
        )


def sheet(pictures: np.ndarray, grid: Grid) -> Image.Image:
    """Pictures (n, channels, height, width) in uint8, grey or RGB, on one sheet."""
    if pictures.shape[2:] != (grid.height, grid.width):
        pictures = np.stack([_reduced(picture, grid) for picture in pictures])
    lines = -(-len(pictures) // grid.columns)
    whole = np.zeros((lines * grid.columns, *pictures.shape[1:]), np.uint8)
    whole[: len(pictures)] = pictures
    tiled = whole.reshape(lines, grid.columns, *pictures.shape[1:]).transpose(0, 3, 1, 4, 2)
    tiled = tiled.reshape(lines * grid.height, grid.columns * grid.width, -1)
    return Image.fromarray(np.broadcast_to(tiled, (*tiled.shape[:2], 3)).copy())


def _reduced(picture: np.ndarray, grid: Grid) -> np.ndarray:
    planes = [
        Image.fromarray(plane).resize((grid.width, grid.height), Image.Resampling.LANCZOS)
        for plane in picture
    ]
    return np.stack([np.asarray(plane) for plane in planes])


def gathered(array: Any, index: Index) -> np.ndarray:
    """``array[index]`` of a Zarr array, each of whose chunks along the first axis is read once."""
    image, *others = index
    found = np.empty((len(image), *array.shape[len(index) :]), np.uint8)
    order, step = np.argsort(image, kind="stable"), array.chunks[0]
    starts = range(0, array.shape[0] + step, step)
    for start, (low, high) in zip(starts, pairwise(np.searchsorted(image[order], starts)), strict=False):
        rows = order[low:high]
        if len(rows):
            block = array[start : start + step]
            found[rows] = block[(image[rows] - start, *(each[rows] for each in others))]
    return found


def paged(index: Index, capacity: int) -> Iterator[Index]:
    """The index of each of the sheets that an index fills."""
    for start in range(0, len(index[0]), capacity):
        yield tuple(each[start : start + capacity] for each in index)


def write_sheets(folder: Path, array: Any, sheets: dict[str, Index], grid: Grid, progress: bool) -> None:
    """Write each sheet as ``name.webp``, with at most `MEMORY` of the array's pictures at a time."""
    size = int(np.prod(array.shape[1 + array.ndim - 4 :]))
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        for names in progress_bar("sprite sheets", progress, _groups(sheets, MEMORY // size)):
            index = tuple(
                np.concatenate(parts) for parts in zip(*(sheets[name] for name in names), strict=True)
            )
            ends = np.cumsum([len(sheets[name][0]) for name in names])[:-1]
            pictures = np.split(gathered(array, index), ends)
            list(threads.map(partial(_save, folder, grid), names, pictures))


def _save(folder: Path, grid: Grid, name: str, pictures: np.ndarray) -> None:
    sheet(pictures, grid).save(folder / f"{name}.webp", **(LOSSLESS if grid.exact else LOSSY))


def _groups(sheets: dict[str, Index], most: int) -> list[list[str]]:
    """Names of sheets that together hold at most ``most`` pictures (or are one sheet)."""
    groups: list[list[str]] = []
    held = most
    for name, index in sheets.items():
        held += len(index[0])
        if held > most or not groups:
            groups.append([])
            held = len(index[0])
        groups[-1].append(name)
    return groups
