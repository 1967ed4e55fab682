"""Lesson 08: the protocol of its tables, what is measured on each edit, and the stored tables.

PROTOCOLS         digits and faces: data, drivers, judges, distances
case, rows        sources and targets; the rows of a table
edits, measured   a row of a table, for some sources: the images; what is measured on them
load              a stored table, its checksum compared

`make_table.py` computes the tables (``make tables``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import safetensors.torch
import torch
from torch import Tensor, nn

from steerlens import data as datasets
from steerlens import models
from steerlens.data import ImageData, records
from steerlens.evaluation import Editor, editors, first_correct, matched_edit, warp_energy
from steerlens.morphs.scores import batched_logits
from steerlens.morphs.steps import l2_distance

from ..common.local_phases import local_phases
from ..l04_mnist import measures as mnist
from .held import held_editors
from .straight import reference_editors

REMEDY = "restore it, or compute it again (make tables)"
MEASURES = ("probability", "first", "second", "energy", "energy with gain", "attained", "distance")
HELD = ("pixel, held", "CSP joint, held", "CSP joint + warp, held")
INK = (
    "pixel + contrast, held",
    "CSP joint + warp + contrast, held",
    "pixel + contrast + blur, held",
    "pixel + contrast + blur + pull, held",
)
LITERAL = "CSP phase, frozen, literal"  # Eq. 10-11 by the letter: the low-pass held, too
ROBUST_ROWS = ("pixel", "CSP phase", "CSP joint + warp + contrast, held", INK[-1])
FACE_SCALE = 48 / 28  # a face has as many more pixels a side: the same change of each pixel


@dataclass(frozen=True)
class Protocol:
    """Which images are edited, with whose gradient, how far, and who judges."""

    data: Callable[[], ImageData]
    driver: str  # a recipe of `steerlens.models`
    robust_driver: str | None  # an adversarially trained one beside it
    judges: tuple[str, str]  # no edit is made with their gradients
    sources: int
    distances: tuple[float, ...]
    padding: int  # of the pyramid
    held: tuple[str, ...]  # which of the editors that hold the distance
    noise: float  # of their smoothed driver
    lenses: tuple[str, ...]  # which of `local_phases` are edited as the pyramid's phases are


PROTOCOLS = {
    "mnist": Protocol(
        datasets.digits,
        driver="lenet",
        robust_driver="robust_lenet",
        judges=("resnet", "mlp"),
        sources=300,
        distances=(1.0, 2.0, 4.0),
        padding=2,
        held=HELD + INK,
        noise=0.15,
        lenses=("DTCWT", "Gabor"),
    ),
    "fer2013": Protocol(
        datasets.faces,
        driver="face",
        robust_driver=None,
        judges=("face_resnet", "face_lenet"),
        sources=200,
        distances=(FACE_SCALE, 2 * FACE_SCALE),
        padding=0,
        held=HELD[:1] + HELD[2:3],
        noise=0.1,
        lenses=(),
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
    literal = {LITERAL: partial(found["CSP phase, frozen"], residuals="fixed")}
    lenses = local_phases(shape, padding=protocol.padding)
    others = {
        f"{name} phase": partial(found["CSP phase"], transform=lenses[name]) for name in protocol.lenses
    }
    plain = found | references | literal | others
    table = {row: (protocol.driver, editor) for row, editor in plain.items()}
    if protocol.robust_driver:
        table |= {f"{row}, robust": (protocol.robust_driver, found[row]) for row in ROBUST_ROWS}
    return table


def edits(
    name: str, row: str, images: Tensor, targets: Tensor, distance: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A row's edited images, p of the targets (n,), which judge sees them (n, 2), which attained (n,)."""
    recipe, editor = rows(name)[row]
    driver = model(name, recipe)
    edited, attained = matched_edit(driver, images, targets, editor, distance)
    return edited, *judged(name, driver, edited, targets), attained


def judged(name: str, driver: nn.Module, edited: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The driver's p of the target, (n,), and whether each judge sees the target, (n, 2)."""
    judges = [model(name, recipe) for recipe in PROTOCOLS[name].judges]
    p = batched_logits(driver, edited).softmax(1).gather(1, targets[:, None])[:, 0]
    return p, torch.stack([batched_logits(judge, edited).argmax(1) == targets for judge in judges], 1)


def measured(
    name: str, row: str, images: Tensor, targets: Tensor, distances: tuple[float, ...] | None = None
) -> dict[str, Tensor]:
    """One row of a protocol's table, for some sources: `MEASURES`, each (distances, sources)."""
    found = []
    for distance in distances or PROTOCOLS[name].distances:
        edited, p, seen, attained = edits(name, row, images, targets, distance)
        E, with_gain = (warp_energy(images, edited, gain=gain, progress=False) for gain in (False, True))
        found.append((p, *seen.T, E, with_gain, attained, l2_distance(edited, images)))
    parts = zip(MEASURES, zip(*found, strict=True), strict=True)
    return {measure: torch.stack(values).float() for measure, values in parts}


@dataclass(frozen=True)
class Table:
    """A stored table: what was measured on every edit."""

    values: dict[str, dict[str, Tensor]]  # by row and measure, (distances, sources)
    labels: Tensor  # of the sources, (sources,)
    targets: Tensor
    record: dict  # how it was made: data, driver, judges, distances, command, SHA-256

    def column(self, distance: float) -> int:
        """Where a distance stands. Raises ValueError for one that was not measured."""
        return self.record["distances"].index(distance)

    def both(self, row: str, distance: float) -> Tensor:
        """Whether both judges see the target, (sources,)."""
        first, second = (self.values[row][judge][self.column(distance)] for judge in ("first", "second"))
        return first * second > 0


def load(name: str) -> Table:
    """A stored table of `PROTOCOLS`. Raises ValueError if it is not what its record's SHA-256 says."""
    path = records.committed("results") / f"confidence-{name}.safetensors"
    record = records.checked(path, REMEDY)
    stored = safetensors.torch.load_file(path)
    rows = {row: {kind: stored[f"{row}|{kind}"] for kind in MEASURES} for row in record["rows"]}
    return Table(rows, stored["labels"], stored["targets"], record)
