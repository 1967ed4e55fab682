"""Lesson 06: what a morph did to a drawn face, told in the factors that it was drawn from.

tangents       how the picture changes with each factor
fit_factors    the factors whose drawing comes nearest to an image (analysis by synthesis)
flipped        the true counterfactual: the same face with its mouth turned over
energies       what is lost in the picture if one factor's change is taken back
erased_and_drawn  how far an edit goes on the two halves of the true change
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from steerlens.data import FACTORS, draw_faces

NAMES = ("curvature", *FACTORS)
RANGES = {"curvature": 8.0, **{name: high - low for name, (low, high) in FACTORS.items()}}
LARGEST_STEP = 0.3  # of a factor in one iteration of the fit, in units of its range

Factors = Mapping[str, Tensor]


def flipped(factors: Factors) -> dict[str, Tensor]:
    """The same faces, the curvature of their mouths with the other sign."""
    return {**factors, "curvature": -factors["curvature"]}


def rows_of(factors: Factors, rows: Tensor | slice) -> dict[str, Tensor]:
    """The factors of some of the faces."""
    return {name: value[rows] for name, value in factors.items()}


def energies(before: Factors, after: Factors) -> Tensor:
    """Squared L2 distance that the picture moves if one factor alone is put back, (n, 18), as `NAMES`."""
    image = draw_faces(after)
    return torch.stack([_error({**after, name: before[name]}, image) for name in NAMES], dim=1)


@torch.enable_grad()
def tangents(factors: Factors) -> Tensor:
    """d(draw)/d(factor) times the factor's range, (n, 18, 48, 48).

    Differentiates, with respect to u, the products u^T d(draw)/d(factor) that one backward pass gives.
    """
    at = {name: value.detach().clone().requires_grad_() for name, value in factors.items()}
    images = draw_faces(at)
    u = torch.zeros_like(images, requires_grad=True)
    products = torch.autograd.grad(images, [at[name] for name in NAMES], u, create_graph=True)
    columns = [torch.autograd.grad(product.sum(), u, retain_graph=True)[0] for product in products]
    return torch.cat([RANGES[name] * column for name, column in zip(NAMES, columns, strict=True)], dim=1)


@torch.no_grad()
def fit_factors(images: Tensor, start: Factors, iterations: int = 10) -> dict[str, Tensor]:
    """Factors whose drawing is nearest to each image in L2, from known factors of similar faces.

    A grid over the curvature alone chooses the start; then damped Gauss-Newton steps in all 18 factors, of
    which only those are kept that bring the drawing nearer.

    Args:
        images: (n, 1, 48, 48).
        start: factors (n,) to begin with, those of the source.
        iterations: number of steps.
    """
    best = _best_curvature(images, start)
    error = _error(best, images)
    damping = torch.full_like(error, 1e-2)
    scale = torch.tensor([RANGES[name] for name in NAMES]).to(images)
    for _ in range(iterations):
        residual = (images - draw_faces(best)).flatten(1)
        jacobian = tangents(best).flatten(2)
        normal = jacobian @ jacobian.mT
        ridge = damping[:, None] * (normal.diagonal(dim1=1, dim2=2) + 1e-3)
        step = torch.linalg.solve(normal + torch.diag_embed(ridge), (jacobian @ residual[..., None])[..., 0])
        step = step.clamp(-LARGEST_STEP, LARGEST_STEP) * scale
        trial = {name: best[name] + step[:, i] for i, name in enumerate(NAMES)}
        found = _error(trial, images)
        nearer = found < error
        best = {name: torch.where(nearer, trial[name], best[name]) for name in NAMES}
        error = torch.where(nearer, found, error)
        damping = torch.where(nearer, damping / 4, damping * 8).clamp(1e-6, 1e6)
    return best


def _best_curvature(images: Tensor, start: Factors) -> dict[str, Tensor]:
    """The start with the curvature that fits best, of a grid from -5 to 5 pixels in steps of a half."""
    tried = [{**start, "curvature": torch.full_like(start["curvature"], c / 2)} for c in range(-10, 11)]
    tried.insert(0, dict(start))
    choice = torch.stack([_error(factors, images) for factors in tried]).argmin(0)
    stacked = torch.stack([factors["curvature"] for factors in tried])
    return {**start, "curvature": stacked.gather(0, choice[None])[0]}


def _error(factors: Factors, images: Tensor) -> Tensor:
    return (draw_faces(factors) - images).square().flatten(1).sum(1)


def explained(images: Tensor, sources: Tensor, fitted: Factors) -> Tensor:
    """Share of the energy of each edit that the change of fitted factors explains, (n,); can be negative."""
    edit = images - sources
    return 1 - _error(fitted, images) / edit.square().flatten(1).sum(1)


def cosine(edits: Tensor, others: Tensor) -> Tensor:
    """Cosine between edits and others, image by image, (n,)."""
    return torch.nn.functional.cosine_similarity(edits.flatten(1), others.flatten(1), dim=1)


def erased_and_drawn(edits: Tensor, factors: Factors) -> Tensor:
    """How much of the old mouth each edit erases and how much of the true new one it draws, (n, 2).

    The true change is a sum: first the mouth goes (contrast 0), then the flipped one comes. These are the
    edit's least-squares coordinates along the two: (1, 1) is the true answer, (1, 0) a face without a mouth.

    Args:
        edits: (n, 1, 48, 48), image minus source.
        factors: of the sources.
    """
    bare = draw_faces({**factors, "mouth_contrast": torch.zeros_like(factors["mouth_contrast"])})
    erase, draw = bare - draw_faces(factors), draw_faces(flipped(factors)) - bare
    basis = torch.cat([erase, draw], dim=1).flatten(2).mT
    return torch.linalg.lstsq(basis, edits.flatten(1)[..., None]).solution[..., 0]
