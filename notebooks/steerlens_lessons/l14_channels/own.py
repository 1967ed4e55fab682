"""Lesson 14: the classes of our own networks, digits and faces, drawn by MACO, computed once and stored.

DRAWN, NETWORKS   the table with its sheet, and the networks that draw
draw              one class of one network, with what the other networks and the data say of the picture

``python -m steerlens_lessons.l14_channels.own`` (``make tables``) draws what is missing: two minutes.
"""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from steerlens import models, objectives
from steerlens.data import ImageData, digits, faces
from steerlens.data.files import data_root
from steerlens.maco.spectra import Spectrum, magnitude_spectrum
from steerlens.maco.visualization import maco

from ..common.sheets import Drawn, Sheet
from ..l09_maco.measures import HOW_DIGITS, standing

DRAWN = Sheet("drawn-own", ("data", "network", "class"), tile=96, across=10)
SOURCES = {"MNIST": (digits, 1000, 28), "FER2013, sad and happy": (faces, 500, 48)}  # images for the spectrum
NETWORKS = {
    "MNIST": ("lenet", "resnet", "mlp", "robust_lenet", "vit"),
    "FER2013, sad and happy": ("face", "face_lenet", "face_resnet"),
}
SETTINGS = HOW_DIGITS | {"steps": 128, "seed": 0}
NEAREST = 4


@cache
def at_hand(source: str) -> tuple[ImageData, Spectrum]:
    """The images and their spectrum. Raises FileNotFoundError where these data are not there."""
    load, count, _ = SOURCES[source]
    data = load()
    if data.source != source:
        raise FileNotFoundError(f"expected {source} in {data_root()}, found {data.source}")
    return data[:count], magnitude_spectrum(data.images[:count])


def alike(images: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the other images, the nearest first, and the correlation of their pixels: both (n, others)."""
    flat = [(part.flatten(1) - part.flatten(1).mean(1, keepdim=True)) for part in (images, others)]
    values, order = (normalize(flat[0]) @ normalize(flat[1]).T).sort(dim=1, descending=True)
    return order, values


def draw(source: str, network: str, label: int) -> Drawn:
    """What is measured on the picture of a class, and the picture (1, height, width)."""
    (data, spectrum), size = at_hand(source), SOURCES[source][2]
    model = models.load(network, data)
    found = maco(objectives.logit(model, label), spectrum, **SETTINGS | {"size": size})
    return measures(source, network, label, found.images), found.images[0]


def measures(source: str, network: str, label: int, image: Tensor) -> dict[str, Any]:
    """Logit and probability, how many other networks see the class first, and the nearest images."""
    data, _ = at_hand(source)
    here = standing(models.load(network, data), image, torch.tensor([label]))
    row: dict[str, Any] = {"logit": here.logits.item(), "probability": here.probabilities.item()}
    judges = [models.load(other, data) for other in NETWORKS[source] if other != network]
    firsts = [standing(judge, image, torch.tensor([label])).ranks.item() == 1 for judge in judges]
    row |= {"judges": len(judges), "agree": sum(firsts)}
    order, values = alike(image, data.images)
    for k in range(NEAREST):
        row |= {f"near_{k}": order[0, k].item(), f"correlation_{k}": values[0, k].item()}
    return row | {"class_of_nearest": data.labels[order[0, 0]].item()}


def main() -> None:
    """Draw what is missing, and write the table, its sheet and the record that vouches for both."""
    work = Path("build") / DRAWN.name / "table.csv"
    classes = {source: range(len(at_hand(source)[0].classes)) for source in NETWORKS}
    chosen = [
        (source, name, label) for source in NETWORKS for name in NETWORKS[source] for label in classes[source]
    ]
    rows = DRAWN.compute(work, chosen, draw)
    record: dict[str, Any] = {"settings": SETTINGS, "networks": NETWORKS}
    record |= {"images": {source: str(at_hand(source)[1]) for source in NETWORKS}}
    record |= {"torch": torch.__version__, "command": "make tables"}
    DRAWN.keep(work, chosen, record)
    print(f"wrote {DRAWN.path}: {len(rows)} pictures")


if __name__ == "__main__":
    main()
