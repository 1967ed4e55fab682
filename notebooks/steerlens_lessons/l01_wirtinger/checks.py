"""Lesson 01: the checks of its exercises."""

import cmath
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..common.exercises import Key, exercise, numbers

TOLERANCE = 1e-3  # of the largest number, so that an answer typed with four digits counts


@exercise("dL/dS* is half of a sum: the real derivative, and i times the imaginary one.")
def check_conjugate_gradient() -> Key:
    """A function of (dL/dRe, dL/dIm) that returns dL/dS*."""
    slips = {
        "that is torch's gradient, twice the paper's": lambda dx, dy: dx + 1j * dy,
        "that is dL/dS; the conjugate coordinate S* was asked for": lambda dx, dy: (dx - 1j * dy) / 2,
        "real and imaginary part are swapped": lambda dx, dy: (dy + 1j * dx) / 2,
    }
    words = "half of dL/dRe + i dL/dIm"
    return _of_function(lambda dx, dy: (dx + 1j * dy) / 2, [(3.0, -4.0), (0.5, 2.0)], words, slips)


@exercise("torch returns dL/dRe + i dL/dIm, the paper half of it, JAX dL/dRe - i dL/dIm.")
def check_conventions(torch_gradient: Tensor) -> Key:
    """A pair, the paper's gradient and JAX's, from what torch returns for a complex leaf."""
    given = complex(torch_gradient)
    slips = {
        "the first is still torch's gradient, twice the paper's": [given, given.conjugate()],
        "the second is still torch's gradient; JAX's is its conjugate": [given / 2, given],
        "JAX has no half: only the paper's gradient has": [given / 2, given.conjugate() / 2],
    }
    return _numbers([given / 2, given.conjugate()], "a pair: the paper's gradient, JAX's gradient", slips)


@exercise("multiply Eq. 5 by 2 S*. Its right side becomes A dL/dA + i dL/dPhi.")
def check_polar_parts() -> Key:
    """A function of (S, g) that returns the pair dL/dA, dL/dPhi (Eq. 5, inverted)."""

    def parts(product: complex, amplitude: float) -> tuple[float, float]:
        return product.real / amplitude, product.imag

    slips = {
        "both are half of it: g = dL/dS* has the factor 1/2": lambda S, g: parts(S.conjugate() * g, abs(S)),
        "S is not conjugated": lambda S, g: parts(2 * S * g, abs(S)),
        "the first still has to be divided by A": lambda S, g: parts(2 * S.conjugate() * g, 1),
        "those are the parts of g along the axes, not along S and across it": lambda S, g: (g.real, g.imag),
    }
    words = "Re(2 S* g) / A and Im(2 S* g)"
    probes = [(3 + 4j, 1 - 2j), (-0.2 + 0.1j, 0.3 + 0.7j)]
    return _of_function(lambda S, g: parts(2 * S.conjugate() * g, abs(S)), probes, words, slips)


@exercise("when two arrows are equally long, their sum halves the angle between them.")
def check_half_way(S: Tensor, g: Tensor) -> Key:
    """The alpha at which arg z is half of its limit: there the step is as long as S (a rhombus)."""
    length = (S.abs() / g.abs()).item()
    slips = {
        "alpha is a real number: only the lengths of S and g count": S / g,
        "it is upside down: for this alpha, alpha |g| / |S| is not 1": 1 / length,
    }
    return _numbers(length, "a positive number", slips)


@exercise("z is 1 + alpha g / S; its angle is taken k times, and the amplitude grows by k (|z| - 1).")
def check_linear_mode(S: Tensor, g: Tensor, alpha: float, k: int) -> Key:
    """S_k with linear phase (Eq. 10) and linear amplitude (Appendix B)."""
    z = 1 + alpha * complex(g) / complex(S)
    turned = complex(S) * cmath.exp(1j * k * cmath.phase(z))
    slips = {
        "that is the constant amplitude: the phase is right": turned,
        "that is the compounded amplitude, |z| to the power k": complex(S) * z**k,
        f"that is the straight step S + {k} alpha g (Eq. 2)": complex(S + k * alpha * g),
    }
    return _numbers(turned * (1 + k * (abs(z) - 1)), "a complex number", slips)


def _of_function(
    right: Callable[..., Any], probes: Sequence[tuple], words: str, slips: Mapping[str, Callable[..., Any]]
) -> Key:
    """The key of a function that is called at some arguments."""
    places = "; ".join(", ".join(f"{value:g}" for value in probe) for probe in probes)

    def values(function: Callable[..., Any]) -> list:
        return [function(*probe) for probe in probes]

    return _numbers(right, f"a function, which is called at {places}", slips, words, values)


def _numbers(
    expected: Any, kind: str, slips: Mapping[str, Any], words: str = "", of: Callable = lambda answer: answer
) -> Key:
    tolerance = TOLERANCE * torch.as_tensor(of(expected)).abs().max().item()
    return numbers(expected, kind, tolerance, slips, words=words, of=of)
