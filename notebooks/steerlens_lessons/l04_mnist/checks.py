"""Lesson 04: the checks of its exercises."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from steerlens import Morph

from ..common.summaries import counted
from ..common.verdict import chosen, verdict


def check_peak(answer: Any, morph: Morph) -> None:
    """The k at which the median over a batch of the target's probability is largest."""
    median = morph.target_probabilities.quantile(0.5, dim=0)
    chosen(answer, morph.steps[median.argmax()].item(), "a value of k")


def check_asymmetry(answer: Any, matrix: Tensor) -> None:
    """The pair (source, target) whose way is longer than the way back by most."""
    gap = torch.nan_to_num(matrix - matrix.T, nan=-torch.inf)
    source, target = divmod(int(gap.argmax()), len(gap))
    there, back = matrix[source, target].item(), matrix[target, source].item()

    def right(pair: Sequence[int]) -> bool:
        a, b = (int(digit) for digit in pair)
        return bool(gap[a, b] == gap.max())

    words = f"({source}, {target}), with {there:.3g} against {back:.3g} on the way back"
    verdict(answer, "a pair (source, target)", words, right)


def check_reading(answer: Any, sources: Tensor, targets: Tensor) -> None:
    """Count how many pictures were read as their target, as their source, or as something else.

    Args:
        answer: a string of digits, one a picture, anything else (a question mark) for an unreadable one.
        sources, targets: classes of the pictures, (n,).
    """
    kind = f"a string of {len(targets)} digits, ? for none"
    read = answer.replace(" ", "") if isinstance(answer, str) else ""
    verdict(answer, kind, kind, lambda _: len(read) == len(targets))
    if len(read) == len(targets):
        seen = torch.tensor([int(sign) if sign in "0123456789" else -1 for sign in read])
        hits, kept = seen == targets, int((seen == sources).sum())
        rest = len(targets) - int(hits.sum()) - kept
        print(f"{counted(hits)} read as the target, {kept} as the source, {rest} otherwise.")
