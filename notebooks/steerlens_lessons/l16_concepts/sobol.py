"""Lesson 16: how much of a function's variance each input has a part in, by Sobol's total indices.

design      masks from a scrambled Sobol sequence, in the blocks that Jansen's estimator compares
jansen      total indices of the function's values on a design
importance  of the concepts of images: what masks on their coefficients do to a score
averaged    the mean over images and designs, with its interval
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

from steerlens.evaluation import resamples

from ..common.summaries import Estimate, spread

ROWS = 32  # of a design, as in the published code


def design(inputs: int, rows: int = ROWS, seed: int = 0) -> Tensor:
    """Masks (inputs + 2, rows, inputs) in [0, 1]: A, B, and for each input i, A with column i of B.

    A and B are the two halves of one scrambled Sobol sequence in 2 inputs dimensions; rows, a power of 2,
    keep it balanced.
    """
    first, second = SobolEngine(2 * inputs, scramble=True, seed=seed).draw(rows).split(inputs, 1)
    own = torch.eye(inputs, dtype=torch.bool)[:, None]
    return torch.cat([first[None], second[None], torch.where(own, second, first)])


def jansen(values: Tensor) -> Tensor:
    """Total Sobol indices of a function's values on a `design`, by Jansen's estimator (Eq. C.3).

    S_Ti = E[Var(Y | all but i)] / Var(Y), estimated by mean (f(A) - f(A with column i of B))^2 / (2 Var(Y)).

    Args:
        values: (inputs + 2, rows, ...), of blocks A, B and the mixed ones.

    Returns:
        (inputs, ...), each at least 0; 0 where the function does not vary.
    """
    gaps = (values[0] - values[2:]).square().mean(1) / 2
    variance = values[:2].flatten(0, 1).var(0, correction=0)
    return gaps / variance.clamp(min=torch.finfo(values.dtype).tiny)


@torch.no_grad()
def importance(
    score: Callable[[Tensor], Tensor], coefficients: Tensor, bank: Tensor, masks: Tensor
) -> Tensor:
    """Total indices of concepts, for each image, of Y(m) = score((m u) W) (Eq. C.2).

    Args:
        score: activations (n, channels, h, w) to numbers (n,): the rest of a network, and a logit of it.
        coefficients: u (images, concepts, h, w); one mask for a concept, at all places.
        bank: W (concepts, channels).
        masks: of `design`, for as many inputs as there are concepts.

    Returns:
        (images, concepts).
    """
    flat = masks.flatten(0, 1).to(bank)
    found = []
    for u in coefficients.to(bank):
        parts = torch.einsum("khw,kc->kchw", u, bank).flatten(1)
        values = score((flat @ parts).unflatten(1, (bank.shape[1], *u.shape[1:])))
        found.append(jansen(values.double().unflatten(0, masks.shape[:2])))
    return torch.stack(found)


def averaged(indices: Tensor) -> list[Estimate]:
    """Means of indices (designs, images, concepts), with bootstrap intervals over both."""
    designs, images = (resamples(count, 1000, seed) for seed, count in enumerate(indices.shape[:2]))
    drawn = torch.stack([indices[d][:, n].mean((0, 1)) for d, n in zip(designs, images, strict=True)])
    low, high = drawn.double().quantile(torch.tensor([0.025, 0.975], dtype=torch.float64), dim=0)
    ends = zip(indices.mean((0, 1)).tolist(), low.tolist(), high.tolist(), strict=True)
    return [spread(*each) for each in ends]
