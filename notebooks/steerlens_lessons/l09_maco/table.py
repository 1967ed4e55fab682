"""Lesson 09: the table of 20 classes of ImageNet by four parameterisations, computed once and stored.

SHEET, METHODS, CLASSES   the table with its pictures, and what is compared
measured_entry            one visualisation, and what is measured on it
compute                   all of them, entry by entry, going on where an earlier run stopped
stored                    the committed table

``python -m steerlens_lessons.l09_maco.table`` (``make tables``) computes it again: 20 minutes on a core.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from steerlens import objectives
from steerlens.data import photos
from steerlens.data.photographs import IMAGENET_CLASSES
from steerlens.maco.spectra import Spectrum, magnitude_spectrum
from steerlens.maco.visualization import maco
from steerlens.transforms.pyramid import SteerablePyramid

from ..common.sheets import Drawn, Sheet, weights_digest
from ..common.squeezenet import NETWORK, network_and_photographs
from .measures import HOW, leave_one_out, spectral_distance, standing

CLASSES = tuple(range(3, 1000, 50))  # every fifth class of the photographs, the first one on
NAMES = [IMAGENET_CLASSES[label] for label in CLASSES]
CANVAS = 160  # pixels, as computed
SHEET = Sheet(f"maco-{NETWORK}", ("method", "class"), tile=112, across=len(CLASSES))
SETTINGS = {"steps": 128, "crops": 4, "size": 112, "sides": (0.9, 0.3), "noise": 0.08, "seed": 0}
HARD = Sheet(f"maco-{NETWORK}-hard", ("setting", "class"), tile=128, across=3)  # classes that cannot be read
HARD_CLASSES = tuple(IMAGENET_CLASSES.index(name) for name in ("bookcase", "file", "radiator"))
HARD_SETTINGS = {
    "small crops": {"sides": (0.5, 0.1)},
    "no crops, four times the steps": {"crops": 0, "steps": 256},
}
METHODS = {  # the transform and what is free; in the pyramid, phases that do not fit together cancel
    "MACO": ("Fourier", {"free": "phase"}),
    "Fourier": ("Fourier", {"free": "spectrum"}),
    "pixels": ("Fourier", {"free": "pixels"}),
    "pyramid MACO": ("pyramid", {"free": "phase", "contrast": 2.0}),
}
PHOTOGRAPHS = "photographs"
EARLY = 8  # step whose score another machine finds within some percent: later ones depend on every rounding


def spectra(photographs: Tensor) -> dict[str, Spectrum]:
    """The photographs' magnitudes in both transforms: (n, 3, height, width), by name."""
    pyramid = SteerablePyramid(tuple(photographs.shape[-2:]), scales=5, orientations=4)
    return {"Fourier": magnitude_spectrum(photographs), "pyramid": magnitude_spectrum(photographs, pyramid)}


def measured_entry(
    model: nn.Module, photographs: Tensor, held: dict[str, Spectrum], method: str, label: int
) -> Drawn:
    """One row of the table, and the visualisation (3, height, width) of one class by one method."""
    transform, options = METHODS[method]
    found = maco(objectives.logit(model, label), held[transform], **SETTINGS, **options, progress=False)
    scores, away = found.scores[0, [EARLY, -1]].tolist(), spectral_distance(found.images, photographs)
    return _measures(model, label, found.images, scores, away), found.images[0]


def photograph_rows(model: nn.Module, photographs: Tensor, labels: Tensor) -> pd.DataFrame:
    """The same measures of the photographs of the classes, each compared with all other photographs."""
    away, places = leave_one_out(photographs), [labels.tolist().index(label) for label in CLASSES]
    pairs = zip(CLASSES, photographs[places].split(1), away[places], strict=True)
    rows = [
        {"method": PHOTOGRAPHS, "class": label} | _measures(model, label, image, [0.0, 0.0], far)
        for label, image, far in pairs
    ]
    return pd.DataFrame(rows)


def _measures(
    model: nn.Module, label: int, image: Tensor, scores: list[float], away: Tensor
) -> dict[str, Any]:
    here = standing(model, image, torch.tensor([label]))
    found = {"logit": here.logits, "rank": here.ranks, "probability": here.probabilities}
    row = {name: value.item() for name, value in found.items()}
    return row | {"early_score": scores[0], "last_score": scores[1], "decibels": away.item()}


def compute(work: Path, progress: bool = True) -> pd.DataFrame:
    """All rows; each is written to the file ``work`` when it is there, and not computed again.

    Raises:
        FileNotFoundError: the weights or the photographs are not there.
    """
    model, data = network_and_photographs(CANVAS)
    held = spectra(data.images)

    def draw(method: str, label: int) -> Drawn:
        return measured_entry(model, data.images, held, method, label)

    given = photograph_rows(model, data.images, data.labels)
    todo = [(method, label) for label in CLASSES for method in METHODS]
    return SHEET.compute(work, todo, draw, given, progress)


def hard() -> None:
    """Draw three classes that cannot be read with other settings, and keep them in `HARD`."""
    model, data = network_and_photographs(128)
    held, work = magnitude_spectrum(data.images), Path("build") / HARD.name / "table.csv"

    def draw(setting: str, label: int) -> Drawn:
        found = maco(objectives.logit(model, label), held, **HOW | HARD_SETTINGS[setting])
        here = standing(model, found.images, torch.tensor([label]))
        return {"logit": here.logits.item(), "rank": here.ranks.item()}, found.images[0]

    todo = [(setting, label) for setting in HARD_SETTINGS for label in HARD_CLASSES]
    HARD.compute(work, todo, draw)
    record = {"network": NETWORK, "settings": [HOW, HARD_SETTINGS], "torch": torch.__version__}
    HARD.keep(work, todo, record | {"command": "make tables"})


def stored() -> tuple[pd.DataFrame, dict[str, Any]]:
    """The committed table by method and class, and its record. Raises ValueError unless its SHA-256 fits."""
    return SHEET.read()


def stored_sheet() -> Tensor:
    """The committed contact sheet, (methods, classes, 3, height, width) in [0, 1]."""
    return SHEET.pictures().unflatten(0, (len(METHODS), len(CLASSES)))


def main() -> None:
    """Compute the table, and write it with the record that vouches for it."""
    plan = json.dumps([NETWORK, CLASSES, CANVAS, SETTINGS, METHODS])
    work = Path("build") / f"maco-table-{hashlib.sha256(plan.encode()).hexdigest()[:12]}.csv"
    started, rows = time.perf_counter(), compute(work)
    record = {"network": NETWORK, "canvas": CANVAS, "settings": SETTINGS, "methods": METHODS}
    record |= {"weights_sha256": weights_digest(NETWORK)}
    record |= {"photographs": str(magnitude_spectrum(photos(CANVAS)))}
    record |= {"seconds_of_this_run": round(time.perf_counter() - started)}
    record |= {"threads": torch.get_num_threads(), "torch": torch.__version__, "command": "make tables"}
    SHEET.keep(work, [(method, label) for method in METHODS for label in CLASSES], record)
    print(f"wrote {SHEET.path} and its record: {len(rows)} rows")
    hard()


if __name__ == "__main__":
    main()
