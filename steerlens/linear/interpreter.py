"""LinearInterpreter: the affine system y = F x + r that a network is while its decisions are frozen."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from .._internal.checks import check_flag, check_indices, check_integer
from .._internal.modes import evaluation_mode
from .contributions import Contributions, contributions, pixel_discussion
from .freezing import frozen_run
from .rules import RULES, Rule
from .singular import Triplets, singular_triplets

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


def check_rules(rules: object) -> Mapping[str, Rule]:
    """``rules`` (None: none) if it maps names to functions. Raises TypeError."""
    rules = {} if rules is None else rules
    if not isinstance(rules, Mapping) or not all(
        isinstance(k, str) and callable(v) for k, v in rules.items()
    ):
        raise TypeError(
            f"rules: expected a mapping from names of torch functions to functions, got {rules!r}"
        )
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
    ):
        self.x0 = check_input(x0).detach().clone()
        self.chunk, self.keep_graph = check_integer("chunk", chunk, 1), check_flag("keep_graph", keep_graph)
        self._model, self._rules = model, {**RULES, **check_rules(rules)}
        with evaluation_mode(model), torch.no_grad():
            expected = model(self.x0)
        self._graph: tuple[Tensor, Tensor] | None = None
        self._back: tuple[Tensor, Tensor] | None = None
        self.output = self._traced()[1].detach()
        error = (self.output - expected).abs().max() / expected.abs().max().clamp(min=1e-30)
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
        v = self._vectors("v", v, self.x0)
        w, back = self._transposed()
        return _batched(back, w, v, self.chunk)

    def transpose(self, u: Tensor) -> Tensor:
        """F^T u of a batch (n, ...) like the output: (n, ...) like x0 (Eq. 6)."""
        u = self._vectors("u", u, self.output)
        x, y = self._traced()
        return _batched(y, x, u, self.chunk)

    def row(self, k: Any) -> Tensor:
        """Rows of F, the receptive filters of output entries ``k`` (flat indices): (n, ...) like x0."""
        return self.transpose(self._impulses("k", k, self.output))

    def column(self, k: Any) -> Tensor:
        """Columns of F, the projective filters of input entries ``k`` (flat indices): (n, ...) like y."""
        return self.apply(self._impulses("k", k, self.x0))

    def matrix(self) -> Tensor:
        """F itself, (output entries, input entries): for small networks."""
        rows, columns = self.output.numel(), self.x0.numel()
        if rows <= columns:
            return self.row(range(rows)).flatten(1)
        return self.column(range(columns)).flatten(1).T

    def singular_triplets(self, n: int = 6, method: str = "block", **options: Any) -> Triplets:
        """The ``n`` largest singular values of F, with eigen-inputs and eigen-outputs.

        See `steerlens.linear.singular.singular_triplets`.
        """
        return singular_triplets(self, n, method, **options)

    def contributions(self, k: Any = None) -> Contributions:
        """Theorem 1: what the input and each bias contribute to the output entries ``k`` (None: the largest).

        See `steerlens.linear.contributions.contributions`.
        """
        return contributions(*self._traced(constants=True), self._entries("k", k))

    def pixel_discussion(self, k: Any = None) -> Tensor:
        """What each input entry contributes to the output entries ``k`` (None: the largest), (n, ...).

        See `steerlens.linear.contributions.pixel_discussion`.
        """
        return self._discussion(self._entries("k", k))

    def pixel_votes(self, k: Any = None) -> Tensor:
        """The output entry, of ``k`` (None: all), that each pixel contributes most to: (height, width).

        A pixel's contribution is summed over channels. Raises ValueError if x0 is no image.
        """
        if self.x0.ndim != 4:
            raise ValueError(
                f"x0: expected an image (1, channels, height, width), got {tuple(self.x0.shape)}"
            )
        entries = range(self.output.numel()) if k is None else k
        entries = self._entries("k", entries)
        return entries[self._discussion(entries).sum(1).argmax(0)]

    def _discussion(self, entries: Tensor) -> Tensor:
        x, y, constants = self._traced(constants=True)
        parts = [pixel_discussion(x, y, constants, part) for part in entries.split(self.chunk)]
        return torch.cat(parts)

    def _traced(self, constants: bool = False) -> tuple:
        """x0 as a leaf, the output, and, if asked for, the constants that the units add."""
        if constants or self._graph is None:
            found: list | None = [] if constants else None
            x = self.x0.clone().requires_grad_()
            with evaluation_mode(self._model), torch.enable_grad():
                y = frozen_run(self._model, self._rules, x, found)
            if constants:
                return x, y, found
            if not self.keep_graph:
                return x, y
            self._graph = x, y
        return self._graph

    def _transposed(self) -> tuple[Tensor, Tensor]:
        """w as a leaf, like the output, and F^T w, differentiable with respect to it: its transpose is F."""
        if self._back is not None:
            return self._back
        x, y = self._traced()
        w = torch.zeros_like(y, requires_grad=True)
        (back,) = torch.autograd.grad(y, x, w, create_graph=True)
        if self.keep_graph:
            self._back = w, back
        return w, back

    def _vectors(self, name: str, v: Tensor, like: Tensor) -> Tensor:
        if not isinstance(v, Tensor) or v.dtype != like.dtype:
            found = v.dtype if isinstance(v, Tensor) else type(v).__name__
            raise TypeError(f"{name}: expected a {like.dtype} tensor, got {found}")
        if v.ndim != like.ndim or v.shape[1:] != like.shape[1:] or not len(v):
            expected = ("n", *like.shape[1:])
            raise ValueError(f"{name}: expected shape {expected}, got {tuple(v.shape)}")
        return v

    def _entries(self, name: str, k: Any) -> Tensor:
        k = self.output.argmax() if k is None else k
        entries = check_indices(name, k, self.output.numel(), at_least=1)
        return torch.tensor(entries, device=self.output.device)

    def _impulses(self, name: str, k: Any, like: Tensor) -> Tensor:
        entries = check_indices(name, k, like.numel(), at_least=1)
        impulses = like.new_zeros(len(entries), like.numel())
        impulses[range(len(entries)), entries] = 1
        return impulses.view(-1, *like.shape[1:])


def _batched(outputs: Tensor, inputs: Tensor, directions: Tensor, chunk: int) -> Tensor:
    """Gradients (n, ...) of ``outputs`` along each of the directions (n, ...), ``chunk`` at a time."""
    parts = directions.detach()[:, None].split(chunk)
    options = {"retain_graph": True, "is_grads_batched": True}
    return torch.cat([torch.autograd.grad(outputs, inputs, part, **options)[0] for part in parts])[:, 0]
