"""Exercises: what a right answer is, what kind of error a wrong one is, a hint, the answer on request.

exercise   turns a function that returns a `Key` into the check of an exercise
Key        of anything: a function says what is wrong with an answer
numbers    the key of numbers, each right to a tolerance, with typical slips
choice     the key of one thing out of a few

A check is called with the reader's answer and with what the lesson has at hand. It prints whether the answer
is right and, of a wrong one, what kind of error it is. ``check.hint()`` helps; only then ``check.solution()``
says what was expected. The solution is folded below the exercise.
"""

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

# What any numbers can have wrong, by what turns the right ones into them.
RELATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "twice what was expected": lambda right: 2 * right,
    "half of what was expected": lambda right: right / 2,
    "right except for the sign": lambda right: -right,
    "the complex conjugate of what was expected": torch.conj,
    "the reciprocal of what was expected": lambda right: 1 / right,
    "in per cent, where a share was expected": lambda right: 100 * right,
    "in the opposite order": lambda right: right.flip(-1) if right.ndim else right,
    "right with its last two axes swapped": lambda right: right.mT if right.ndim > 1 else right,
}


@dataclass(frozen=True)
class Key:
    """What an answer is compared with.

    Attributes:
        kind: what an answer looks like, shown while the exercise is open.
        expected: the right answer in words, shown on the second request.
        error: says what kind of error an answer is; nothing if it is right.
        slips: typical wrong answers, by what is said of each.
        note: a line about a right answer.
    """

    kind: str
    expected: str
    error: Callable[[Any], str]
    slips: Mapping[str, Any] = field(default_factory=dict)
    note: Callable[[Any], str] | None = None


class Exercise:
    """A check that prints what it thinks of an answer, and helps on request."""

    def __init__(self, key: Callable[..., Key], hint: str) -> None:
        functools.update_wrapper(self, key)
        self.key, self.help = key, hint
        self.last: Key | None = None
        self.helped = False

    def __call__(self, answer: Any, *arguments: Any, **named: Any) -> None:
        """Print whether an answer is right; ``...`` leaves the exercise open, so that the lesson runs."""
        self.last = self.key(*arguments, **named)
        if answer is ...:
            print(f"Open: expected {self.last.kind}.")
            return
        try:
            error = self.last.error(answer)
        except Exception as problem:  # whatever the reader's own code raises is the error
            error = f"{shown(answer)} cannot be used here, {type(problem).__name__}: {problem}"
        print(f"Not yet: {error}. {self._more('hint')}" if error else f"Right: {shown(answer)}.")
        if not error and self.last.note:
            print(self.last.note(answer))

    def hint(self) -> None:
        """Print a hint."""
        self.helped = True
        print(f"Hint: {self.help} {self._more('solution')}")

    def solution(self) -> None:
        """Print what was expected; the hint, where it was not asked for before."""
        if not self.helped:
            self.hint()
        elif self.last is None:
            print("First run the cell of the exercise.")
        else:
            print(f"Expected: {self.last.expected}. The solution is folded below the exercise.")

    def _more(self, method: str) -> str:
        return f"More: checks.{self.key.__name__}.{method}()"


def exercise(hint: str) -> Callable[[Callable[..., Key]], Exercise]:
    """Decorate a function that returns the key of an exercise, from what the lesson has at hand."""
    return lambda key: Exercise(key, hint)


def numbers(
    expected: Any,
    kind: str,
    tolerance: float | Tensor,
    slips: Mapping[str, Any] | None = None,
    *,
    words: str = "",
    of: Callable[[Any], Any] = lambda answer: answer,
) -> Key:
    """The key of an answer that is numbers, or has numbers.

    Args:
        expected: the right answer: a number, numbers or a tensor, real or complex.
        kind: what an answer looks like.
        tolerance: largest difference allowed, of all numbers or of each.
        slips: typical wrong answers, by what to say of each.
        words: the right answer in words; its numbers if empty.
        of: the numbers of an answer, such as a function's values.
    """
    slips, right = slips or {}, as_numbers(of(expected))
    assert right is not None

    def error(answer: Any) -> str:
        value = of(answer)
        found = as_numbers(value)
        if found is None:
            return f"expected {kind}, got {shown(value)}"
        imaginary = found.is_complex() and not right.is_complex()
        if equal(found, right, tolerance) and not imaginary:
            return ""
        wrong = (said for said, slip in slips.items() if equal(found, as_numbers(of(slip)), tolerance))
        complex_ = "it is complex, and real numbers were expected" if imaginary else ""
        return next(wrong, complex_) or difference(found, right, tolerance)

    return Key(kind, words or rounded(right, tolerance), error, slips)


def choice(expected: Any, kind: str, slips: Mapping[str, Any], options: Sequence[Any] = ()) -> Key:
    """The key of an answer that is one of a few; case does not count in words, and True is not 1."""

    def error(answer: Any) -> str:
        found = folded(answer)
        if found == folded(expected):
            return ""
        if options and found not in map(folded, options):
            return f"expected {kind}, got {shown(answer)}"
        return next((said for said, slip in slips.items() if found == folded(slip)), "it is another one")

    return Key(kind, str(expected), error, slips)


def as_numbers(answer: Any) -> Tensor | None:
    """An answer as a tensor in double precision; none if it is no numbers, such as a word or True."""
    try:
        found = torch.as_tensor(answer).detach()
    except (TypeError, ValueError, RuntimeError):
        return None
    precise = torch.complex128 if found.is_complex() else torch.float64
    return None if found.dtype == torch.bool else found.to("cpu", precise)


def equal(found: Tensor | None, right: Tensor | None, tolerance: float | Tensor) -> bool:
    """Whether numbers have the same shape, and differ by no more than the tolerance."""
    if found is None or right is None or found.shape != right.shape:
        return False
    return bool(((found - right).abs() <= tolerance).all())


def difference(found: Tensor, right: Tensor, tolerance: float | Tensor) -> str:
    """What is wrong with numbers, as far as it can be told from them alone."""
    if found.shape != right.shape:
        return f"expected the shape {tuple(right.shape)}, got {tuple(found.shape)}"
    if not found.isfinite().all():
        return "not every number is finite"
    related = (said for said, wrong in RELATIONS.items() if equal(found, wrong(right), tolerance))
    if said := next(related, ""):
        return f"it is {said}"
    gap = found - right
    if not right.ndim and gap.is_complex():
        turned = equal(found.abs(), right.abs(), tolerance)
        return "only its angle is wrong" if turned else "its absolute value is wrong"
    if not right.ndim:
        return f"it is too {'large' if gap > 0 else 'small'}"
    off = gap.abs() > tolerance
    first, most = (tuple(where.nonzero()[0].tolist()) for where in (off, gap.abs() == gap.abs().max()))
    count = f"{int(off.sum())} of {off.numel()} numbers are off"
    return f"{count}, the first at {first}, the most, by {gap[most].abs():.2g}, at {most}"


def rounded(right: Tensor, tolerance: float | Tensor) -> str:
    """Numbers for reading."""
    if right.numel() > 12:
        return f"{right.numel()} numbers from {right.min():.3g} to {right.max():.3g}"
    digits = max(0, -math.floor(math.log10(tolerance or 1)))
    text = re.sub(r"\.0\b", "", str(right.numpy().round(digits).tolist()))
    return f"{text}, to {tolerance:.2g}" if tolerance else text


def folded(value: Any) -> Any:
    """What counts in a choice: numbers by value, words without case, blanks and brackets."""
    if isinstance(value, str):
        return value.strip(" ().").casefold()
    number = as_numbers(value)
    return number.item() if number is not None and number.numel() == 1 else repr(value)


def shown(answer: Any) -> str:
    """An answer in a few words; a tensor by its shape."""
    if isinstance(answer, Tensor) and answer.ndim:
        return f"a tensor of shape {tuple(answer.shape)}"
    if callable(answer):
        return f"this {type(answer).__name__}"
    text = repr(answer.item() if isinstance(answer, Tensor) else answer)
    return text if len(text) <= 60 else f"{text[:57]}..."
