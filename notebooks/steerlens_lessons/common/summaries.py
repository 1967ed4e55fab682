"""How the lessons say what they found: counts and medians with intervals, tables of them, and claims.

arrivals            first frames that reach a probability
counted, quartiles  an `Estimate`: it reads as its text, sorts and plots as its number
table               a data frame of them
expect              asserts what the text says of the real data
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from scipy.stats import binomtest
from torch import Tensor

from steerlens.morphs.morph import Morph


@dataclass(frozen=True, order=True, repr=False)
class Estimate:
    """A number with its interval.

    Attributes:
        value, low, high: the number (a count's share), and the ends of its interval.
        text, ends: how both are written: ``95/100`` and ``[89%, 98%]``.
    """

    value: float
    low: float
    high: float
    text: str
    ends: str

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.text} {self.ends}"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def arrivals(morph: Morph, probability: float = 0.99) -> tuple[Tensor, Tensor]:
    """Whether some frame gives the target this probability; the first that does, else the last: (batch,)."""
    there = morph.target_probabilities >= probability
    arrived = there.any(dim=1)
    return arrived, torch.where(arrived, there.to(torch.uint8).argmax(dim=1), there.shape[1] - 1)


def counted(hits: Tensor, digits: int = 0) -> Estimate:
    """How many of a boolean tensor, with Wilson's 95 % interval of the share: ``95/100 [89%, 98%]``."""
    count, total = int(hits.sum()), hits.numel()
    low, high = binomtest(count, total).proportion_ci(method="wilson")
    return Estimate(count / total, low, high, f"{count}/{total}", f"[{low:.{digits}%}, {high:.{digits}%}]")


def quartiles(values: Tensor, digits: int = 2) -> Estimate:
    """Median, first and third quartile: ``2.00 [1.00, 3.00]``."""
    points = values.double().quantile(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)) + 0.0
    return spread(*points[[1, 0, 2]].tolist(), digits)


def spread(value: float, low: float, high: float, digits: int = 2) -> Estimate:
    """A number and the ends of its interval, bootstrapped for instance: ``2.00 [1.00, 3.00]``."""
    return Estimate(value, low, high, f"{value:.{digits}f}", f"[{low:.{digits}f}, {high:.{digits}f}]")


class Table(pd.DataFrame):
    """A data frame that a notebook shows with short numbers and with intervals in small print."""

    @property
    def _constructor(self) -> type["Table"]:
        return Table

    def _repr_html_(self) -> str:
        shown = self.map(_cell).rename(index=_text, columns=_text)
        return shown.to_html(escape=False, border=0)


def _cell(value: Any) -> str:
    if isinstance(value, Estimate):
        return f"{value.text} <small>{value.ends}</small>"
    return f"{value:.3g}" if isinstance(value, float) else _text(value)


def _text(value: Any) -> str:
    return html.escape(str(value))


def table(rows: Mapping[Any, Mapping[str, Any]]) -> Table:
    """A table with a row for each entry; its columns sort, plot (``.astype(float)``) and export."""
    return Table.from_dict(dict(rows), orient="index", dtype=object)


def expect(real: bool, *claims: Any) -> None:
    """Assert what the text says of the real data; a stand-in's numbers are others, and nothing is asserted.

    Args:
        real: whether these are the real data.
        claims: each true, or a tensor or array of which every entry is.

    Raises:
        AssertionError: the first claim that does not hold.
    """
    for n, claim in enumerate(claims if real else (), 1):
        assert torch.as_tensor(claim).all(), f"expected what the text says, but claim {n} does not hold"
