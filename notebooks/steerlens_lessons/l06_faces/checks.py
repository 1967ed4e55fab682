"""Lesson 06: the checks of its exercises."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..common.verdict import chosen, close, verdict
from .measures import densities


def check_density(answer: Any, edits: Tensor, region: str = "mouth") -> None:
    """The median density ratio of a region, to one per cent."""
    expected = densities(edits)[region].quantile(0.5).item()
    words = f"share of energy over share of area, median {expected:.3g}"
    close(answer, expected, "a number", 0.01 * expected, words)


def check_counterfactual(answer: Any, images: Tensor) -> None:
    """Drawn faces with everything as it was but the mouth."""
    kind = f"images of shape {tuple(images.shape)}"
    close(answer, images, kind, 1e-5, f"{kind}, the same factors with the curvature's sign turned")


def check_largest_factor(answer: Any, shares: Mapping[str, float]) -> None:
    """The name of the factor with the largest share."""
    chosen(answer, max(shares, key=shares.__getitem__), "the name of a factor")


def check_row_where(answer: Any, better: Tensor, worse: Tensor) -> None:
    """A row in which one method's probability is higher than the other's."""
    rows = (better > worse).nonzero()[:, 0].tolist()
    expected = f"a row such as {', '.join(map(str, rows[:5]))}" if rows else "None, for there is no such row"

    def right(row: Any) -> bool:
        return not rows if row is None else not isinstance(row, bool) and row in rows

    verdict(answer, "a row, or None if there is no such row", expected, right)
