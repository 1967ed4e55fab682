"""Lesson 14: an atlas of classes, drawn by MACO, computed once and stored.

DRAWN, CLASSES   the table with its sheet, and the classes that are in it
Drawer           draws a class, and measures how it stands among all classes and among the photographs
nearest          the photographs whose features point the same way

``python -m steerlens_lessons.l14_channels.classes [COUNT]`` (``make tables``) draws what is missing of the
first COUNT classes (200; 1000 are all): 13 s a class on a core.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from steerlens import objectives
from steerlens.data import ImageData
from steerlens.maco.spectra import Spectrum, magnitude_spectrum
from steerlens.maco.visualization import maco

from ..common.activations import pooled
from ..common.sheets import Drawn, Sheet, weights_digest
from ..common.squeezenet import NETWORK, network_and_photographs
from ..l09_maco.measures import spectral_distance, standing

LAYER = "1.features.12"  # the last one before the classes: what `nearest` compares
DRAWN = Sheet(f"drawn-{NETWORK}", ("class",), tile=128, across=20)
CLASSES = sorted(range(1000), key=lambda k: (k % 10 != 3, k % 10 != 8, k))  # first those with photographs
STORED = 200  # classes that are drawn unless more are asked for
CANVAS = 160
SETTINGS = {"steps": 128, "crops": 4, "size": 112, "sides": (0.9, 0.5), "noise": 0.08, "seed": 0}
EARLY = 8  # step whose score another machine finds within some percent: later ones depend on every rounding
NEAREST = 4  # photographs that are named


def nearest(found: Tensor, photographs: Tensor) -> tuple[Tensor, Tensor]:
    """Photographs (n, photographs) by the cosine of features, the nearest first, and these cosines.

    Features are taken less the photographs' mean: they are not negative, and without this all are near.

    Args:
        found: features (n, channels) of what is compared.
        photographs: features (photographs, channels).
    """
    middle = photographs.mean(0)
    cosines = normalize(found - middle) @ normalize(photographs - middle).T
    values, order = cosines.sort(dim=1, descending=True)
    return order, values


@dataclass(frozen=True)
class Drawer:
    """What draws a class: the classifier, the photographs, their spectrum and features."""

    model: nn.Module
    data: ImageData
    spectrum: Spectrum
    known: Tensor

    @classmethod
    def at_hand(cls) -> "Drawer":
        """SqueezeNet and the photographs. Raises FileNotFoundError where they are not there."""
        model, data = network_and_photographs(CANVAS)
        return cls(model, data, magnitude_spectrum(data.images), pooled(model, LAYER, data.images))

    def draw(self, label: int) -> Drawn:
        """What is measured on the picture of a class, and the picture (3, height, width)."""
        found = maco(objectives.logit(self.model, label), self.spectrum, **SETTINGS, progress=False)
        return self.measures(found.images, label) | _scores(found.scores[0]), found.images[0]

    def measures(self, image: Tensor, label: int) -> dict[str, Any]:
        """How a class stands in an image (1, 3, h, w), its spectrum, and the photographs that are nearest."""
        here = standing(self.model, image, torch.tensor([label]))
        row = {"logit": here.logits, "rank": here.ranks, "probability": here.probabilities}
        row |= {"decibels": spectral_distance(image, self.data.images)}
        order, cosines = nearest(pooled(self.model, LAYER, image), self.known)
        near = {"near": self.data.labels[order[0]], "cosine": cosines[0]}
        row |= {f"{name}_{k}": values[k] for k in range(NEAREST) for name, values in near.items()}
        if (own := self.data.labels == label).any():
            row["place_of_own"] = own[order[0]].nonzero()[0, 0] + 1
        return {name: value.item() for name, value in row.items()}


def _scores(scores: Tensor) -> dict[str, float]:
    return {"early_score": scores[EARLY].item(), "last_score": scores[-1].item()}


def main(count: int = STORED) -> None:
    """Draw what is missing, and write the table, its sheet and the record that vouches for both."""
    drawer, work = Drawer.at_hand(), Path("build") / DRAWN.name / "table.csv"
    chosen = [(label,) for label in CLASSES[:count]]
    rows = DRAWN.compute(work, chosen, drawer.draw)
    record: dict[str, Any] = {"network": NETWORK, "canvas": CANVAS, "settings": SETTINGS}
    record |= {"weights_sha256": weights_digest(NETWORK)}
    record |= {"photographs": str(drawer.spectrum), "torch": torch.__version__, "command": "make tables"}
    DRAWN.keep(work, [(label,) for label in rows["class"]], record, quality=80)
    print(f"wrote {DRAWN.path}: {len(rows)} classes")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
