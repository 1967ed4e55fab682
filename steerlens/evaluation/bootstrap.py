"""How sure a median or a share is: percentile bootstrap over the sources (Efron, 1979)."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from .._internal.checks import LARGEST_SEED, check_integer, check_number

DRAWS = 2000
Interval: TypeAlias = tuple[float, float, float]  # what was found, and where its interval begins and ends


def resamples(count: int, draws: int = DRAWS, seed: int = 0) -> Tensor:
    """Indices (draws, count) of sources, drawn with replacement; the same for the same arguments."""
    count, draws = check_integer("count", count, 1), check_integer("draws", draws, 1)
    generator = torch.Generator().manual_seed(check_integer("seed", seed, 0, LARGEST_SEED))
    return torch.randint(count, (draws, count), generator=generator)


def median_interval(values: Tensor, level: float = 0.95, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Median of values (sources,), of an even number the middle of the two, and its bootstrap interval.

    Raises:
        TypeError, ValueError: no real values, NaN among them, or a level outside (0, 1).
    """
    return _bootstrap(np.median, [values], level, draws, seed)


def median_difference(
    values: Tensor, others: Tensor, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Median of ``values`` minus median of ``others``, both (sources,) of the same sources, and its interval.

    Each draw takes the same sources for both, so what the sources have in common cancels.
    """
    return _bootstrap(np.median, [values, others], level, draws, seed)


def mean_difference(
    values: Tensor, others: Tensor, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Mean of ``values`` minus mean of ``others``, as `median_difference`; booleans give shares."""
    return _bootstrap(np.mean, [values, others], level, draws, seed)


def _bootstrap(statistic: Callable, samples: list[Tensor], level: float, draws: int, seed: int) -> Interval:
    """The statistic of one sample, or the first one's minus the second one's, and its percentile interval."""
    first, *rest = arrays = [_checked(sample) for sample in samples]
    if any(len(other) != len(first) for other in rest):
        raise ValueError(f"others: expected {len(first)} values, got {len(rest[0])}")
    if not 0 < check_number("level", level) < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level}")
    rows = resamples(len(first), draws, seed).numpy()
    drawn = np.subtract.reduce([statistic(array[rows], axis=1) for array in arrays])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(np.subtract.reduce([statistic(array) for array in arrays])), float(low), float(high)


def _checked(values: Tensor) -> np.ndarray:
    if not isinstance(values, Tensor) or values.ndim != 1 or len(values) == 0 or values.is_complex():
        found = tuple(values.shape) if isinstance(values, Tensor) else values
        raise ValueError(f"values: expected a real tensor (sources,), got {found!r}")
    if values.isnan().any():
        raise ValueError(f"values: expected no NaN, got {int(values.isnan().sum())} of {len(values)}")
    return values.double().numpy(force=True)
