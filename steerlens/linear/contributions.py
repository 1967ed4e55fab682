"""Theorem 1 for any graph: a score as the input's contribution and those of the constants that units add.

contributions      F x0 and one number a layer, which sum to the score (Eq. 8, 16)
pixel_discussion   the same, back-projected to the input's entries (Eq. 18)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .freezing import Constant


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


def contributions(x: Tensor, y: Tensor, constants: Sequence[Constant], entries: Tensor) -> Contributions:
    """One backward pass: the gradient of a score at each unit's output, times the constant added there.

    Args:
        x, y, constants: input, output and constants of `steerlens.linear.freezing.frozen_run`.
        entries: flat indices of the output, (n,).
    """
    rows, local = _projections(x, y, constants, entries)
    shares: dict[str, Tensor] = {}
    for constant, part in local:
        label = f"{constant.layer} {constant.unit}".strip()
        shares[label] = shares.get(label, 0) + part.flatten(1).sum(1)
    biases = torch.stack(list(shares.values()), 1) if shares else y.new_zeros(len(entries), 0)
    inputs = (rows * x.detach()).flatten(1).sum(1)
    return Contributions(entries, y.detach().flatten()[entries], inputs, tuple(shares), biases)


def pixel_discussion(x: Tensor, y: Tensor, constants: Sequence[Constant], entries: Tensor) -> Tensor:
    """What each input entry contributes to some scores: (n, ...) like x, each summing to its score.

    Eq. 18 as printed back-projects the constants of all layers by P_i, whatever the class, and scales the sum
    to the score. Here the constants are weighted by Q_i for the class first; their back-projection says only
    *where* the residual belongs: r is spread in proportion to its absolute value, and the row times the input
    needs no scaling. (One scale for all would be the score over a sum that has either sign.)

    Arguments as of `contributions`.
    """
    rows, local = _projections(x, y, constants, entries)
    discussion = rows * x.detach()
    if not local:
        return discussion
    (back,) = _gradients([constant.output for constant, _ in local], [x], [part for _, part in local])
    residual = torch.stack([part.flatten(1).sum(1) for _, part in local]).sum(0)
    weights = back[:, 0].abs().flatten(1) + 1e-30  # even where nothing arrives
    spread = residual[:, None] * weights / weights.sum(1, keepdim=True)
    return discussion + spread.view_as(discussion)


def _projections(
    x: Tensor, y: Tensor, constants: Sequence[Constant], entries: Tensor
) -> tuple[Tensor, list[tuple[Constant, Tensor]]]:
    """Rows of F, (n, ...) like x, and each constant that reaches the output with its Q_i c_i, (n, 1, ...)."""
    probes = [constant.probe for constant in constants]
    rows, *forward = _gradients([y], [x, *probes], [impulses(entries, y)])
    reached = [(c, q * c.value) for c, q in zip(constants, forward, strict=True) if q is not None]
    return rows[:, 0], reached


def impulses(entries: Tensor, like: Tensor) -> Tensor:
    """1 at some flat indices (n,) of a tensor (1, ...), 0 elsewhere: (n, 1, ...)."""
    return torch.nn.functional.one_hot(entries, like.numel()).to(like).view(-1, *like.shape)


def _gradients(outputs: list[Tensor], inputs: list[Tensor], directions: list[Tensor]) -> tuple[Tensor, ...]:
    """Gradients along a batch of directions; None for an input that a frozen mask cut off."""
    how = {"retain_graph": True, "is_grads_batched": True, "allow_unused": True}
    return torch.autograd.grad(outputs, inputs, directions, **how)
