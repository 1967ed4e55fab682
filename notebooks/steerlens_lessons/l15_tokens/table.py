"""Lesson 15, tokens: ten digits drawn by three networks in three ways, and what four networks see in them.

drawn     the ten classes of one network by one parameterisation, and what is measured on them
compute   all of them for some data
stored    the committed table, and the pictures of the first start

``python -m steerlens_lessons.l15_tokens.table`` (``make tables``) computes them again: three
minutes on a core.
"""

import io
import time
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms.functional import pil_to_tensor, to_pil_image
from torchvision.utils import make_grid

from steerlens import data as datasets
from steerlens import objectives
from steerlens._internal.progress import progress_bar
from steerlens.classifiers import models
from steerlens.data import ImageData, records
from steerlens.maco.spectra import Spectrum, magnitude_spectrum
from steerlens.maco.visualization import Visualization, maco
from steerlens.morphs.scores import batched_logits

from ..l09_maco.measures import spectral_distance
from .tokens import HOW

NETWORKS = ("vit", "lenet", "resnet")  # they draw, and judge the drawings of each other
JUDGES = (*NETWORKS, "mlp")
METHODS: dict[str, dict[str, Any]] = {  # rates as in lesson 09
    "MACO": {"free": "phase"},
    "Fourier": {"free": "spectrum", "rate": 0.05},
    "pixels": {"free": "pixels", "rate": 0.05},
}
SEEDS, SPECTRUM = range(3), 1000  # starts, and digits whose magnitudes are held
EARLY = 8  # step whose score another machine finds within some percent
REMEDY = "restore it, or compute it again (make tables)"


def drawn(
    nets: dict[str, nn.Module], digits: ImageData, held: Spectrum, driver: str, method: str, seed: int
) -> tuple[pd.DataFrame, Visualization]:
    """A row for each class: the class that each judge sees, scores, distance to the digits' spectrum."""
    goal = objectives.logit(nets[driver], range(10))
    found = maco(goal, held, **HOW | METHODS[method], seed=seed)
    row = {"driver": driver, "method": method, "seed": seed, "class": range(10)}
    row |= {judge: batched_logits(nets[judge], found.images).argmax(1).tolist() for judge in JUDGES}
    row |= {"early_score": found.scores[:, EARLY].tolist(), "last_score": found.scores[:, -1].tolist()}
    away = spectral_distance(found.images, digits.images[:SPECTRUM])
    return pd.DataFrame(row | {"decibels": away.tolist()}).round(4), found


def networks(digits: ImageData) -> dict[str, nn.Module]:
    """The judges by name, trained on these digits."""
    return {name: models.load(name, digits) for name in JUDGES}


def compute(digits: ImageData, progress: bool = True) -> tuple[pd.DataFrame, Tensor]:
    """All rows, and the pictures of the first start, (networks * methods, 10, 1, 28, 28)."""
    nets, held = networks(digits), magnitude_spectrum(digits.images[:SPECTRUM])
    rows, pictures = [], []
    cases = [(driver, method, seed) for driver in NETWORKS for method in METHODS for seed in SEEDS]
    for case in progress_bar("tokens", progress, cases):
        row, found = drawn(nets, digits, held, *case)
        rows.append(row)
        pictures += [found.images] if case[2] == SEEDS[0] else []
    return pd.concat(rows), torch.stack(pictures)


def stored(digits: ImageData) -> pd.DataFrame:
    """The committed table of these digits. Raises ValueError."""
    return pd.read_csv(_checked("tokens", digits, "csv"))


def stored_pictures(digits: ImageData) -> dict[tuple[str, str], Tensor]:
    """Ten pictures (10, 1, 28, 28) by network and method, those of the first start. Raises ValueError."""
    with Image.open(_checked("tokens-pictures", digits, "png")) as sheet:
        rows = pil_to_tensor(sheet).float().div(255).unflatten(1, (-1, 28)).unflatten(3, (-1, 28))
    pictures = rows.permute(1, 3, 0, 2, 4)  # (rows, 10, 1, 28, 28)
    return dict(zip(product(NETWORKS, METHODS), pictures, strict=True))


def _path(kind: str, digits: ImageData, suffix: str) -> Path:
    return records.committed("results") / f"{kind}-{records.slug(digits.source)}.{suffix}"


def _checked(kind: str, digits: ImageData, suffix: str) -> Path:
    path = _path(kind, digits, suffix)
    records.checked(path, REMEDY)
    return path


def main() -> None:
    """Compute the tables of MNIST and of the digits that stand in for it."""
    for digits in (datasets.digits(), datasets.small_digits()):
        started = time.perf_counter()
        rows, pictures = compute(digits)
        record = {"data": digits.source, "settings": HOW, "methods": METHODS, "torch": torch.__version__}
        record |= {"seconds": round(time.perf_counter() - started), "command": f"python -m {__spec__.name}"}
        records.write(_path("tokens", digits, "csv"), rows.to_csv(index=False).encode(), record)
        sheet, content = to_pil_image(make_grid(pictures.flatten(0, 1), 10, padding=0)[:1]), io.BytesIO()
        sheet.save(content, format="PNG", optimize=True)
        records.write(_path("tokens-pictures", digits, "png"), content.getvalue(), record)


if __name__ == "__main__":
    main()
