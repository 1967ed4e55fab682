"""Lesson 01: the checks of its exercises."""

import cmath
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..common.verdict import close

TOLERANCE = 1e-3  # of the largest number, so that an answer typed with four digits counts


def check_conjugate_gradient(answer: Any) -> None:
    """A function of (dL/dRe, dL/dIm) that returns dL/dS*."""
    _check_function(answer, lambda dx, dy: (dx + 1j * dy) / 2, [(3.0, -4.0), (0.5, 2.0)])


def check_conventions(answer: Any, torch_gradient: Tensor) -> None:
    """A pair, the paper's gradient and JAX's, from what torch returns for a complex leaf."""
    given = complex(torch_gradient)
    _check(answer, [given / 2, given.conjugate()], "a pair: the paper's gradient, JAX's gradient")


def check_polar_parts(answer: Any) -> None:
    """A function of (S, g) that returns the pair dL/dA, dL/dPhi (Eq. 5, inverted)."""

    def right(S: complex, g: complex) -> tuple[float, float]:
        product = 2 * S.conjugate() * g
        return product.real / abs(S), product.imag

    _check_function(answer, right, [(3 + 4j, 1 - 2j), (-0.2 + 0.1j, 0.3 + 0.7j)])


def check_half_way(answer: Any, S: Tensor, g: Tensor) -> None:
    """The alpha at which arg z is half of its limit: there the step is as long as S (a rhombus)."""
    _check(answer, (S.abs() / g.abs()).item(), "a positive number")


def check_linear_mode(answer: Any, S: Tensor, g: Tensor, alpha: float, k: int) -> None:
    """S_k with linear phase (Eq. 10) and linear amplitude (Appendix B)."""
    z = 1 + alpha * complex(g) / complex(S)
    turned = complex(S) * cmath.exp(1j * k * cmath.phase(z))
    _check(answer, turned * (1 + k * (abs(z) - 1)), "a complex number")


def _check_function(answer: Any, right: Callable[..., Any], probes: Sequence[tuple]) -> None:
    """Compare what the reader's function returns, or raises, with the right one at some arguments."""
    places = "; ".join(", ".join(f"{value:g}" for value in probe) for probe in probes)
    if answer is not ...:
        try:
            answer = [answer(*probe) for probe in probes]
        except Exception as error:  # whatever the reader's function raises is the answer
            answer = f"{type(error).__name__}: {error}"
    _check(answer, [right(*probe) for probe in probes], f"a function, which is called at {places}")


def _check(answer: Any, expected: Any, kind: str) -> None:
    close(answer, expected, kind, TOLERANCE * torch.as_tensor(expected).abs().max().item())
