"""Lesson 16: what concepts are compared with.

rebuilt      activations from a bank: what it keeps of them
other_banks  as many directions that no factorisation chose
principal    as many directions of a singular value decomposition, with coefficients of either sign
worth        what each direction alone adds to the score
risen        how much of each concept drawings have, in units of natural images
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ..common.activations import activations
from . import craft
from .subjects import Subject


def rebuilt(activations: Tensor, bank: Tensor) -> Tensor:
    """Activations (n, channels, h, w) as sums of a bank's directions, with coefficients >= 0."""
    return torch.einsum("nkhw,kc->nchw", craft.coefficient_maps(activations, bank), bank.to(activations))


def other_banks(rows: Tensor, count: int, seed: int = 0) -> dict[str, Tensor]:
    """Banks (count, channels) by name: random numbers, rows at random, and the strongest channels.

    Args:
        rows: pooled activations of crops (n, channels).
        count: of directions.
        seed: of what is random.
    """
    generator = torch.Generator().manual_seed(seed)
    numbers = torch.rand(count, rows.shape[1], generator=generator)
    chosen = rows[torch.randperm(len(rows), generator=generator)[:count]]
    strongest = rows.square().sum(0).topk(count).indices
    banks = {
        "random numbers": numbers,
        "random crops": chosen,
        "strongest channels": torch.eye(rows.shape[1]),
    }
    banks["strongest channels"] = banks["strongest channels"][strongest]
    return {name: normalize(bank) for name, bank in banks.items()}


def principal(activations: Tensor, rows: Tensor, count: int) -> Tensor:
    """Activations (n, channels, h, w) projected on the first right singular vectors of the rows."""
    vectors = torch.linalg.svd(rows, full_matrices=False).Vh[:count]
    return torch.einsum("nchw,kc,kd->ndhw", activations, vectors, vectors)


def risen(subject: Subject, bank: Tensor, drawings: Tensor, natural: Tensor) -> Tensor:
    """Mean coefficients of drawings over those of natural images: (drawings, concepts).

    Args:
        bank: W (concepts, channels).
        drawings: (n, channels, height, width) in [0, 1].
        natural: coefficient maps (images, concepts, h, w).
    """
    found = activations(subject.model, subject.layer, drawings)
    ours, usual = (maps.mean((2, 3)) for maps in (craft.coefficient_maps(found, bank), natural))
    return ours / usual.mean(0).clamp(min=1e-6)


@torch.no_grad()
def worth(subject: Subject, activations: Tensor, maps: Tensor, bank: Tensor) -> Tensor:
    """By how much the score falls where one direction alone is taken away: (directions, images)."""
    alone = (torch.tensor([k]) for k in range(len(bank)))
    falls = [craft.deletion(subject.score, activations, maps, bank, one) for one in alone]
    return torch.stack([fall[:, 0] - fall[:, 1] for fall in falls])
