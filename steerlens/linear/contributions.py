"""Theorem 1 for any graph: a score as the input's contribution and those of the constants that units add."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .freezing import Constant

if TYPE_CHECKING:
    from .interpreter import LinearInterpreter


@dataclass(frozen=True)
class Contributions:
    """Parts of some output entries. ``input + biases.sum(1) = scores``.

    Attributes:
        entries: (n,), flat indices of the output.
        scores: (n,), the output there.
        input: (n,), the entries of F x0.
        layers: names of the units that add a constant, in the order in which they ran.
        biases: (n, layers), Q_i b_i of each (Eq. 8).
    """

    entries: Tensor
    scores: Tensor
    input: Tensor
    layers: tuple[str, ...]
    biases: Tensor

    @property
    def residual(self) -> Tensor:
        """r at the entries, (n,)."""
        return self.biases.sum(1)


def contributions(interpreter: "LinearInterpreter", k: Any = None) -> Contributions:
    """Theorem 1: what input and units contribute to output entries ``k`` (None: the largest) (Eq. 8, 16).

    One backward pass: the gradient of a score at each unit's output, times the constant added there.
    """
    entries, constants = interpreter.entries(k), list[Constant]()
    x, y = interpreter.traced(constants)
    inputs, local = _projections(x, y, constants, entries)
    shares: dict[str, Tensor] = {}
    for constant, part in local:
        label = f"{constant.layer} {constant.unit}".strip()
        shares[label] = shares.get(label, 0) + part.flatten(1).sum(1)
    biases = torch.stack(list(shares.values()), 1) if shares else y.new_zeros(len(entries), 0)
    scores = y.detach().flatten()[entries]
    return Contributions(entries, scores, inputs.flatten(1).sum(1), tuple(shares), biases)


def pixel_discussion(interpreter: "LinearInterpreter", k: Any = None) -> Tensor:
    """What each input entry contributes to output entries ``k`` (None: the largest): (n, ...) like x0.

    Each sums to its score. Eq. 18 as printed back-projects the constants of all layers by P_i, whatever the
    class, and scales the sum to the score. Here the constants are weighted by Q_i for the class first; their
    back-projection says only *where* the residual belongs: r is spread in proportion to its absolute value,
    and the row times the input needs no scaling. (One scale for all would be the score over a sum that has
    either sign.)
    """
    constants: list[Constant] = []
    x, y = interpreter.traced(constants)
    chunks = interpreter.entries(k).split(interpreter.chunk)
    return torch.cat([_discussion(x, y, constants, entries) for entries in chunks])


def _discussion(x: Tensor, y: Tensor, constants: list[Constant], entries: Tensor) -> Tensor:
    discussion, local = _projections(x, y, constants, entries)
    if not local:
        return discussion
    (back,) = gradients([constant.output for constant, _ in local], [x], [part for _, part in local])
    residual = torch.stack([part.flatten(1).sum(1) for _, part in local]).sum(0)
    weights = back[:, 0].abs().flatten(1) + 1e-30  # even where nothing arrives
    spread = residual[:, None] * weights / weights.sum(1, keepdim=True)
    return discussion + spread.view_as(discussion)


def pixel_votes(interpreter: "LinearInterpreter", k: Any = None) -> Tensor:
    """The output entry, of ``k`` (None: all), that each pixel contributes most to: (height, width).

    A pixel's contribution is summed over channels. Raises ValueError if x0 is no image.
    """
    shape = tuple(interpreter.x0.shape)
    if len(shape) != 4:
        raise ValueError(f"x0: expected an image (1, channels, height, width), got {shape}")
    entries = interpreter.entries(range(interpreter.output.numel()) if k is None else k)
    return entries[pixel_discussion(interpreter, entries).sum(1).argmax(0)]


def _projections(
    x: Tensor, y: Tensor, constants: list[Constant], entries: Tensor
) -> tuple[Tensor, list[tuple[Constant, Tensor]]]:
    """Rows of F times x, (n, ...), and each constant that reaches the output, with Q_i c_i, (n, 1, ...)."""
    probes = [constant.probe for constant in constants]
    rows, *forward = gradients([y], [x, *probes], [impulses(entries, y)])
    reached = [(c, q * c.value) for c, q in zip(constants, forward, strict=True) if q is not None]
    return rows[:, 0] * x.detach(), reached


def impulses(entries: Tensor, like: Tensor) -> Tensor:
    """1 at some flat indices (n,) of a tensor (1, ...), 0 elsewhere: (n, 1, ...)."""
    return torch.nn.functional.one_hot(entries, like.numel()).to(like).view(-1, *like.shape)


def gradients(
    outputs: list[Tensor], inputs: list[Tensor], directions: list[Tensor], create_graph: bool = False
) -> tuple[Tensor, ...]:
    """Gradients along a batch of directions; None for an input that a frozen mask cut off."""
    how = {"retain_graph": True, "is_grads_batched": True, "allow_unused": True}
    return torch.autograd.grad(outputs, inputs, directions, create_graph=create_graph, **how)
