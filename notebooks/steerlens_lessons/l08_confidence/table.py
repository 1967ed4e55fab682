"""Lesson 08: the protocol of its table, what is measured on each edit, and the stored result.

PROTOCOLS        digits and faces: data, drivers, judges, distances
case, rows       sources and targets; the rows of the table
measured         one row of the table, for some sources
load             the stored table, its checksum compared

`confidence_table.py` computes the tables (``make tables``), `confidence_figures.py` shows them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import safetensors.torch
import torch
from torch import Tensor, nn

from steerlens import data as datasets
from steerlens import models
from steerlens.data import ImageData, records
from steerlens.evaluation import Editor, editors, first_correct, matched_edit, warp_energy
from steerlens.morphs.gradients import batched_logits
from steerlens.morphs.steps import l2_distance

from ..l04_mnist import measures as mnist
from .held import held_editors
from .straight import reference_editors

MEASURES = ("probability", "first", "second", "energy", "energy with gain", "attained", "distance")
HELD = ("pixel, held", "CSP joint, held", "CSP joint + warp, held")
INK = ("pixel + contrast, held", "CSP joint + warp + contrast, held")
ROBUST_ROWS = ("pixel", "CSP phase", "CSP joint + warp + contrast, held")
FACE_SCALE = 48 / 28  # a face has as many more pixels a side: the same change of each pixel


@dataclass(frozen=True)
class Protocol:
    """Which images are edited, with whose gradient, how far, and who judges."""

    data: Callable[[], ImageData]
    driver: str  # a recipe of `steerlens.models`
    robust: str | None  # an adversarially trained one beside it
    judges: tuple[str, str]  # no edit is made with their gradients
    sources: int
    distances: tuple[float, ...]
    padding: int  # of the pyramid
    held: tuple[str, ...]  # which of the editors that hold the distance
    noise: float  # of their smoothed driver


PROTOCOLS = {
    "mnist": Protocol(
        datasets.digits,
        driver="lenet",
        robust="robust_lenet",
        judges=("resnet", "mlp"),
        sources=300,
        distances=(1.0, 2.0, 4.0),
        padding=2,
        held=HELD + INK,
        noise=0.15,
    ),
    "fer2013": Protocol(
        datasets.faces,
        driver="face",
        robust=None,
        judges=("face_resnet", "face_lenet"),
        sources=200,
        distances=(FACE_SCALE, 2 * FACE_SCALE),
        padding=0,
        held=HELD[:1] + HELD[2:3],
        noise=0.1,
    ),
}


@cache
def data(name: str) -> ImageData:
    """The test images of a protocol."""
    return PROTOCOLS[name].data()


@cache
def case(name: str, sources: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Images, labels and targets of the table, or of its first sources only.

    The first of each class that the driver gets right, in turn; targets are drawn from the other classes.
    """
    images, protocol = data(name), PROTOCOLS[name]
    classes = len(images.classes)
    driver, each = model(name, protocol.driver), (sources or protocol.sources) // classes
    chosen = torch.stack([first_correct(driver, images, each, kind) for kind in images.classes], 1).flatten()
    labels = images.labels[chosen]
    return images.images[chosen], labels, mnist.random_targets(labels, classes=classes)


@cache
def model(name: str, recipe: str) -> nn.Module:
    """A trained classifier for a protocol's data."""
    return models.load(recipe, data(name), progress=False)


@cache
def rows(name: str) -> dict[str, tuple[str, Editor]]:
    """The rows of a protocol's table: the driver's recipe, and the editor."""
    protocol, images = PROTOCOLS[name], data(name)
    shape = tuple(images.images.shape[-2:])
    held = held_editors(shape, protocol.padding, protocol.noise)
    found = editors(shape, protocol.padding) | {row: held[row] for row in protocol.held}
    references = reference_editors(images.training_split())
    table = {row: (protocol.driver, editor) for row, editor in (found | references).items()}
    if protocol.robust:
        table |= {f"{row}, robust": (protocol.robust, found[row]) for row in ROBUST_ROWS}
    return table


def measured(
    name: str, row: str, images: Tensor, targets: Tensor, distances: tuple[float, ...] | None = None
) -> dict[str, Tensor]:
    """One row of a protocol's table, for some sources: `MEASURES`, each (distances, sources)."""
    recipe, editor = rows(name)[row]
    driver = model(name, recipe)
    parts = []
    for distance in distances or PROTOCOLS[name].distances:
        edited, attained = matched_edit(driver, images, targets, editor, distance)
        p, seen = judged(name, driver, edited, targets)
        found = {
            "probability": p,
            "first": seen[:, 0],
            "second": seen[:, 1],
            "energy": warp_energy(images, edited, progress=False),
            "energy with gain": warp_energy(images, edited, gain=True, progress=False),
            "attained": attained,
            "distance": l2_distance(edited, images),
        }
        parts.append(found)
    return {measure: torch.stack([part[measure] for part in parts]).float() for measure in MEASURES}


def judged(name: str, driver: nn.Module, edited: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The driver's p of the target, (n,), and whether each judge sees the target, (n, 2)."""
    judges = [model(name, recipe) for recipe in PROTOCOLS[name].judges]
    p = batched_logits(driver, edited).softmax(1).gather(1, targets[:, None])[:, 0]
    return p, torch.stack([batched_logits(judge, edited).argmax(1) == targets for judge in judges], 1)


REMEDY = "restore it, or compute it again (make tables)"


@dataclass(frozen=True)
class Table:
    """A stored table: what was measured on every edit.

    Attributes:
        values: by row and measure, (distances, sources).
        labels, targets: of the sources, (sources,).
        record: how it was made: data, driver, judges, distances, command, SHA-256.
    """

    values: dict[str, dict[str, Tensor]]
    labels: Tensor
    targets: Tensor
    record: dict

    def column(self, distance: float) -> int:
        """Where a distance stands. Raises ValueError for one that was not measured."""
        return self.record["distances"].index(distance)


def load(name: str) -> Table:
    """A stored table of `PROTOCOLS`. Raises ValueError if it is not what its record's SHA-256 says."""
    path = records.committed("results") / f"confidence-{name}.safetensors"
    record = records.checked(path, REMEDY)
    stored = safetensors.torch.load_file(path)
    rows = {row: {kind: stored[f"{row}|{kind}"] for kind in MEASURES} for row in record["rows"]}
    return Table(rows, stored["labels"], stored["targets"], record)
