"""Lesson 09: the table of 20 classes of ImageNet by four parameterisations, computed once and stored.

METHODS, CLASSES   what is compared
measured_entry     one visualisation, and what is measured on it
compute            all of them, entry by entry, going on where an earlier run stopped
stored             the committed table

``python -m steerlens_lessons.l09_maco.table`` (``make tables``) computes it again: 20 minutes on a core.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.functional import pil_to_tensor, to_pil_image
from torchvision.utils import make_grid

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
NAMES = [IMAGENET_CLASSES[label] for label in CLASSES]
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
REMEDY = "restore it, or compute it again (make tables)"


def spectra(photographs: Tensor) -> dict[str, Spectrum]:
    """The photographs' magnitudes in both transforms: (n, 3, height, width), by name."""
    pyramid = SteerablePyramid(tuple(photographs.shape[-2:]), scales=5, orientations=4)
    return {"Fourier": magnitude_spectrum(photographs), "pyramid": magnitude_spectrum(photographs, pyramid)}


def measured_entry(
    model: nn.Module, photographs: Tensor, held: dict[str, Spectrum], method: str, label: int
) -> tuple[pd.DataFrame, Tensor]:
    """One row of the table, and the visualisation (3, height, width) of one class by one method."""
    transform, options = METHODS[method]
    found = maco(objectives.logit(model, label), held[transform], **SETTINGS, **options, progress=False)
    scores, away = found.scores[0, [EARLY, -1]].tolist(), spectral_distance(found.images, photographs)
    return _row(model, method, label, found.images, scores, away), found.images[0]


def photograph_rows(model: nn.Module, photographs: Tensor, labels: Tensor) -> pd.DataFrame:
    """The same measures of the photographs of the classes, each compared with all other photographs."""
    away, places = leave_one_out(photographs), [labels.tolist().index(label) for label in CLASSES]
    pairs = zip(CLASSES, photographs[places].split(1), away[places], strict=True)
    return pd.concat([_row(model, PHOTOGRAPHS, *pair, [0.0, 0.0], far) for *pair, far in pairs])


def _row(
    model: nn.Module, method: str, label: int, image: Tensor, scores: list[float], away: Tensor
) -> pd.DataFrame:
    here = standing(model, image, torch.tensor([label]))
    found = {"logit": here.logits, "rank": here.ranks, "probability": here.probabilities}
    row = {"method": method, "class": label} | {name: value.item() for name, value in found.items()}
    row |= {"early_score": scores[0], "last_score": scores[1], "decibels": away.item()}
    return pd.DataFrame([row])


def compute(work: Path, progress: bool = True) -> pd.DataFrame:
    """All rows; each is written to the file ``work`` when it is there, and not computed again.

    Raises:
        FileNotFoundError: the weights or the photographs are not there.
    """
    model, data = imagenet.pretrained(NETWORK), photos(CANVAS)
    if model is None or not set(CLASSES) <= set(data.labels.tolist()):
        raise FileNotFoundError(f"expected the weights of {NETWORK} and 100 photographs in {data_root()}")
    held = spectra(data.images)
    rows = pd.read_csv(work) if work.is_file() else photograph_rows(model, data.images, data.labels)
    done = set(zip(rows["method"], rows["class"], strict=True))
    todo = [(method, label) for label in CLASSES for method in METHODS if (method, label) not in done]
    for method, label in progress_bar("maco table", progress, todo):
        row, image = measured_entry(model, data.images, held, method, label)
        rows = pd.concat([rows, row], ignore_index=True)
        _write(work, rows)
        to_pil_image(image).save(_picture(work, method, label))
    return rows


def _picture(work: Path, method: str, label: int) -> Path:
    return work.with_name(f"{work.stem}-{method.replace(' ', '-')}-{label}.png")


def contact_sheet(work: Path) -> Image.Image:
    """All visualisations beside the table's file ``work``: a row a method, a column a class."""
    pictures = [Image.open(_picture(work, method, label)) for method in METHODS for label in CLASSES]
    tiles = [pil_to_tensor(p.resize((TILE, TILE), Image.Resampling.LANCZOS)) for p in pictures]
    return to_pil_image(make_grid(tiles, nrow=len(CLASSES), padding=0))


def _write(path: Path, rows: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")


def stored() -> tuple[pd.DataFrame, dict[str, Any]]:
    """The committed table by method and class, and its record. Raises ValueError unless its SHA-256 fits."""
    path = records.committed("results") / f"maco-{NETWORK}.csv"
    record = records.checked(path, REMEDY)
    return pd.read_csv(path, index_col=["method", "class"]), record


def stored_sheet() -> Tensor:
    """The committed contact sheet, (methods, classes, 3, height, width) in [0, 1]."""
    path = records.committed("results") / f"maco-{NETWORK}.jpg"
    check_file(path, stored()[1]["sheet_sha256"], REMEDY)
    whole = pil_to_tensor(Image.open(path)).float() / 255
    return whole.unflatten(2, (len(CLASSES), TILE)).unflatten(1, (len(METHODS), TILE)).permute(1, 3, 0, 2, 4)


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
