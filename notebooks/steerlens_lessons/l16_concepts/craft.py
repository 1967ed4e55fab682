"""Lesson 16: concepts of a layer by CRAFT (Fel et al., 2023), of scikit-learn's factorisation.

random_crops    squares at random places of images, brought to their size; crops_at given places
factorised      A = U W with no negative number: the concept bank W, the strongest concept first
coefficients    of rows in a fixed bank; coefficient_maps of a layer's activations, at each place
implicit        coefficients through which gradients flow
recursion       a concept's strongest crops, and a bank of what an earlier layer makes of them
matched         cosines of the concepts of two banks, paired as is best
explained       share of energy that a bank explains
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF, non_negative_factorization
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn
from torch.nn.functional import normalize
from torchvision.ops import roi_align

from steerlens import objectives

from ..common.activations import pooled

SOLVER = {"tol": 1e-4, "max_iter": 2000}  # of scikit-learn; what is reached by then is good enough


def random_crops(images: Tensor, count: int, side: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Squares at random places of images, enlarged to the size of the images.

    Args:
        images: (n, channels, height, width).
        count: of each image.
        side: of a square in pixels, at most the image's.
        seed: of the places.

    Returns:
        crops (n * count, channels, height, width), those of an image in a row, and the upper left corners
        (n * count, 2) as (row, column) in pixels.
    """
    generator = torch.Generator().manual_seed(seed)
    room = torch.tensor(images.shape[-2:]) - side
    corners = torch.rand(len(images) * count, 2, generator=generator) * room
    return crops_at(images, torch.arange(len(images)).repeat_interleave(count), corners, side), corners


def crops_at(images: Tensor, owners: Tensor, corners: Tensor, side: int) -> Tensor:
    """Squares (m, channels, height, width) with corners (m, 2), (row, column), of images `owners` (m,)."""
    start = corners.flip(1)
    boxes = torch.cat([owners[:, None], start, start + side], 1).to(images)
    return roi_align(images, boxes, images.shape[-2:], sampling_ratio=1, aligned=True)


@contextmanager
def unconverged() -> Iterator[None]:
    """Without scikit-learn's warning that it took all its steps; `explained` says how good the result is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def factorised(rows: Tensor, concepts: int, seed: int | None = None) -> tuple[Tensor, Tensor]:
    """U (n, concepts) and W (concepts, channels), >= 0, of rows A (n, channels): min |A - U W|^2 (Eq. C.1).

    Rows of W have length 1; concepts are sorted by their energy, the sum of squares of their coefficients.

    Args:
        rows: activations, >= 0.
        concepts: how many.
        seed: of a random start; None for that of the singular vectors, which is always the same.
    """
    start = {"init": "nndsvda"} if seed is None else {"init": "random", "random_state": seed}
    solver = NMF(concepts, **start, **SOLVER)
    with unconverged():
        u = torch.from_numpy(solver.fit_transform(rows.numpy()))
    bank = torch.from_numpy(solver.components_)
    lengths = bank.norm(dim=1).clamp(min=1e-12)
    order = (u * lengths).norm(dim=0).argsort(descending=True)
    return (u * lengths)[:, order], (bank / lengths[:, None])[order]


def coefficients(rows: Tensor, bank: Tensor) -> Tensor:
    """U (n, concepts) >= 0 of rows (n, channels) in a fixed bank W: min |A - U W|^2 (Eq. C.4)."""
    fixed = {"H": bank.numpy(), "update_H": False, "n_components": len(bank)}
    with unconverged():
        found, *_ = non_negative_factorization(rows.numpy(), **fixed, **SOLVER | {"tol": 1e-6})
    return torch.from_numpy(found)


def coefficient_maps(activations: Tensor, bank: Tensor) -> Tensor:
    """Coefficients of every place of a layer: (n, channels, h, w) to (n, concepts, h, w)."""
    n, _, height, width = activations.shape
    rows = activations.movedim(1, -1).flatten(0, -2)
    return coefficients(rows, bank).unflatten(0, (n, height, width)).movedim(-1, 1)


def implicit(rows: Tensor, bank: Tensor, found: Tensor) -> Tensor:
    """The coefficients again, (n, concepts), as a function of the rows that has a gradient (Eq. C.5).

    Where the minimum of Eq. C.4 is unique, the concepts that are 0 stay 0 for small changes of a row a, and
    the others, S, are those of least squares without a bound: u_S = (W_S W_S^T)^-1 W_S a.

    Args:
        rows: activations (n, channels), part of a graph.
        bank: W (concepts, channels).
        found: what `coefficients` gave, to know which are 0.
    """
    used = (found > 0).to(rows)
    gram = used[:, :, None] * (bank @ bank.T).to(rows) * used[:, None] + torch.diag_embed(1 - used)
    return torch.linalg.solve(gram, used * (rows @ bank.T.to(rows)))


def pixel_gradients(model: nn.Module, layer: str, images: Tensor, bank: Tensor, concept: int) -> Tensor:
    """Gradient of a concept's mean coefficient with respect to the pixels: (n, channels, height, width)."""
    images = images.clone().requires_grad_()
    rows = objectives.activations(model, images, layer).movedim(1, -1).flatten(0, -2)
    u = implicit(rows, bank, coefficients(rows.detach(), bank))[:, concept]
    return torch.autograd.grad(u.sum() * len(images) / len(u), images)[0]


def recursion(
    model: nn.Module, earlier: str, crops: Tensor, strength: Tensor, concepts: int = 3, share: float = 0.1
) -> tuple[Tensor, Tensor, Tensor]:
    """Sub-concepts: a concept's strongest crops, factorised at an earlier layer.

    Args:
        model, earlier: a layer nearer to the image.
        crops: (n, channels, size, size).
        strength: coefficients of the concept, (n,).
        concepts: how many sub-concepts.
        share: of the crops, the strongest.

    Returns:
        which crops (m,), the strongest first; their coefficients (m, concepts); the bank at that layer.
    """
    chosen = strength.argsort(descending=True)[: max(concepts, round(share * len(crops)))]
    return chosen, *factorised(pooled(model, earlier, crops[chosen]), concepts)


def explained(rows: Tensor, u: Tensor, bank: Tensor) -> float:
    """Share of the energy of rows that U W explains, 1 - |A - U W|^2 / |A|^2."""
    return 1 - ((rows - u @ bank).square().sum() / rows.square().sum()).item()


def matched(bank: Tensor, other: Tensor) -> Tensor:
    """Cosine (concepts,) of each concept with its partner in another bank; the pairs with the largest sum."""
    cosines = normalize(bank.double()) @ normalize(other.double()).T
    return cosines[linear_sum_assignment(cosines.numpy(), maximize=True)]


@torch.no_grad()
def deletion(
    score: Callable[[Tensor], Tensor], activations: Tensor, maps: Tensor, bank: Tensor, order: Tensor
) -> Tensor:
    """Scores (n, concepts + 1) while concepts are taken away, one after another; what none explains stays.

    Args:
        score: activations (n, channels, h, w) to numbers (n,).
        activations: of images.
        maps: their coefficients (n, concepts, h, w).
        bank: W (concepts, channels).
        order: concepts, the first to go first.
    """
    left, scores = activations, [score(activations)]
    for concept in order.tolist():
        left = left - maps[:, concept, None] * bank[concept, :, None, None].to(left)
        scores.append(score(left.clamp(min=0)))
    return torch.stack(scores, 1)
