"""Lesson 06: the checks of its exercises."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from steerlens.data import draw_faces

from ..common.exercises import Key, as_numbers, choice, exercise, numbers
from .measures import densities, region_shares


@exercise("square, multiply by the mask, sum, divide by the sum without the mask, then by the mask's area.")
def check_density(edits: Tensor, region: str = "mouth") -> Key:
    """The median density ratio of a region, to one per cent."""
    ratios = densities(edits)[region]
    median = ratios.quantile(0.5).item()
    slips = {
        "that is not yet divided by the share of the area": region_shares(edits)[region].quantile(0.5),
        "that is the mean, and the median was asked for": ratios.mean(),
        "there is a density for each edit; their median was asked for": ratios,
    }
    words = f"share of energy over share of area, median {median:.3g}"
    return numbers(median, "a number", 0.01 * median, slips, words=words)


@exercise('change one entry of `four`, "curvature", by `{**four, "curvature": ...}`.')
def check_counterfactual(images: Tensor, factors: Mapping[str, Tensor]) -> Key:
    """Drawn faces with everything as it was but the mouth."""
    kind = f"images of shape {tuple(images.shape)}"
    straight = {**factors, "curvature": 0 * factors["curvature"]}
    slips = {
        "nothing is turned: those are the faces themselves": draw_faces(factors),
        "the mouth is straight: turn the sign of its curvature": draw_faces(straight),
        "the faces stand on their heads: turn the factor, not the picture": draw_faces(factors).flip(-2),
    }
    words = f"{kind}, the same factors with the curvature's sign turned"
    return numbers(images, kind, 1e-5, slips, words=words)


@exercise("`max(by_name, key=by_name.get)`")
def check_largest_factor(shares: Mapping[str, float]) -> Key:
    """The name of the factor with the largest share."""
    largest, second, *_, least = sorted(shares, key=shares.__getitem__, reverse=True)
    slips = {
        "it has the second largest share": second,
        "it has the smallest share": least,
        "that is what was to change, not what has changed most": "curvature",
    }
    return choice(largest, "the name of a factor", slips, list(shares))


@exercise("compare the two tensors of `p`: where is the first larger than the second?")
def check_row_where(better: Tensor, worse: Tensor) -> Key:
    """A row in which one method's probability is higher than the other's."""
    kind, rows = "a row, or None if there is no such row", (better > worse).nonzero()[:, 0].tolist()

    def error(answer: Any) -> str:
        if answer is None:
            return "there is such a row" if rows else ""
        row = as_numbers(answer)
        if row is None or row.ndim or row.item() not in range(len(better)):
            return f"expected {kind}"
        here = f"{better[int(row)]:.2g} against {worse[int(row)]:.2g}"
        return "" if row.item() in rows else f"it is the other way round there, {here}"

    such = f"a row such as {', '.join(map(str, rows[:5]))}" if rows else "None, for there is no such row"
    return Key(kind, such, error)
