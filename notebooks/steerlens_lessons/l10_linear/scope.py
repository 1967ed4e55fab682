"""The paper's double batch (Eq. 2-5): a network runs on x0 and on a probe at once, here to teach and to test.

SCOPES        type of a unit -> its frozen action on the probe
LinearScope   a unit on [x0, x1]: its own value on the first half, A(x0) x1 + c(x0) on the second
scoped        a copy of a network with a LinearScope around every unit that SCOPES names
double_batch  [f(x0), F x1 + r] of such a copy
"""

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def _maxima(unit: nn.Module, x0: Tensor, x1: Tensor) -> Tensor:
    """The entries of x1 at the places where x0 has its maxima."""
    y0, places = nn.functional.max_pool2d(
        x0, unit.kernel_size, unit.stride, unit.padding, unit.dilation, unit.ceil_mode, return_indices=True
    )
    return x1.flatten(2).gather(2, places.flatten(2)).view_as(y0)


def _normalized(x0: Tensor, x1: Tensor, axes: Sequence[int], eps: float) -> Tensor:
    """x1 with the mean and the variance of x0."""
    variance = x0.var(tuple(axes), correction=0, keepdim=True)
    return (x1 - x0.mean(tuple(axes), keepdim=True)) / (variance + eps).sqrt()


def _by_channel(unit: nn.Module, y: Tensor) -> Tensor:
    if unit.weight is None:
        return y
    shape = (1, -1, *[1] * (y.ndim - 2))
    return y * unit.weight.view(shape) + unit.bias.view(shape)


def _grouped(unit: nn.Module, groups: int, x0: Tensor, x1: Tensor) -> Tensor:
    x0, x1 = x0.unflatten(1, (groups, -1)), x1.unflatten(1, (groups, -1))
    return _by_channel(unit, _normalized(x0, x1, range(2, x0.ndim), unit.eps).flatten(1, 2))


def _layer(unit: nn.LayerNorm, x0: Tensor, x1: Tensor) -> Tensor:
    axes = range(-len(unit.normalized_shape), 0)
    return _normalized(x0, x1, axes, unit.eps) * unit.weight + unit.bias


SCOPES: dict[type, Callable[..., Tensor]] = {
    nn.ReLU: lambda unit, x0, x1: x1 * (x0 > 0),
    nn.LeakyReLU: lambda unit, x0, x1: torch.where(x0 > 0, x1, unit.negative_slope * x1),
    nn.MaxPool2d: _maxima,
    nn.SiLU: lambda unit, x0, x1: x1 / (1 + torch.exp(-x0)),
    nn.GELU: lambda unit, x0, x1: x1 * (1 + torch.erf(x0 / math.sqrt(2))) / 2,
    nn.Tanh: lambda unit, x0, x1: x1 * x0.tanh() / x0,
    nn.Sigmoid: lambda unit, x0, x1: x0.sigmoid() + x0.sigmoid() * (1 - x0.sigmoid()) * (x1 - x0),  # Eq. 4
    nn.InstanceNorm2d: lambda unit, x0, x1: _grouped(unit, unit.num_features, x0, x1),
    nn.GroupNorm: lambda unit, x0, x1: _grouped(unit, unit.num_groups, x0, x1),
    nn.LayerNorm: _layer,
}


class LinearScope(nn.Module):
    """A unit on a double batch (Eq. 2). With x1 = x0 both halves are the same (Eq. 3).

    Args:
        unit: what is wrapped; it may take several inputs, each a double batch.
        action: frozen action: ``action(unit, x0, x1)``, or ``action(unit, x0, x1, z0, z1)`` for two inputs.
    """

    def __init__(self, unit: nn.Module, action: Callable[..., Tensor]):
        super().__init__()
        self.unit, self.action = unit, action

    def forward(self, *both: Tensor) -> Tensor:
        """[x0, x1] along the batch axis, for each input, to [h(x0), A(x0) x1 + c(x0)]."""
        halves = [half for pair in both for half in pair.chunk(2)]
        return torch.cat([self.unit(*halves[::2]), self.action(self.unit, *halves)])


def scoped(model: nn.Module, scopes: dict[type, Callable[..., Tensor]] | None = None) -> nn.Module:
    """A copy of ``model``, in eval mode, with a `LinearScope` around each unit of `SCOPES` and ``scopes``."""
    table = {**SCOPES, **(scopes or {})}

    def wrapped(module: nn.Module) -> nn.Module:
        if type(module) in table:
            if hasattr(module, "inplace"):
                module.inplace = False  # x0 decides about x1 after it was used
            return LinearScope(module, table[type(module)])
        for name, child in module.named_children():
            setattr(module, name, wrapped(child))
        return module

    return wrapped(copy.deepcopy(model)).eval()


@torch.no_grad()
def double_batch(scoped_model: nn.Module, x0: Tensor, x1: Tensor) -> tuple[Tensor, Tensor]:
    """f(x0) and F(x0) x1 + r(x0) (Eq. 5), both like the model's output; x0 and x1 are of one shape."""
    y0, y1 = scoped_model(torch.cat([x0, x1])).chunk(2)
    return y0, y1
