"""Lesson 01: the small formulas that its figures draw, in float64."""

from collections.abc import Callable

import torch
from torch import Tensor

from steerlens.morphs.gradients import gradient_step
from steerlens.morphs.steps import AMPLITUDES, amplitude_gain

Score = Callable[[Tensor, Tensor], Tensor]  # of the real and the imaginary part


def toy_gradient(score: Score, S: complex) -> complex:
    """g* = dL/dS* of a score of one coefficient, by autograd over the two real parts (float64)."""
    parts = torch.tensor([S.real, S.imag], dtype=torch.float64, requires_grad=True)
    dx, dy = torch.autograd.grad(score(*parts), parts)[0].tolist()
    return complex(dx, dy) / 2


def split(S: complex, g: complex) -> tuple[complex, complex]:
    """The radial part of g (along S: amplitude) and the tangential one (across S: phase)."""
    direction = S / abs(S) if S else 0j
    along = g * direction.conjugate()
    return along.real * direction, 1j * along.imag * direction


def mode_paths(S: complex, g: complex, alpha: float, k: Tensor) -> dict[str, Tensor]:
    """S_k for every k (n,), in the three amplitude modes of Appendix B, and along the line of Eq. 2."""
    z = gradient_step(*(torch.tensor(v, dtype=torch.complex128) for v in (S, g)), alpha)
    turned = S * torch.exp(1j * k * z.angle())
    paths = {mode: turned * amplitude_gain(z.abs(), k, mode) for mode in AMPLITUDES}
    return {**paths, "straight (Eq. 2)": S + k * alpha * g}


def saturation(S: Tensor, g: Tensor, alpha: float | Tensor) -> tuple[Tensor, Tensor]:
    """|arg z| of every coefficient (Eq. 9) and its limit for large alpha, |arg(g / S)|, in degrees."""
    S, g, alpha = torch.broadcast_tensors(S, g, torch.as_tensor(alpha, dtype=S.real.dtype))
    limit = torch.where(S == 0, 0, g * S.conj())  # arg(g / S), without a division
    return gradient_step(S, g, alpha).angle().abs().rad2deg(), limit.angle().abs().rad2deg()
