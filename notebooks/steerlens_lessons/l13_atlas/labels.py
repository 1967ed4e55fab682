"""Labels that may be wrong: which images people found mislabelled, and rankings that look for them.

MISLABELLED, SHOWN   test images of MNIST: found mislabelled by people, and all that people were asked about
suspects             the class that each label is questioned by
suspicion            by distance: how far the given label is, or how near another class
confident_learning   cleanlab's order
found                what the first few of a ranking hold
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from steerlens._internal.modes import evaluation_mode, own_precision
from steerlens.evaluation import median_interval

from ..common.summaries import Estimate, Table, counted, spread, table

# Northcutt, Athalye, Mueller (2021), mturk/mnist_mturk.json of github.com/cleanlab/label-errors: indices into
# the test set, those in which at most two of five people saw the given label, and all that five people saw.
MISLABELLED = (947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729)
SHOWN = (
    *(247, 259, 321, 340, 445, 449, 582, 619, 717, 720, 726, 740, 810, 938, 947, 1014, 1033, 1039, 1112),
    *(1119, 1226, 1232, 1299, 1364, 1393, 1530, 1621, 1681, 1709, 1901, 2035, 2043, 2109, 2130, 2135, 2182),
    *(2293, 2380, 2406, 2447, 2454, 2462, 2597, 2654, 2836, 2896, 2921, 2927, 2939, 3060, 3073, 3206, 3422),
    *(3503, 3520, 3558, 3597, 3767, 3778, 3850, 3869, 3906, 4007, 4176, 4201, 4207, 4224, 4497, 4639, 4783),
    *(4823, 4860, 4874, 4876, 4880, 4956, 4978, 5887, 5937, 5955, 6505, 6572, 6576, 6597, 6625, 6651, 6783),
    *(7434, 7842, 8094, 8408, 8527, 9009, 9634, 9642, 9664, 9679, 9729, 9755, 9888),
)


def suspects(logits: Tensor, labels: Tensor) -> Tensor:
    """For each image the one class that its label is questioned by, (n,).

    That is the label where the model sees another class, and the model's second choice where not.
    """
    first, second = logits.topk(2).indices.unbind(1)
    return torch.where(first == labels, second, labels)


def suspicion(rows: pd.DataFrame) -> pd.Series:
    """How suspect each image's label is, by distances; an image is its index.

    Where the model sees another class than the label: the L2 distance from the image to its label, infinite
    if the morph never gets there. Where it sees the label: minus the distance to the nearest other class.

    Args:
        rows: a row for each image and target: image, label, source, target, distance_half.
    """
    rows = rows[rows["target"].eq(rows["label"]) | rows["source"].eq(rows["label"])]
    away = rows["distance_half"].astype(float).fillna(np.inf)
    signed = away.where(rows["source"].ne(rows["label"]), -away)
    return signed.groupby(rows["image"].to_numpy()).max()


def linear_distance(model: nn.Module, images: Tensor, targets: Tensor, batch: int = 256) -> Tensor:
    """L2 distance at which a straight line along the pixel gradient would end the lead over a target, (n,).

    To first order: (z_c - z_t) / ||grad (z_c - z_t)||, c the class that the model sees (Moosavi-Dezfooli et
    al., 2016); NaN where t is c or the gradient is 0.
    """
    found = []
    with own_precision(), evaluation_mode(model), torch.enable_grad():
        for part, asked in zip(images.split(batch), targets.split(batch), strict=True):
            x = part.clone().requires_grad_()
            logits = model(x)
            lead = logits.amax(1) - logits.gather(1, asked[:, None])[:, 0]
            (gradient,) = torch.autograd.grad(lead.sum(), x)
            length = gradient.flatten(1).norm(dim=1)
            found.append(torch.where(length > 0, lead.detach() / length, torch.nan))
    return torch.cat(found)


def signed(distances: Tensor, wrong: Tensor) -> Tensor:
    """Suspicion by any distance (n,): itself where the model contradicts the label, else minus it."""
    distances = distances.nan_to_num(torch.inf)
    return torch.where(wrong, distances, -distances)


def ranked(suspicion: Tensor, loss: Tensor) -> np.ndarray:
    """Indices, the most suspect first; equal ones by their loss."""
    return np.lexsort((-loss.double().numpy(), -suspicion.double().numpy()))


def confident_learning(labels: Tensor, probabilities: Tensor) -> np.ndarray:
    """cleanlab's order (Northcutt, Jiang, Chuang, 2021): its issues by normalised margin, then all others.

    Args:
        labels: (n,).
        probabilities: (n, classes), of a model that has not seen these labels.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    given, p = labels.numpy(), probabilities.double().numpy()
    first = find_label_issues(given, p, return_indices_ranked_by="normalized_margin", n_jobs=1)
    rest = np.argsort(get_label_quality_scores(given, p, method="normalized_margin"), kind="stable")
    return np.concatenate([first, rest[~np.isin(rest, first)]])


def found(
    rankings: Mapping[str, np.ndarray], errors: np.ndarray, firsts: tuple[int, ...] = (10, 20, 50)
) -> Table:
    """How many of the first few of each ranking are errors, and how many of the errors the first 100 hold.

    Args:
        rankings: indices, the most suspect first.
        errors: which images are mislabelled, (n,) booleans.
    """
    rows: dict[str, dict[str, Estimate]] = {}
    for name, order in rankings.items():
        hits = torch.from_numpy(errors[order])
        rows[name] = {f"of the first {first}": counted(hits[:first]) for first in firsts}
        held = torch.zeros(int(errors.sum()), dtype=torch.bool)
        held[: int(hits[:100].sum())] = True
        rows[name]["errors in the first 100"] = counted(held)
    return table(rows)


def planted(labels: Tensor, count: int, seed: int = 0) -> tuple[Tensor, np.ndarray]:
    """Labels (n,) of which some are another class at random, and which, (n,) booleans."""
    draws = torch.Generator().manual_seed(seed)
    which = torch.randperm(len(labels), generator=draws)[:count]
    wrong, classes = labels.clone(), int(labels.max()) + 1
    wrong[which] = (labels[which] + torch.randint(1, classes, (count,), generator=draws)) % classes
    return wrong, (wrong != labels).numpy()


def place(order: np.ndarray, errors: np.ndarray) -> Estimate:
    """The share of a ranking before its middle error, with its bootstrap interval; .5 is chance."""
    where = np.flatnonzero(errors[order]) / len(order)
    return spread(*median_interval(torch.from_numpy(where)))
