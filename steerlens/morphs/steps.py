"""One step: in what direction coefficients are edited, and how far.

phasor            exp(i angle), by which a band is turned
ascent_increments one step of a named direction, bounded by a cap
bisect_distance   the image at an exact L2 distance on a path
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..transforms.base import Transform
from ..transforms.coefficients import Coefficients
from .gradients import gradient_step

AMPLITUDES = ("constant", "compounded", "linear")
DIRECTIONS = ("phase", "wirtinger", "joint")
DISTANCE_TOLERANCE = 5e-4
# Gradients below it (p has all but reached 1) are no longer scaled up to the cap. Entries a rounding error
# below it are the smallest normal numbers of float32; in float64, too, so that morphs stop at the same place.
FAINTEST = torch.finfo(torch.float32).tiny / torch.finfo(torch.float32).eps
LARGEST_GAIN = 1e30  # of a compounded amplitude, so that sums of coefficients stay within float32


def phasor(angle: Tensor) -> Tensor:
    """exp(i angle) of a real tensor; several times as fast as ``torch.polar`` and ``exp`` on a CPU."""
    turn = angle.new_empty(*angle.shape, 2)
    torch.cos(angle, out=turn[..., 0])
    torch.sin(angle, out=turn[..., 1])
    return torch.view_as_complex(turn)


def amplitude_gain(gain: Tensor, k: Tensor, amplitude: str) -> Tensor:
    """A_k / A_0 from |z| and k (Appendix B); never negative, never beyond 1e30."""
    if amplitude == "constant":
        return torch.ones_like(gain)
    if amplitude == "compounded":
        return (gain**k).clamp(max=LARGEST_GAIN)
    return (1 + k * (gain - 1)).clamp(min=0, max=LARGEST_GAIN)


def rendered(transform: Transform, coefficients: Coefficients) -> Tensor:
    """The image of coefficients, clipped to [0, 1]. Raises ValueError if it is not finite."""
    images = transform.synthesize(coefficients)
    if not torch.stack(images.aminmax()).isfinite().all():
        raise ValueError(
            "expected an alpha, cap or step count within the range of floating point, got images beyond it"
        )
    return images.clamp(0, 1)


def ascent_increments(
    at: Coefficients,
    gradient: Coefficients,
    direction: str,
    cap: float,
    alpha: float,
    peaks: tuple[Tensor, Tensor] | None = None,
) -> Coefficients:
    """One step uphill: a change of every band coefficient's phase and of every residual.

    The bands are phase shifts, real, or log-amplitude + i phase, complex (in the direction "joint").

    "phase": dL/dPhi, scaled so that each image's largest shift is ``cap`` radians. "joint": S* g / |S|,
    amplitude and phase together, its largest modulus ``cap``. "wirtinger": arg z of Eq. 9, each entry
    limited to ``cap``. Residuals: dL/dr, its largest entry ``cap``. ``peaks`` are those of `step_peaks` if
    these coefficients are not all of their images'.
    """
    bands = _directed(at, gradient, direction, cap, alpha)
    largest, largest_residual = peaks or (_peak(bands, at), _peak(gradient.residuals, at))
    if direction != "wirtinger":
        bands = _scaled_to(cap, bands, largest)
    return Coefficients(tuple(bands), tuple(_scaled_to(cap, gradient.residuals, largest_residual)))


def step_peaks(
    at: Coefficients, gradient: Coefficients, direction: str, cap: float, alpha: float
) -> tuple[Tensor, Tensor]:
    """The largest modulus, (batch,), that bands and residuals of the step have before it is scaled."""
    return _peak(_directed(at, gradient, direction, cap, alpha), at), _peak(gradient.residuals, at)


def _directed(
    at: Coefficients, gradient: Coefficients, direction: str, cap: float, alpha: float
) -> list[Tensor]:
    """The bands of a step of a named direction, those of "phase" and "joint" before they are scaled."""
    pairs = list(zip(at.bands, gradient.bands, strict=True))
    if direction == "wirtinger":
        limit = min(cap, math.pi)  # a larger one may not be a number of the bands' precision
        return [gradient_step(S, g, alpha).angle().clamp(-limit, limit) for S, g in pairs]
    products = [S.conj() * g for S, g in pairs]
    if direction == "phase":
        return [product.imag for product in products]
    return [product * _inverse_modulus(S) for product, S in zip(products, at.bands, strict=True)]


def _inverse_modulus(S: Tensor) -> Tensor:
    """1 / |S|, and 0 where |S|^2 is no normal number: there is no phase."""
    square = (S.conj() * S).real
    return torch.where(square >= torch.finfo(square.dtype).tiny, square.rsqrt(), 0)


def _peak(parts: Sequence[Tensor], at: Coefficients) -> Tensor:
    """The largest modulus of each image's parts, (batch,); of no part at all, 0."""
    if not parts:
        return torch.zeros(len(at), device=at.parts[0].device)
    return torch.stack([part.abs().flatten(1).amax(1) for part in parts]).amax(0)


def _scaled_to(cap: float, parts: Sequence[Tensor], peak: Tensor) -> list[Tensor]:
    """Parts of each image times one factor that brings its largest modulus from ``peak`` to ``cap``.

    Where that modulus is below `FAINTEST`, they become zeros.
    """
    normal = peak >= FAINTEST
    inverse = torch.where(normal, 1 / torch.where(normal, peak, 1), 0)
    return [part * inverse.view(-1, *[1] * (part.ndim - 1)) * cap for part in parts]


def moved(anchor: Coefficients, increments: Coefficients) -> Coefficients:
    """S exp(eta + i delta) in the bands, r + rho in the residuals; real increments of bands are phases."""
    bands = tuple(S * _factor(w) for S, w in zip(anchor.bands, increments.bands, strict=True))
    residuals = tuple(r + rho for r, rho in zip(anchor.residuals, increments.residuals, strict=True))
    return Coefficients(bands, residuals)


def _factor(increment: Tensor) -> Tensor:
    if not increment.is_complex():
        return phasor(increment)
    return phasor(increment.imag) * increment.real.exp()


def scaled(step: Coefficients, t: Tensor) -> Coefficients:
    """The increments of each image times one factor, (batch,)."""
    t = t.to(step.residuals[0])[:, None, None, None]
    return step.map(lambda band: band * t[..., None], lambda residual: residual * t)


def l2_distance(images: Tensor, others: Tensor) -> Tensor:
    """L2 distance over channels, height and width."""
    return torch.linalg.vector_norm(images - others, dim=(-3, -2, -1))


def bisect_distance(
    render: Callable[[Tensor], Tensor], low: Tensor, high: Tensor, sources: Tensor, distance: float | Tensor
) -> tuple[Tensor, Tensor]:
    """Positions between ``low`` (nearer than ``distance``) and ``high`` (not nearer), and their images.

    Args:
        render: images (n, channels, height, width) at positions (n,).
        low, high: positions (n,) that bracket the distance.
        sources: images (n, channels, height, width) that the L2 distance is taken to.
        distance: to be met to 5e-4, one for all or (n,).

    Returns:
        positions (n,), float64, and images.
    """
    low, high = low.double(), high.double()
    for _ in range(60):
        middle = (low + high) / 2
        images = render(middle)
        found = l2_distance(images, sources)
        if ((found - distance).abs() <= DISTANCE_TOLERANCE).all():
            break
        low, high = torch.where(found < distance, middle, low), torch.where(found < distance, high, middle)
    return middle, images
