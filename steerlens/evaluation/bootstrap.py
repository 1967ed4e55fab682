"""How sure a median or a share is: percentile bootstrap over the sources (Efron, 1979).

resamples            the draws of sources, the same for every method and budget that is compared
median_interval      of one method's values
median_difference    of two methods' values, paired by source; mean_difference: of their means
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .._internal.checks import LARGEST_SEED, check_integer, check_number

DRAWS = 2000


def resamples(count: int, draws: int = DRAWS, seed: int = 0) -> Tensor:
    """Indices (draws, count) of sources, drawn with replacement; the same for the same arguments."""
    count, draws = check_integer("count", count, 1), check_integer("draws", draws, 1)
    generator = torch.Generator().manual_seed(check_integer("seed", seed, 0, LARGEST_SEED))
    return torch.randint(count, (draws, count), generator=generator)


def median_interval(
    values: Tensor, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Median of values (sources,) and the percentile interval of its bootstrap distribution.

    Raises:
        TypeError, ValueError: no real values, NaN among them, or a level outside (0, 1).
    """
    values = _check_values(values)
    medians = values[resamples(len(values), draws, seed)].median(dim=1).values
    return values.median().item(), *_interval(medians, level)


def median_difference(
    values: Tensor, others: Tensor, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Median of ``values`` minus median of ``others``, both (sources,) of the same sources, and its interval.

    Each draw takes the same sources for both, so what the sources have in common cancels.
    """
    return _difference(values, others, lambda drawn: drawn.median(dim=-1).values, level, draws, seed)


def mean_difference(
    values: Tensor, others: Tensor, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Mean of ``values`` minus mean of ``others``, as `median_difference`; booleans give shares."""
    return _difference(values, others, lambda drawn: drawn.mean(dim=-1), level, draws, seed)


def _difference(
    values: Tensor,
    others: Tensor,
    statistic: Callable[[Tensor], Tensor],
    level: float,
    draws: int,
    seed: int,
) -> tuple[float, float, float]:
    values, others = _check_values(values), _check_values(others)
    if values.shape != others.shape:
        raise ValueError(f"others: expected {len(values)} values, got {len(others)}")
    rows = resamples(len(values), draws, seed)
    differences = statistic(values[rows]) - statistic(others[rows])
    return (statistic(values) - statistic(others)).item(), *_interval(differences, level)


def _interval(statistics: Tensor, level: float) -> tuple[float, float]:
    if not 0 < check_number("level", level) < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level}")
    tail = (1 - level) / 2
    low, high = statistics.quantile(torch.tensor([tail, 1 - tail], dtype=statistics.dtype)).tolist()
    return low, high


def _check_values(values: Tensor) -> Tensor:
    if not isinstance(values, Tensor) or values.ndim != 1 or len(values) == 0 or values.is_complex():
        found = tuple(values.shape) if isinstance(values, Tensor) else values
        raise ValueError(f"values: expected a real tensor (sources,), got {found!r}")
    if values.isnan().any():
        raise ValueError(f"values: expected no NaN, got {int(values.isnan().sum())} of {len(values)}")
    return values.double()
