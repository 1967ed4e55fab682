"""Freeze rules: what each unit of a network becomes once its decisions for one input are fixed (Eq. 2-4).

    RULES       name of a torch function -> rule; a model's own units are added to a copy of it
    STRUCTURE   names of functions that only move entries (dropout, which eval mode turns off, among them)
    GATES       names of functions whose value, where it multiplies another signal, is a frozen mask
    HOMOGENEOUS, BIASED, AFFINE    functions linear at least piecewise: no constant, a bias, any constant

A rule is called like the unit it stands for, the function first: ``rule(function, *args, **kwargs)``. It
returns the unit's own value at x0 (Eq. 3), as an affine function of its inputs: whatever it detaches is
frozen. Norms freeze mean and standard deviation, as in the paper's Figure 2; `standard_deviation` only that.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .trees import with_tensors

Rule = Callable[..., Any]


def as_is(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """The unit itself, linear or not: its derivative is its frozen action (Taylor interpreter, Eq. 4)."""
    return function(*args, **kwargs)


def ratio(function: Callable, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """x * g with the mask g = f(x) / x frozen (SiLU: the sigmoid), for elementwise units with f(0) = 0."""
    at = x.detach()
    safe = torch.where(at == 0, torch.full_like(at, 1e-6), at)  # the mask's limit at 0
    return x * (function(safe.clone(), *args, **kwargs) / safe)


def hard_sigmoid(function: Callable, x: Tensor, inplace: bool = False) -> Tensor:
    """Hardsigmoid in terms of a unit whose derivative torch can differentiate again."""
    return (x / 6 + 0.5).clamp(0, 1)


def linear_unit(function: Callable, split: Tensor, dim: int = -1) -> Tensor:
    """Gated linear unit: a * sigmoid(b) with the gate frozen; a and b are the halves of the input."""
    signal, gate = split.chunk(2, dim)
    return signal * gate.detach().sigmoid()


def attention(
    function: Callable, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any
) -> Any:
    """Attention with its softmax frozen, and its mask: linear in the values."""
    query, key, args, kwargs = with_tensors((query, key, args, kwargs), Tensor.detach)
    return function(query, key, value, *args, **kwargs)


def quotient(function: Callable, numerator: Any, denominator: Any, *args: Any, **kwargs: Any) -> Tensor:
    """A quotient with its denominator frozen."""
    return function(numerator, with_tensors(denominator, Tensor.detach), *args, **kwargs)


def batch_norm(function: Callable, x: Tensor, *args: Any, **options: Any) -> Tensor:
    """Batch or instance norm: affine with running statistics; without them, those of x0 are frozen."""
    if options.get("training") or options.get("use_input_stats"):
        return group_norm(function, x, x.shape[1], **options)
    return function(x, *args, **options)


def group_norm(function: Callable, x: Tensor, num_groups: int, *args: Any, **options: Any) -> Tensor:
    """Group normalisation with the standard deviation, and the mean, of each group frozen."""
    groups, per_channel = x.unflatten(1, (num_groups, -1)), (num_groups, -1, *[1] * (x.ndim - 2))
    return _normalized(groups, range(2, groups.ndim), per_channel, *args, **options).flatten(1, 2)


def layer_norm(function: Callable, x: Tensor, normalized_shape: Any, *args: Any, **options: Any) -> Tensor:
    """Layer normalisation with the standard deviation, and the mean, of each token frozen."""
    return _normalized(x, range(-len(normalized_shape), 0), normalized_shape, *args, **options)


def _normalized(
    x: Tensor,
    axes: range,
    shape: Any,  # of weight and bias, beside x
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    mean: bool = True,
    **_: Any,  # running statistics
) -> Tensor:
    variance, average = torch.var_mean(x.detach(), tuple(axes), correction=0, keepdim=True)
    y = (x - (average if mean else x.mean(tuple(axes), keepdim=True))) * (variance + eps).rsqrt()
    y = y if weight is None else y * weight.view(shape)
    return y if bias is None else y + bias.view(shape)


def standard_deviation(function: Callable, *args: Any, **kwargs: Any) -> Tensor:
    """Instance, group or layer norm with only the standard deviation frozen: the mean stays linear."""
    return NORMS[function.__name__](function, *args, **kwargs, mean=False)


NORMS: dict[str, Rule] = {"instance_norm": batch_norm, "group_norm": group_norm, "layer_norm": layer_norm}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


STRUCTURE = _names("""
    alias chunk clone contiguous expand expand_as flatten flip getitem index_select movedim mT narrow
    permute pixel_shuffle pixel_unshuffle ravel repeat repeat_interleave reshape reshape_as roll select split
    split_with_sizes squeeze swapaxes swapdims t T tensor_split tile to transpose type unbind unflatten
    unsqueeze view view_as double float unfold channel_shuffle dropout dropout1d dropout2d dropout3d
    feature_dropout alpha_dropout
""")
HOMOGENEOUS = _names("""
    relu leaky_relu prelu max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices
    max_pool3d_with_indices adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d avg_pool1d avg_pool2d
    avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d interpolate sum mean neg
""")
AFFINE = _names("""
    add radd iadd sub rsub isub cat concat concatenate stack hstack vstack cumsum pad upsample fold where
    masked_fill setitem copy relu6 rrelu threshold hardtanh clamp clamp_min clamp_max clip abs hardshrink
    softshrink amax amin max min maximum minimum sort topk median
""")
BIASED = _names("linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d")
RATIOS = _names("silu gelu hardswish mish tanh elu selu celu softsign tanhshrink")
GATES = _names("sigmoid hardsigmoid softmax")
PRODUCTS = _names("mul rmul imul multiply matmul rmatmul bmm mm einsum")  # of a signal and a mask
DECISIONS = _names("argmax argmin argsort bool long int detach eq ne lt le gt ge sign isnan data")

WEIGHTED = BIASED | _names("prelu batch_norm instance_norm group_norm layer_norm")  # linear for fixed weights
CONSTANT_KNOWN = HOMOGENEOUS | RATIOS | BIASED

RULES: dict[str, Rule] = {
    **dict.fromkeys(STRUCTURE | HOMOGENEOUS | AFFINE | BIASED | GATES | PRODUCTS, as_is),
    **dict.fromkeys(RATIOS, ratio),
    **dict.fromkeys(("div", "truediv", "itruediv", "divide", "true_divide"), quotient),
    **dict.fromkeys(("scaled_dot_product_attention", "multi_head_attention_forward"), attention),
    **NORMS,
    "batch_norm": batch_norm,
    "glu": linear_unit,
    "hardsigmoid": hard_sigmoid,
}
