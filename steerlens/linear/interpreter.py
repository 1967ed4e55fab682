"""LinearInterpreter: the affine system y = F x + r that a network is while its decisions are frozen."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from .._internal.checks import check_flag, check_indices, check_integer
from .._internal.modes import evaluation_mode, own_precision
from .contributions import contributions, gradients, impulses, pixel_discussion, pixel_votes
from .freezing import Constant, frozen_run
from .rules import RULES, Rule
from .singular import singular_triplets

AGREEMENT = {torch.float32: 1e-4, torch.float64: 1e-10}  # of the frozen network with the model, at x0


def check_input(x0: object) -> Tensor:
    """``x0`` if it is one real input, (1, ...). Raises TypeError or ValueError."""
    if not isinstance(x0, Tensor):
        raise TypeError(f"x0: expected a torch tensor, got {type(x0).__name__}")
    if x0.dtype not in AGREEMENT:
        raise TypeError(f"x0: expected float32 or float64, got {str(x0.dtype).removeprefix('torch.')}")
    if x0.ndim < 2 or len(x0) != 1 or x0.numel() == 0:
        raise ValueError(f"x0: expected one input of shape (1, ...), got {tuple(x0.shape)}")
    if not x0.isfinite().all():
        raise ValueError("x0: expected finite values, got some that are not")
    return x0


def check_rules(rules: Any) -> Mapping[str, Rule]:
    """``rules`` (None: none) if it maps names to functions. Raises TypeError."""
    rules = {} if rules is None else rules
    named = isinstance(rules, Mapping) and all(isinstance(key, str) for key in rules)
    if not named or not all(map(callable, rules.values())):
        expected = "a mapping from names of torch functions to functions"
        raise TypeError(f"rules: expected {expected}, got {rules!r}")
    return rules


class LinearInterpreter:
    """The frozen affine system of a network at one input: ``y = F(x0) x + r(x0)`` (Eq. 1, 5).

    F is never stored. ``transpose`` is one backward pass (Eq. 6). F^T w is linear in w, so that ``apply`` is
    one backward pass through the graph of that one.

    Args:
        model: maps (1, ...) to (1, ...); used in eval mode, its parameters as constants.
        x0: the input that decides, (1, ...), float32 or float64.
        rules: freeze rules beside or instead of `steerlens.linear.rules.RULES`: name of a torch function ->
            rule.
        chunk: how many vectors go through the network at a time.
        keep_graph: keep the frozen network's graph, which makes calls cheaper and costs the masks' memory;
            otherwise each call makes it anew.
        differentiable: output, residual and what the system does to vectors have derivatives with respect to
            the model's parameters, so that a loss may see F and r; the parameters are constants otherwise.

    Attributes:
        x0: the input.
        output: f(x0), (1, ...).

    Raises:
        TypeError, ValueError: an argument that does not fit, or a rule whose unit does not give the model's
            own output at x0 (Eq. 3).
        NotImplementedError: the output depends on a unit without a freeze rule; the error names it.
    """

    def __init__(
        self,
        model: nn.Module,
        x0: Tensor,
        rules: Mapping[str, Rule] | None = None,
        chunk: int = 16,
        keep_graph: bool = True,
        differentiable: bool = False,
    ):
        self.chunk, self.keep_graph = check_integer("chunk", chunk, 1), check_flag("keep_graph", keep_graph)
        self.differentiable = check_flag("differentiable", differentiable)
        self._model, self._rules = model, {**RULES, **check_rules(rules)}
        with evaluation_mode(model), own_precision(gradients=False):
            self.x0 = check_input(x0).detach().clone()
            expected = model(self.x0.clone())
        self._graph: tuple[Tensor, Tensor] | None = None
        self._back: tuple[Tensor, Tensor] | None = None
        output = self.traced()[1]
        self.output = output if differentiable else output.detach()
        error = (output.detach() - expected).abs().max() / expected.abs().max().clamp(min=1e-30)
        if not error <= AGREEMENT[x0.dtype]:
            raise ValueError(f"rules: expected the model's own output at x0 (Eq. 3), got one {error:.1g} off")

    @cached_property
    def residual(self) -> Tensor:
        """r(x0) = f(x0) - F x0, (1, ...)."""
        return self.output - self.apply(self.x0)

    def __call__(self, x: Tensor) -> Tensor:
        """F x + r of a batch (n, ...) like x0, (n, ...) like the output (Eq. 5)."""
        return self.apply(x) + self.residual

    forward = __call__

    def apply(self, v: Tensor) -> Tensor:
        """F v of a batch (n, ...) like x0: (n, ...) like the output."""
        w, back = self._back or self._transposed()
        return self._gradients(back, w, "v", v)

    def transpose(self, u: Tensor) -> Tensor:
        """F^T u of a batch (n, ...) like the output: (n, ...) like x0 (Eq. 6)."""
        x, y = self._graph or self.traced()
        return self._gradients(y, x, "u", u)

    def row(self, k: Any) -> Tensor:
        """Rows of F, the receptive filters of output entries ``k`` (flat indices; None: all), like x0."""
        return self.transpose(impulses(_indices(k, self.output), self.output)[:, 0])

    def column(self, k: Any) -> Tensor:
        """Columns of F, the projective filters of input entries ``k`` (flat indices; None: all), like y."""
        return self.apply(impulses(_indices(k, self.x0), self.x0)[:, 0])

    def matrix(self) -> Tensor:
        """F itself, (output entries, input entries): for small networks."""
        if self.output.numel() <= self.x0.numel():
            return self.row(None).flatten(1)
        return self.column(None).flatten(1).T

    singular_triplets = singular_triplets
    contributions = contributions
    pixel_discussion = pixel_discussion
    pixel_votes = pixel_votes

    def entries(self, k: Any) -> Tensor:
        """Flat indices ``k`` of the output (None: of the largest entry) as a tensor (n,)."""
        return _indices(self.output.argmax() if k is None else k, self.output)

    def traced(self, constants: list[Constant] | None = None) -> tuple[Tensor, Tensor]:
        """x0 as a leaf and the frozen network's output there; a list gets the constants that units add."""
        with evaluation_mode(self._model), own_precision(gradients=True):
            x = self.x0.clone().requires_grad_()
            y = frozen_run(self._model, self._rules, x, constants, self.differentiable)
        if self.keep_graph and constants is None:
            self._graph = x, y
        return x, y

    @own_precision(gradients=True)
    def _transposed(self) -> tuple[Tensor, Tensor]:
        """w as a leaf, like the output, and F^T w, differentiable with respect to it: its transpose is F."""
        x, y = self._graph or self.traced()
        w = torch.zeros_like(y, requires_grad=True)
        (back,) = torch.autograd.grad(y, x, w, create_graph=True)
        if self.keep_graph:
            self._back = w, back
        return w, back

    def _gradients(self, output: Tensor, at: Tensor, name: str, directions: Tensor) -> Tensor:
        """Gradients (n, ...) of an output (1, ...) along each of n directions like it, a chunk at a time."""
        if not isinstance(directions, Tensor) or directions.dtype != output.dtype:
            found = directions.dtype if isinstance(directions, Tensor) else type(directions).__name__
            raise TypeError(f"{name}: expected a {output.dtype} tensor, got {found}")
        shape, like = directions.shape, output.shape
        if len(shape) != len(like) or shape[1:] != like[1:] or shape[0] == 0:
            raise ValueError(f"{name}: expected shape {('n', *like[1:])}, got {tuple(shape)}")
        with own_precision():
            chunks = directions.detach().clone()[:, None].split(self.chunk)
            parts = [gradients([output], [at], [chunk], self.differentiable)[0] for chunk in chunks]
            return torch.cat(parts)[:, 0]


def _indices(k: Any, like: Tensor) -> Tensor:
    return torch.tensor(check_indices("k", k, like.numel(), at_least=1), device=like.device)
