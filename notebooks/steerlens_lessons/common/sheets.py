"""Pictures that take minutes: drawn one by one, kept as a table with a sheet of pictures beside it.

Sheet            the names of both, and how they are computed, kept and read
digest           SHA-256 of a file
weights_digest   that of a classifier's weights
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor, to_pil_image
from torchvision.utils import make_grid

from steerlens._internal.progress import progress_bar
from steerlens.data import records
from steerlens.data.files import check_file, data_root

REMEDY = "restore it, or compute it again (make tables)"
Key = tuple[Any, ...]
Drawn = tuple[Mapping[str, Any], Tensor]  # what is measured on a picture, and the picture (channels, h, w)


@dataclass(frozen=True)
class Sheet:
    """A table in data/results, a row for each picture, and the pictures as tiles of one JPEG.

    Attributes:
        name: of the files, without suffix.
        keys: the columns that name a picture.
        tile: side in pixels of a picture as it is kept.
        across: tiles in a row of the sheet.
    """

    name: str
    keys: tuple[str, ...]
    tile: int
    across: int

    @property
    def path(self) -> Path:
        """The committed table."""
        return records.committed("results") / f"{self.name}.csv"

    def compute(
        self,
        work: Path,
        todo: Sequence[Key],
        draw: Callable[..., Drawn],
        given: pd.DataFrame | None = None,
        progress: bool = True,
    ) -> pd.DataFrame:
        """The table; what stands in ``work`` is not drawn again, and each row is written when it is there.

        Args:
            work: a CSV file; the pictures are PNG files beside it.
            todo: values of the key columns, a tuple for each picture.
            draw: from such values to what is measured, and the picture in [0, 1].
            given: rows to begin with, that have no picture.
            progress: show a bar.
        """
        rows = pd.read_csv(work) if work.is_file() else given
        columns = list(self.keys)
        done = set() if rows is None else set(rows[columns].itertuples(index=False, name=None))
        for key in progress_bar(self.name, progress, [key for key in todo if key not in done]):
            measures, picture = draw(*key)
            row = pd.DataFrame([dict(zip(columns, key, strict=True)) | dict(measures)])
            rows = row if rows is None else pd.concat([rows, row], ignore_index=True)
            work.parent.mkdir(parents=True, exist_ok=True)
            to_pil_image(picture).save(_picture(work, key))
            rows.to_csv(work, index=False, float_format="%.6g", lineterminator="\n")
        return pd.DataFrame(columns=columns) if rows is None else rows

    def keep(self, work: Path, drawn: Iterable[Key], record: Mapping[str, Any], quality: int = 85) -> None:
        """Write the table of ``work``, the sheet of pictures in the order of ``drawn``, and the record."""
        pictures = [Image.open(_picture(work, key)).convert("RGB") for key in drawn]
        size = (self.tile, self.tile)
        tiles = [pil_to_tensor(picture.resize(size, Image.Resampling.LANCZOS)) for picture in pictures]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        sheet = self.path.with_suffix(".jpg")
        to_pil_image(make_grid(tiles, nrow=self.across, padding=0)).save(sheet, quality=quality)
        records.write(self.path, work.read_bytes(), {**record, "sheet_sha256": digest(sheet)})

    def read(self) -> tuple[pd.DataFrame, dict[str, Any]]:
        """The committed table by its keys, and its record. Raises ValueError unless its SHA-256 fits."""
        record = records.checked(self.path, REMEDY)
        return pd.read_csv(self.path, index_col=list(self.keys)), record

    def pictures(self) -> Tensor:
        """The tiles of the committed sheet (n, 3, tile, tile) in [0, 1], row by row, with empty last ones.

        Raises ValueError unless its SHA-256 is that of the record.
        """
        path = self.path.with_suffix(".jpg")
        check_file(path, self.read()[1]["sheet_sha256"], REMEDY)
        whole = pil_to_tensor(Image.open(path)).float() / 255
        tiles = whole.unflatten(2, (-1, self.tile)).unflatten(1, (-1, self.tile))
        return tiles.permute(1, 3, 0, 2, 4).flatten(0, 1)


def _picture(work: Path, key: Key) -> Path:
    return work.with_name("-".join([work.stem, *(records.slug(str(part)) for part in key)]) + ".png")


def weights_digest(network: str) -> str:
    """SHA-256 of the weights of a classifier of ImageNet that are at hand, else "torchvision"."""
    path = data_root() / "imagenet" / f"{network}.pth"
    return digest(path) if path.is_file() else "torchvision"


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
