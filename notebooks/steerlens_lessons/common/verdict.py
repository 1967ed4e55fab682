"""How an exercise's check answers: right, not yet (what was expected, what came), or still open.

verdict   by any rule
close     by numbers, each to a tolerance
chosen    by one choice
"""

from collections.abc import Callable
from typing import Any

import torch
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
    many = isinstance(answer, Tensor) and answer.ndim > 0
    came = f"a tensor of shape {tuple(answer.shape)}" if many else repr(answer)
    print(f"Right: {came}." if accepted else f"Not yet: expected {expected}; got {came}.")


def close(answer: Any, expected: Any, kind: str, tolerance: float, words: str = "") -> None:
    """Right if the answer has the shape of the expected numbers, and each of them to a tolerance.

    Args:
        answer: a number, numbers or a tensor, real or complex.
        expected: the same.
        kind: what an answer looks like.
        tolerance: largest difference allowed.
        words: the expected answer; its numbers, and the tolerance, if empty.
    """
    expected = torch.as_tensor(expected).detach()
    if not words:
        digits = max(0, -torch.tensor(tolerance).log10().floor().int().item())
        words = f"{_rounded(expected.tolist(), digits)}, to {tolerance:.2g}"

    def right(answer: Any) -> bool:
        found = torch.as_tensor(answer).detach().to(torch.complex128)
        return found.shape == expected.shape and bool(((found - expected).abs() <= tolerance).all())

    verdict(answer, kind, words, right)


def chosen(answer: Any, expected: Any, kind: str) -> None:
    """Right if the answer is the expected one, ``expected``; case does not count in words."""

    def folded(value: Any) -> Any:
        return value.strip().casefold() if isinstance(value, str) else value

    verdict(answer, kind, str(expected), lambda found: bool(folded(found) == folded(expected)))


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, list):
        return [_rounded(part, digits) for part in value]
    if isinstance(value, complex):
        return complex(round(value.real, digits), round(value.imag, digits))
    return round(value, digits) if isinstance(value, float) else value
