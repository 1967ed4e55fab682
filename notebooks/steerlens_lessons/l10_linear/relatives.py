"""Lesson 10: other ways to carry a score back to the pixels of a chain of layers, each a rule for one layer.

RELATIVES   by name, a rule, and whether it carries the score itself (a relevance) or 1 (a gradient)
back        a score, carried back to the image by a rule
erased      what is left of the score once the pixels that got most are black

A rule gets the layer, its input a and what arrived at its output: it returns what arrives at its input.
"""

import copy
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

Rule = Callable[[nn.Module, Tensor, Tensor], Tensor]
WEIGHTED = nn.Conv2d, nn.Linear


def transposed(layer: Callable[[Tensor], Tensor], a: Tensor, signal: Tensor) -> Tensor:
    """What a layer, linear or frozen at its input a, carries back: the transposed layer."""
    a = a.detach().requires_grad_()
    return torch.autograd.grad(layer(a), a, signal)[0]


def guided(layer: nn.Module, a: Tensor, signal: Tensor) -> Tensor:
    """Guided backpropagation (Springenberg et al., 2015): ReLUs stop what is negative, beside their mask."""
    signal = signal.clamp(min=0) if isinstance(layer, nn.ReLU) else signal
    return transposed(layer, a, signal)


def deconvolution(layer: nn.Module, a: Tensor, signal: Tensor) -> Tensor:
    """Deconvolution (Zeiler and Fergus, 2014): ReLUs stop what is negative, and have no mask."""
    return signal.clamp(min=0) if isinstance(layer, nn.ReLU) else transposed(layer, a, signal)


def epsilon(layer: nn.Module, a: Tensor, relevance: Tensor, share: float = 0.25) -> Tensor:
    """LRP-epsilon (Bach et al., 2015): in proportion to a_i w_ij, over z_j and a little more.

    The little more is a share of z's root mean square.
    """
    if isinstance(layer, nn.ReLU):
        return relevance
    if not isinstance(layer, WEIGHTED):
        return transposed(layer, a, relevance)
    z = layer(a)
    more = share * z.square().mean(tuple(range(1, z.ndim)), keepdim=True).sqrt() + 1e-9
    return a * transposed(layer, a, relevance / (z + torch.where(z < 0, -more, more)))


def deep_taylor(layer: nn.Module, a: Tensor, relevance: Tensor) -> Tensor:
    """Deep Taylor decomposition (Montavon et al., 2017): z+ within, z^B at pixels between 0 and 1."""
    if isinstance(layer, nn.ReLU):
        return relevance
    if not isinstance(layer, WEIGHTED):
        return transposed(layer, a, relevance)
    first = getattr(layer, "in_channels", 0) in (1, 3)
    positive, negative = (_signed(layer, sign) for sign in (1, -1))
    if not first:
        return a * transposed(positive, a, relevance / positive(a).clamp(min=1e-9))
    ones, plain = torch.ones_like(a), _signed(layer, 0)
    s = relevance / (plain(a) - negative(ones)).clamp(min=1e-9)  # the lower bound is 0, the upper 1
    return a * transposed(plain, a, s) - ones * transposed(negative, ones, s)


def _signed(layer: nn.Module, sign: int) -> nn.Module:
    """A layer without biases and with only its weights of one sign (0: of both)."""
    twin = copy.deepcopy(layer)
    with torch.no_grad():
        twin.bias.zero_()
        if sign:
            twin.weight.copy_(sign * (sign * twin.weight).clamp(min=0))
    return twin


RELATIVES: dict[str, tuple[Rule, bool]] = {
    "LRP-0": (partial(epsilon, share=0.0), True),
    "LRP-epsilon": (epsilon, True),
    "Deep Taylor": (deep_taylor, True),
    "guided backprop": (guided, False),
    "deconvolution": (deconvolution, False),
}


def back(model: nn.Sequential, images: Tensor, entries: Tensor, rule: Rule, relevance: bool) -> Tensor:
    """What each pixel gets of a score, like the images; a gradient is multiplied by the image.

    Args:
        model: a chain of convolutions, linear layers, ReLUs, max-pooling and flattening.
        images: (n, channels, height, width) in [0, 1].
        entries: a class for each, (n,).
        rule: for one layer.
        relevance: whether the score itself is carried back.
    """
    inputs = [images]
    with torch.no_grad():
        for layer in model:
            inputs.append(layer(inputs[-1]))
    signal = nn.functional.one_hot(entries, inputs[-1].shape[1]).to(images)
    signal = signal * inputs[-1] if relevance else signal
    for layer, a in zip(reversed(model), inputs[-2::-1], strict=True):
        signal = rule(layer, a, signal).detach()
    return signal if relevance else signal * images


@torch.no_grad()
def erased(model: nn.Module, images: Tensor, entries: Tensor, maps: Tensor, share: float = 0.05) -> Tensor:
    """Score after that share of pixels with the largest values of a map is black, over the score, (n,)."""
    values = maps.sum(1, keepdim=True).flatten(1)
    chosen = values.topk(int(share * values.shape[1])).indices
    mask = torch.ones_like(values).scatter(1, chosen, 0.0).view(len(images), 1, *images.shape[-2:])
    before, after = (model(shown).gather(1, entries[:, None])[:, 0] for shown in (images, images * mask))
    return after / before
