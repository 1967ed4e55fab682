"""The paper's equations, and the check that stands beside each in a lesson.

    check_equation   asserts an error and prints one line, which notebooks/equations.md collects
    relative_error   largest deviation, in units of the largest expected value

The formulas stand in notebooks/site/formulas.py.
"""

import math
import re
from typing import Any

import torch

# What check_equation prints.
LINE = re.compile(r"^Eq\. \((?P<label>[\w.]+)\): error (?P<error>\S+) <= (?P<tolerance>\S+)$", re.MULTILINE)


def check_equation(label: str, error: Any, tolerance: float = 1e-6) -> None:
    """Assert that an equation's error is at most ``tolerance``, and print one line that says so.

    Args:
        label: of a formula, such as "5" or "B.2".
        error: what was found: a number, a tensor of one number, or an expression of sympy, which has to be
            a number by now.
        tolerance: largest error allowed; 0 for an exact (symbolic) check.

    Raises:
        AssertionError: the error is larger, or not finite.
    """
    try:
        error = abs(complex(error))
    except TypeError as problem:
        raise AssertionError(f"Eq. ({label}): expected a number, got {error}") from problem
    if not (math.isfinite(error) and error <= tolerance):
        raise AssertionError(f"Eq. ({label}): expected an error of at most {tolerance:g}, got {error:.2e}")
    print(f"Eq. ({label}): error {f'{error:.0e}' if error else 0} <= {tolerance:g}")


def relative_error(found: Any, expected: Any) -> float:
    """max |found - expected| / max |expected|, over tensors of one shape or numbers, real or complex."""
    found, expected = (torch.as_tensor(value).to(torch.complex128) for value in (found, expected))
    if found.shape != expected.shape:
        shapes = f"{tuple(expected.shape)}, got {tuple(found.shape)}"
        raise ValueError(f"relative_error: expected the shape {shapes}")
    return ((found - expected).abs().max() / expected.abs().max()).item()
