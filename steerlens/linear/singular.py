"""Singular triplets of a system that is never materialised: block Lanczos, and Algorithm 1."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from .._internal.checks import LARGEST_SEED, check_choice, check_integer, check_number

if TYPE_CHECKING:
    from .interpreter import LinearInterpreter

DEPTH = 8  # blocks that are kept before a restart


class Triplets(NamedTuple):
    """Singular values, largest first, and what belongs to them: F v = sigma u, F^T u = sigma v.

    Attributes:
        values: sigma, (n,).
        inputs: v, eigen-inputs of length 1, (n, ...) like x0.
        outputs: u, eigen-outputs of length 1, (n, ...) like the output.
        errors: |F^T F v - sigma^2 v| / sigma_1^2, (n,).
        vectors: how many vectors were sent through F and back.
    """

    values: Tensor
    inputs: Tensor
    outputs: Tensor
    errors: Tensor
    vectors: int


def singular_triplets(
    operator: "LinearInterpreter",
    n: int = 6,
    method: str = "block",
    *,
    steps: int = 200,
    tolerance: float = 1e-6,
    extra: int = 6,
    momentum: float = 0.0,
    seed: int = 0,
) -> Triplets:
    """The ``n`` largest singular values of F and their vectors.

    Args:
        operator: of which x0, output, apply and transpose are used.
        n: how many.
        method: "block": the Krylov space of F^T F and n + ``extra`` vectors, with thick restarts (block
            Lanczos: Golub, Underwood 1977; Wu, Simon 2000); "power": Algorithm 1, one triplet after
            another, each on the deflated system. sigma is |F v| in both.
        steps: at most this many, of the block or of each triplet.
        tolerance: of ``Triplets.errors``, at which the steps end.
        extra: vectors beyond n in the block, which make it converge faster.
        momentum: m of Algorithm 1; sigma_2^4 / 4 is the fastest, from sigma_1^4 / 4 on it diverges.
        seed: of the random start.

    Raises:
        TypeError, ValueError: an argument out of range.
    """
    size = min(operator.x0.numel(), operator.output.numel())
    n, steps = check_integer("n", n, 1, size), check_integer("steps", steps, 1)
    tolerance, extra = check_number("tolerance", tolerance, positive=True), check_integer("extra", extra, 0)
    generator = torch.Generator().manual_seed(check_integer("seed", seed, 0, LARGEST_SEED))
    width = min(n + extra, size) if check_choice("method", method, ("block", "power")) == "block" else n
    start = torch.randn(width, operator.x0.numel(), generator=generator, dtype=torch.float64).to(operator.x0)
    if method == "block":
        return _block(operator, start, n, steps, tolerance)
    return _power(operator, start, steps, tolerance, check_number("momentum", momentum))


def _block(operator: "LinearInterpreter", start: Tensor, n: int, steps: int, tolerance: float) -> Triplets:
    width, vectors = len(start), 0
    basis, images, following = start[:0], start.new_empty(0, operator.output.numel()), start
    for step in range(1, steps + 1):
        new = torch.linalg.qr(torch.cat([basis, following]).T).Q.T[len(basis) :]  # orthogonal to the basis
        basis = torch.cat([basis, new])
        images = torch.cat([images, operator.apply(_like(new, operator.x0)).flatten(1)])
        left, values, right = torch.linalg.svd(images.T, full_matrices=False)  # Rayleigh-Ritz
        v, u, values = right[:width] @ basis, left.T[:width], values[:width]
        back = operator.transpose(_like(values[:, None] * u, operator.output)).flatten(1)
        vectors += len(new) + width
        following = back - values.square()[:, None] * v
        errors = following.norm(dim=1) / values[0].square().clamp(min=1e-300)
        if errors[:n].max() <= tolerance or step == steps or len(basis) == basis.shape[1]:
            break
        if len(basis) > DEPTH * width:  # begin again with the best
            basis, images = v, values[:, None] * u
    shapes = _like(v[:n], operator.x0), _like(u[:n], operator.output)
    return Triplets(values[:n], *shapes, errors[:n], vectors)


def _power(
    operator: "LinearInterpreter", start: Tensor, steps: int, tolerance: float, momentum: float
) -> Triplets:
    found: list[PowerTriplet] = []
    for v in start:
        found.append(power_triplet(operator, v, found, steps=steps, tolerance=tolerance, momentum=momentum))
    values, inputs, outputs, errors, taken, _ = zip(*found, strict=True)
    shapes = _like(torch.stack(inputs), operator.x0), _like(torch.stack(outputs), operator.output)
    largest = values[0].square().clamp(min=1e-300)
    return Triplets(torch.stack(values), *shapes, torch.stack(errors) / largest, 2 * sum(taken))


class PowerTriplet(NamedTuple):
    """What Algorithm 1 ends with; ``printed`` is its own sigma (line 5), ``value`` is |F v|."""

    value: Tensor
    input: Tensor
    output: Tensor
    error: Tensor
    steps: int
    printed: Tensor


def power_triplet(
    operator: "LinearInterpreter",
    start: Tensor,
    found: Sequence[PowerTriplet] = (),
    *,
    steps: int = 200,
    tolerance: float = 1e-6,
    momentum: float = 0.0,
) -> PowerTriplet:
    """Algorithm 1 on F without the triplets ``found``: power steps with momentum, from a flat ``start``.

    Its printed sigma^2 = v^T (F^T F v - m v_prev) is the larger root of s + m / s = sigma^2, and so too small
    wherever m > 0.
    """
    v, previous = start / start.norm(), torch.zeros_like(start)
    for step in range(1, steps + 1):
        u = _deflated(operator.apply(_like(v, operator.x0)).flatten(), v, found)
        back = _deflated(operator.transpose(_like(u, operator.output)).flatten(), u, found, back=True)
        value = u.norm()
        error = (back - value.square() * v).norm()
        largest = (found[0].value if found else value).square()
        following = back - momentum * previous
        printed = (v @ following).clamp(min=0).sqrt()
        length = following.norm().clamp(min=1e-300)
        if error <= tolerance * largest or step == steps:
            break
        previous, v = v / length, following / length
    return PowerTriplet(value, v, u / value.clamp(min=1e-300), error, step, printed)


def _deflated(image: Tensor, vector: Tensor, found: Sequence[PowerTriplet], back: bool = False) -> Tensor:
    """F v - sum sigma u (v . v_i), or the same of the transpose."""
    for t in found:
        source, result = (t.output, t.input) if back else (t.input, t.output)
        image = image - t.value * (source @ vector) * result
    return image


def _like(vectors: Tensor, like: Tensor) -> Tensor:
    """Flat vectors (n, entries) or (entries,) as a batch (n, ...) like a tensor (1, ...)."""
    return vectors.reshape(-1, *like.shape[1:])
