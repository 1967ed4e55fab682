"""How the lessons say what they found: first arrivals, counts with intervals, medians with quartiles."""

import torch
from scipy.stats import binomtest
from torch import Tensor

from steerlens.morphs.morph import Morph


def arrivals(morph: Morph, probability: float = 0.99) -> tuple[Tensor, Tensor]:
    """Whether some frame gives the target this probability; the first that does, else the last: (batch,)."""
    there = morph.target_probabilities >= probability
    arrived = there.any(dim=1)
    return arrived, torch.where(arrived, there.to(torch.uint8).argmax(dim=1), there.shape[1] - 1)


def counted(hits: Tensor, digits: int = 0) -> str:
    """How many of a boolean tensor, with Wilson's interval: ``95/100 [89%, 98%]``."""
    return f"{int(hits.sum())}/{hits.numel()} {interval(hits, digits)}"


def interval(hits: Tensor, digits: int = 0) -> str:
    """Wilson's 95 % interval of the share of a boolean tensor: ``[89%, 98%]``."""
    low, high = binomtest(int(hits.sum()), hits.numel()).proportion_ci(method="wilson")
    return f"[{low:.{digits}%}, {high:.{digits}%}]"


def quartiles(values: Tensor, digits: int = 2) -> str:
    """Median, first and third quartile: ``2.00 [1.00, 3.00]``."""
    points = values.double().quantile(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64))
    low, middle, high = (f"{value + 0.0:.{digits}f}" for value in points.tolist())
    return f"{middle} [{low}, {high}]"
