"""Lesson 16: checks of the exercises about concepts."""

from torch import Tensor

from ..common.exercises import Key, exercise, numbers
from .sobol import jansen


@exercise("block 0 is A, and block `2 + i` is A with column i from B: square the gap, take half of its mean.")
def check_total_index(values: Tensor, i: int) -> Key:
    """The total index of input i, from the values (inputs + 2, rows) of a function on a design, to 0.1 %."""
    index = jansen(values.double())[i].item()
    variance = values[:2].double().var(correction=0).item()
    from_b = (values[1] - values[2 + i]).double().square().mean().item() / 2 / variance
    slips = {
        "the half is missing": 2 * index,
        "that is not yet divided by the variance of Y": index * variance,
        "that block differs from B in all columns but one: compare with A": from_b,
    }
    kind = "an index, a number"
    return numbers(index, kind, 1e-3 * index, slips, words=f"{index:.3f}, to 0.1 %")


@exercise("the concept's part at a place is its coefficient times its row of W; no activation is below 0.")
def check_without(activations: Tensor, maps: Tensor, bank: Tensor, concept: int) -> Key:
    """Activations (n, channels, h, w) without one concept, at least 0."""
    part = maps[:, concept, None] * bank[concept, :, None, None]
    right, kind = (activations - part).clamp(min=0), f"a tensor of shape {tuple(activations.shape)}"
    slips = {
        "some activations are below 0, which this layer never gives": activations - part,
        "that is the concept alone": part,
        "the concept is added, not taken away": activations + part,
        "that takes the coefficient from every channel: its row of W is missing": (
            activations - maps[:, concept, None]
        ).clamp(min=0),
    }
    return numbers(
        right, kind, 1e-4, slips, words=f"{kind}: the activations less the concept's part, at least 0"
    )


@exercise("what is left is `A` less the product; compare its sum of squares with that of `A`.")
def check_explained(activations: Tensor, coefficients: Tensor, bank: Tensor) -> Key:
    """The share of the energy of activations (n, channels) that coefficients times a bank explain."""
    left = (activations - coefficients @ bank).square().sum() / activations.square().sum()
    share = 1 - left.item()
    slips = {
        "that is the share which is left": 1 - share,
        "that compares lengths; energies are their squares": 1 - (1 - share) ** 0.5,
    }
    return numbers(share, "a share, between 0 and 1", 1e-3, slips, words=f"{share:.3f}, to .001")
