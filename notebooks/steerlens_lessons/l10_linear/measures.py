"""Lesson 10: what is measured on linear interpreters.

    subject               SqueezeNet on photographs; where its weights are not, LeNet on digits
    shares                how much of each top score comes from the input and from each layer
    torchvision_shares    the residual share of other classifiers, where their weights are
    attacked              one step of the fast gradient sign method
    recognised, election  images that the network gets right; what the pixels of one vote for
    spread_of, reach_of   how many pixels a filter covers, and how far its energy lies from a pixel
    shared_source         how alike the far parts of several rows are
    keys_weights          bicubic interpolation, written down
    adaptivity            how much the columns change from place to place
    band_shares           a row seen by the pyramid: energy, and contribution to F x, by scale and orientation

Figures stand in `linear_figures.py`, the widget and the checks in `linear_widgets.py`, the two networks that
are trained for the lesson in `linear_nets.py`.
"""

import contextlib
import io
import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from steerlens import data as datasets
from steerlens import imagenet, models
from steerlens.evaluation import first_correct
from steerlens.linear import LinearInterpreter
from steerlens.morphs.gradients import evaluation_mode
from steerlens.transforms.pyramid import SteerablePyramid

from ..l07_baselines.measures import participation
from . import figures


class Subject(NamedTuple):
    """What the first case of the lesson looks at."""

    full: nn.Module  # images in [0, 1] to scores
    network: nn.Module  # the same without its normalisation
    normalize: nn.Module
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    real: bool  # SqueezeNet's weights and the hundred photographs are there


def subject(size: int = 224) -> Subject:
    """SqueezeNet 1.0 on the photographs; where its weights are not, LeNet on 20 digits that it gets right."""
    full = imagenet.pretrained("squeezenet1_0")
    if full is not None:
        photos = datasets.photos(size)
        real = len(photos) == 100
        return Subject(full, full[1], full[0], photos.images, photos.labels, photos.classes, real)
    digits = datasets.digits()
    lenet = models.load("lenet", digits)
    some = digits[first_correct(lenet, digits, 20)]
    return Subject(lenet, lenet, nn.Identity(), some.images, some.labels, some.classes, False)


def shares(model: nn.Module, images: Tensor) -> tuple[tuple[str, ...], Tensor]:
    """What input and layers give to the top score of each image, in units of the score.

    Args:
        model: images to scores (n, classes).
        images: (n, channels, height, width).

    Returns:
        names, "input" first; shares (n, names), each row summing to 1.
    """
    rows = []
    for image in images.split(1):
        parts = LinearInterpreter(model, image, keep_graph=False).contributions()
        rows.append(torch.cat([parts.input, parts.biases[0]]) / parts.scores)
    return ("input", *parts.layers), torch.stack(rows)


def torchvision_shares(names: Sequence[str], images: Tensor) -> dict[str, Tensor | None]:
    """Residual shares (n,) of classifiers on normalised images, by name; None where there are no weights."""
    found = {}
    for name in names:
        with contextlib.redirect_stdout(io.StringIO()):  # the lesson says it in its own table
            model = imagenet.pretrained(name)
        found[name] = None if model is None else 1 - shares(model[1], model[0](images))[1][:, 0]
    return found


def attacked(model: nn.Module, images: Tensor, labels: Tensor, size: float) -> Tensor:
    """The fast gradient sign method (Goodfellow et al., 2015): one step up in the loss, clipped to [0, 1]."""
    with evaluation_mode(model), torch.enable_grad():
        x = images.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(model(x), labels), x)
    return (images + size * gradient.sign()).clamp(0, 1)


@torch.no_grad()
def recognised(subject: Subject, count: int) -> tuple[Tensor, Tensor]:
    """The first images whose class the network sees, and their labels; the first images if it sees none."""
    seen = subject.full(subject.images).argmax(1)
    rows = (seen == subject.labels).nonzero()[:count, 0]
    rows = rows if len(rows) else torch.arange(min(count, len(seen)))
    return subject.images[rows], subject.labels[rows]


class Election(NamedTuple):
    """What the pixels of one image vote for."""

    seen: int  # the class with the largest score
    share: float  # share of the pixels that vote for the true class
    won: bool  # no class got more votes than the one that is seen
    discussion: Tensor  # of the class that is seen, in colour
    mask: Tensor  # the image where pixels vote for it


def election(subject: Subject, image: Tensor, label: Tensor, candidates: int = 32) -> Election:
    """The vote of an image's pixels among the classes with the highest scores, the true one among them.

    Args:
        subject: the classifier.
        image: (channels, height, width) in [0, 1].
        label: the true class.
        candidates: how many classes; all of them if there are fewer.
    """
    interpreter = LinearInterpreter(subject.network, subject.normalize(image[None]))
    entries = interpreter.output[0].topk(min(candidates, interpreter.output.numel())).indices
    if label not in entries:
        entries[-1] = label
    discussion = interpreter.pixel_discussion(entries)
    votes = entries[discussion.sum(1).argmax(0)]
    counts = torch.stack([(votes == entry).sum() for entry in entries])
    seen = entries[0].item()
    mask = figures.voted(image, votes, seen)
    share = (votes == label).double().mean().item()
    return Election(seen, share, bool(counts[0] == counts.max()), figures.signed(discussion[0], 0.5), mask)


def spread_of(filters: Tensor) -> Tensor:
    """Over how many pixels a filter's energy is spread: participation ratio times pixels, (n,)."""
    energy = filters.square().sum(1, keepdim=True).sqrt()  # over channels
    return participation(energy) * energy[0].numel()


def distances(shape: Sequence[int], row: float, column: float) -> Tensor:
    """Distance of each pixel of a grid (height, width) to a place, (height, width)."""
    y, x = torch.arange(shape[-2])[:, None] * 1.0, torch.arange(shape[-1]) * 1.0
    return torch.hypot(y - row, x - column)


def reach_of(filters: Tensor, places: Sequence[tuple[int, int]], radius: float) -> Tensor:
    """Share of energy of filters (n, channels, height, width) beyond a radius around their places, (n,)."""
    energy = filters.square().sum(1)
    far = torch.stack([distances(energy.shape, *place) > radius for place in places])
    return (energy * far).sum((1, 2)) / energy.sum((1, 2))


def shared_source(rows: Tensor, places: Sequence[tuple[int, int]], radius: float) -> Tensor:
    """Correlation of the energies of each pair of rows, over the pixels far from both places, (pairs,).

    A network that copies from one fixed place has it in every row: the correlations are near 1.
    """
    energy = rows.square().sum(1)
    far = [distances(energy.shape, *place) > radius for place in places]
    pairs = torch.combinations(torch.arange(len(places)))
    found = [torch.corrcoef(torch.stack([energy[i][m], energy[j][m]]))[0, 1]
             for i, j in pairs if (m := far[i] & far[j]).any()]  # fmt: skip
    return torch.stack(found)


def coherence(filters: Tensor) -> Tensor:
    """|sum e| / sum |e| of each channel, averaged with its weight: 1 for a patch of one sign, (n,)."""
    return filters.sum((2, 3)).abs().sum(1) / filters.abs().sum((1, 2, 3))


def keys_weights(phase: int, factor: int = 3, a: float = -0.75) -> tuple[int, Tensor]:
    """Bicubic interpolation (Keys, 1981) along one axis: the first of four input pixels, and their weights.

    Args:
        phase: index of an output pixel; its centre lies at (phase + 1/2) / factor - 1/2 of the input.
        factor: of the enlargement.
        a: slope of the kernel; torch's is -0.75.
    """
    place = (phase + 0.5) / factor - 0.5
    first = math.floor(place) - 1
    t = (place - first - torch.arange(4, dtype=torch.float64)).abs()
    near = ((a + 2) * t - (a + 3)) * t**2 + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return first, torch.where(t <= 1, near, far)


def adaptivity(interpreter: LinearInterpreter, places: Sequence[tuple[int, int]], radius: int) -> float:
    """How much columns differ from place to place: |column - mean| / |mean| of the aligned columns.

    0 for a shift-invariant system.
    """
    width = interpreter.x0.shape[-1]
    scale = interpreter.output.shape[-1] // width
    columns = interpreter.column([y * width + x for y, x in places])
    aligned = torch.stack(
        [
            column[
                :,
                scale * (y - radius) : scale * (y + radius + 1),
                scale * (x - radius) : scale * (x + radius + 1),
            ]
            for column, (y, x) in zip(columns, places, strict=True)
        ]
    )
    mean = aligned.mean(0)
    return ((aligned - mean).flatten(1).norm(dim=1).mean() / mean.norm()).item()


def band_shares(pyramid: SteerablePyramid, rows: Tensor, images: Tensor) -> tuple[Tensor, Tensor, list[str]]:
    """Rows of F and the images they belong to, seen through the pyramid.

    The pyramid is a tight frame, <row, x> = sum of Re <row's band, x's band>: so F x splits into bands.

    Returns:
        energy: shares of each row's energy, (n, parts).
        contributions: parts of each F x, (n, parts), which sum to it.
        names: high-pass, then "scale s, angle" of the bands, finest first, then low-pass.
    """
    c, x = pyramid.analyze(rows), pyramid.analyze(images)
    high, low = ((a, b) for a, b in zip(c.residuals, x.residuals, strict=True))
    bands = [
        (a[:, :, b], z[:, :, b])
        for a, z in zip(c.bands, x.bands, strict=True)
        for b in range(pyramid.orientations)
    ]
    parts = [high, *bands, low]
    energy = torch.stack([a.abs().square().flatten(1).sum(1) for a, _ in parts], 1)
    products = torch.stack([(a * z.conj()).real.flatten(1).sum(1) for a, z in parts], 1)
    angles = [f"{180 * b / pyramid.orientations:g}°" for b in range(pyramid.orientations)]
    names = [f"scale {s}, {angle}" for s in range(len(c.bands)) for angle in angles]
    return energy / energy.sum(1, keepdim=True), products, ["high-pass", *names, "low-pass"]
