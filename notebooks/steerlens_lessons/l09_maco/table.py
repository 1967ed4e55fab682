"""Lesson 09: the table of 20 classes of ImageNet by four parameterisations, computed once and stored.

METHODS, CLASSES   what is compared
measured_entry     one visualisation, and what is measured on it
compute            all of them, entry by entry, going on where an earlier run stopped
stored             the committed table

``python -m steerlens_lessons.l09_maco.table`` (``make tables``) computes it again: 20 minutes on a core.
"""

import csv
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.functional import pil_to_tensor, to_pil_image

from steerlens import imagenet, objectives
from steerlens._internal.progress import progress_bar
from steerlens.data import photos, records
from steerlens.data.files import check_file, data_root
from steerlens.data.photographs import IMAGENET_CLASSES
from steerlens.maco.spectra import Spectrum, magnitude_spectrum
from steerlens.maco.visualization import maco
from steerlens.transforms.pyramid import SteerablePyramid

from .measures import leave_one_out, spectral_distance, standing

NETWORK = "squeezenet1_0"
CLASSES = tuple(range(3, 1000, 50))  # every fifth class of the photographs, the first one on
CANVAS, TILE = 160, 112  # pixels: as computed, and as kept in the contact sheet
SETTINGS = {"steps": 128, "crops": 4, "size": 112, "sides": (0.9, 0.3), "noise": 0.08, "seed": 0}
METHODS = {  # the transform and what is free; in the pyramid, phases that do not fit together cancel
    "MACO": ("Fourier", {"free": "phase"}),
    "Fourier": ("Fourier", {"free": "spectrum"}),
    "pixels": ("Fourier", {"free": "pixels"}),
    "pyramid MACO": ("pyramid", {"free": "phase", "contrast": 2.0}),
}
PHOTOGRAPHS = "photographs"
EARLY = 8  # step whose score another machine finds within some percent: later ones depend on every rounding
FIELDS = {"method": str, "class": int, "logit": float, "rank": int, "probability": float}
FIELDS |= dict.fromkeys(("early_score", "last_score", "decibels"), float)
REMEDY = "restore it, or compute it again (make tables)"


def spectra(photographs: Tensor) -> dict[str, Spectrum]:
    """The photographs' magnitudes in both transforms: (n, 3, height, width), by name."""
    pyramid = SteerablePyramid(tuple(photographs.shape[-2:]), scales=5, orientations=4)
    return {"Fourier": magnitude_spectrum(photographs), "pyramid": magnitude_spectrum(photographs, pyramid)}


def measured_entry(
    model: nn.Module, photographs: Tensor, held: dict[str, Spectrum], method: str, label: int
) -> tuple[dict[str, Any], Tensor]:
    """One row of the table, and the visualisation (3, height, width) of one class by one method."""
    transform, options = METHODS[method]
    found = maco(objectives.logit(model, label), held[transform], **SETTINGS, **options, progress=False)
    scores = found.scores[0, [EARLY, -1]].tolist()
    return _row(model, photographs, method, found.images, label, scores), found.images[0]


def _row(
    model: nn.Module, photographs: Tensor, method: str, image: Tensor, label: int, scores: list[float]
) -> dict[str, Any]:
    here = standing(model, image, torch.tensor([label]))
    values = [here.logits.item(), here.ranks.item(), here.probabilities.item(), *scores]
    away = spectral_distance(image, photographs).item()
    return dict(zip(FIELDS, [method, label, *values, away], strict=True))


def photograph_rows(model: nn.Module, photographs: Tensor, labels: Tensor) -> list[dict[str, Any]]:
    """The same measures of the photographs of the classes, each compared with all other photographs."""
    away, rows = leave_one_out(photographs), []
    for label in CLASSES:
        place = int((labels == label).nonzero()[0])
        row = _row(model, photographs, PHOTOGRAPHS, photographs[place : place + 1], label, [0.0, 0.0])
        rows.append({**row, "decibels": away[place].item()})
    return rows


def compute(work: Path, progress: bool = True) -> list[dict[str, Any]]:
    """All rows; each is written to the file ``work`` when it is there, and not computed again.

    Raises:
        FileNotFoundError: the weights or the photographs are not there.
    """
    model, data = imagenet.pretrained(NETWORK), photos(CANVAS)
    if model is None or not set(CLASSES) <= set(data.labels.tolist()):
        raise FileNotFoundError(f"expected the weights of {NETWORK} and 100 photographs in {data_root()}")
    held = spectra(data.images)
    rows = _read(work) if work.is_file() else photograph_rows(model, data.images, data.labels)
    done = {(row["method"], row["class"]) for row in rows}
    todo = [(method, label) for label in CLASSES for method in METHODS if (method, label) not in done]
    for method, label in progress_bar("maco table", progress, todo):
        row, image = measured_entry(model, data.images, held, method, label)
        rows.append(row)
        _write(work, rows)
        to_pil_image(image).save(_picture(work, method, label))
    return rows


def _picture(work: Path, method: str, label: int) -> Path:
    return work.with_name(f"{work.stem}-{method.replace(' ', '-')}-{label}.png")


def contact_sheet(work: Path) -> Image.Image:
    """All visualisations beside the table's file ``work``: a row a method, a column a class."""
    sheet = Image.new("RGB", (TILE * len(CLASSES), TILE * len(METHODS)))
    for row, method in enumerate(METHODS):
        for column, label in enumerate(CLASSES):
            tile = Image.open(_picture(work, method, label)).resize((TILE, TILE), Image.Resampling.LANCZOS)
            sheet.paste(tile, (TILE * column, TILE * row))
    return sheet


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, FIELDS, lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow({name: f"{v:.6g}" if isinstance(v, float) else v for name, v in row.items()})


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="") as file:
        return [{name: FIELDS[name](text) for name, text in row.items()} for row in csv.DictReader(file)]


def stored() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of the committed table, and its record. Raises ValueError unless its SHA-256 is the record's."""
    path = records.committed("results") / f"maco-{NETWORK}.csv"
    record = records.checked(path, REMEDY)
    return _read(path), record


def stored_sheet() -> Tensor:
    """The committed contact sheet, (methods, classes, 3, height, width) in [0, 1]."""
    path = records.committed("results") / f"maco-{NETWORK}.jpg"
    check_file(path, stored()[1]["sheet_sha256"], REMEDY)
    whole = pil_to_tensor(Image.open(path)).float() / 255
    return whole.unflatten(2, (len(CLASSES), TILE)).unflatten(1, (len(METHODS), TILE)).permute(1, 3, 0, 2, 4)


def names() -> list[str]:
    """Short names of the 20 classes."""
    return [IMAGENET_CLASSES[label] for label in CLASSES]


def column(rows: list[dict[str, Any]], method: str, field: str) -> Tensor:
    """One measure of one method, float64 (classes,), in the order of `CLASSES`."""
    found = {row["class"]: row[field] for row in rows if row["method"] == method}
    return torch.tensor([found[label] for label in CLASSES], dtype=torch.float64)


def main() -> None:
    """Compute the table, and write it with the record that vouches for it."""
    plan = json.dumps([NETWORK, CLASSES, CANVAS, SETTINGS, METHODS])
    work = Path("build") / f"maco-table-{hashlib.sha256(plan.encode()).hexdigest()[:12]}.csv"
    started, rows = time.perf_counter(), compute(work)
    path = records.committed("results") / f"maco-{NETWORK}.csv"
    _write(path, rows)
    sheet = path.with_suffix(".jpg")
    contact_sheet(work).save(sheet, quality=85)
    weights = data_root() / "imagenet" / f"{NETWORK}.pth"
    record = {"network": NETWORK, "canvas": CANVAS, "settings": SETTINGS, "methods": METHODS}
    record |= {"sheet_sha256": _sha256(sheet)}
    record |= {"weights_sha256": _sha256(weights) if weights.is_file() else "torchvision"}
    record |= {"photographs": str(magnitude_spectrum(photos(CANVAS)))}
    record |= {"seconds_of_this_run": round(time.perf_counter() - started)}
    record |= {"threads": torch.get_num_threads(), "torch": torch.__version__, "command": "make tables"}
    records.write(path, path.read_bytes(), record)
    print(f"wrote {path} and its record: {len(rows)} rows")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
