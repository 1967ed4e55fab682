"""Lesson 04: which digits are morphed into which, and what is counted on the morphs.

figure_3                             the six rows of the paper's Figure 3, live and frozen
ordered_pairs, pair_row, all_pairs   every digit into every other
pair_matrix                          numbers of all pairs, by source and target
random_targets, at_distance          what is compared
nearest_neighbours                   an outside judge
"""

import torch
from torch import Tensor, nn

from steerlens import Morph, SteerablePyramid, extrapolate, steer
from steerlens.data import ImageData
from steerlens.evaluation import first_correct
from steerlens.morphs.scores import batched_logits

PYRAMID = SteerablePyramid((28, 28), scales=3, orientations=4, padding=2)
PAIRS = ((3, 8), (4, 9), (5, 6), (6, 8), (8, 3), (9, 4))  # the paper's Figure 3, from top to bottom


def figure_3_cases(model: nn.Module, digits: ImageData) -> tuple[Tensor, Tensor]:
    """Sources (6, 1, 28, 28) and targets (6,) of `PAIRS`: the first digit of its class that is seen right."""
    rows = torch.cat([first_correct(model, digits, 1, str(source)) for source, _ in PAIRS])
    return digits.images[rows], torch.tensor([target for _, target in PAIRS])


def figure_3(model: nn.Module, digits: ImageData) -> dict[str, Morph]:
    """The six rows of the paper's Figure 3, from the first image of each class that the model gets right.

    Live rows have cap 0.3 and fixed residuals; frozen ones alpha 0.3 and k = 1 to 24.
    """
    case, quiet = (model, *figure_3_cases(model, digits), PYRAMID), {"progress": False}
    return {
        "live, joint": steer(*case, direction="joint", residuals="fixed", **quiet),
        "live, phase": steer(*case, steps=40, residuals="fixed", **quiet),
        "frozen, phases alone (the paper's)": extrapolate(*case, alpha=0.3, residuals="fixed", **quiet),
        "frozen, low-pass alone": extrapolate(*case, alpha=0.3, bands=[], **quiet),
        "frozen, both (ours)": extrapolate(*case, alpha=0.3, **quiet),
    }


def ordered_pairs(classes: int = 10) -> tuple[Tensor, Tensor]:
    """Source and target of every pair of different classes, (classes * (classes - 1),) each, row by row."""
    sources, targets = (~torch.eye(classes, dtype=torch.bool)).nonzero(as_tuple=True)
    return sources, targets


def pair_row(source: int, target: int, classes: int = 10) -> int:
    """Place of a pair of different classes in the order of `ordered_pairs`."""
    return source * (classes - 1) + target - (target > source)


def all_pairs(model: nn.Module, digits: ImageData, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The first ``count`` images of every class that the model gets right, with every other class as target.

    Returns:
        images (90 * count, 1, 28, 28), sources and targets (90 * count,): the images of a pair stand
        together, pairs in the order of `ordered_pairs`.
    """
    rows = torch.stack([first_correct(model, digits, count, name) for name in digits.classes])
    sources, targets = ordered_pairs(len(digits.classes))
    repeated = (classes.repeat_interleave(count) for classes in (sources, targets))
    return digits.images[rows[sources].flatten()], *repeated


def pair_matrix(values: Tensor, reduce: str = "mean", classes: int = 10) -> Tensor:
    """Mean or median of each pair's values, as a matrix: source by target, NaN on the diagonal."""
    grouped = values.double().unflatten(0, (classes * (classes - 1), -1))
    matrix = torch.full((classes, classes), torch.nan, dtype=torch.float64)
    matrix[ordered_pairs(classes)] = grouped.mean(1) if reduce == "mean" else grouped.quantile(0.5, dim=1)
    return matrix


def random_targets(labels: Tensor, seed: int = 0, classes: int = 10) -> Tensor:
    """A class for each label, drawn evenly from all others."""
    generator = torch.Generator().manual_seed(seed)
    return (labels + torch.randint(1, classes, labels.shape, generator=generator)) % classes


@torch.no_grad()
def at_distance(model: nn.Module, morph: Morph, distance: float) -> tuple[Tensor, Tensor, Tensor]:
    """Each morph's image at an L2 distance, the target's probability there, and whether it got that far.

    A morph that stays nearer is represented by its farthest frame.
    """
    images, attained = morph.at_distance(distance)
    p = batched_logits(model, images).softmax(1).gather(1, morph.targets[:, None])[:, 0]
    return images, p, attained


def nearest_neighbours(train: ImageData, images: Tensor, k: int = 5) -> Tensor:
    """The commonest label among each image's k nearest training images (L2 distance of the pixels), (n,)."""
    distances = torch.cdist(images.flatten(1), train.images.flatten(1))
    return train.labels[distances.topk(k, largest=False).indices].mode(dim=1).values
