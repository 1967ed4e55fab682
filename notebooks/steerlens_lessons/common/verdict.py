"""How an exercise's check answers: right, not yet (what was expected, what came), or still open."""

from collections.abc import Callable
from typing import Any

from torch import Tensor


def verdict(answer: Any, kind: str, expected: str, right: Callable[[Any], bool]) -> None:
    """Print whether an answer is right.

    Args:
        answer: the reader's; ``...`` while the exercise is open, so that a lesson runs before it is solved.
        kind: what an answer looks like, shown while it is open.
        expected: the right answer in words, shown with what came when it was wrong.
        right: says whether an answer is right; if it raises, the answer is not.
    """
    if answer is ...:
        print(f"Open: expected {kind}.")
        return
    try:
        accepted = right(answer)
    except (TypeError, ValueError, RuntimeError, AttributeError):
        accepted = False
    came = f"a tensor of shape {tuple(answer.shape)}" if isinstance(answer, Tensor) else repr(answer)
    print(f"Right: {came}." if accepted else f"Not yet: expected {expected}; got {came}.")
