"""Runs a network with its decisions frozen: each torch function that the signal meets, by its freeze rule."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode, resolve_name

from .rules import BIASED, CONSTANT_KNOWN, DECISIONS, GATES, PRODUCTS, RULES, STRUCTURE, WEIGHTED, Rule
from .trees import tensors_in, with_tensors

MARK = "_steerlens_flow"


class Flow(NamedTuple):
    """What is known of a tensor that depends on the input."""

    gate: bool = False  # a mask, where it multiplies another signal
    unfrozen: str | None = None  # the unit without a rule that it went through


class Constant(NamedTuple):
    """The constant that one unit adds: a bias, a shift of a norm, a class token, a Taylor constant."""

    layer: str  # name of the module
    unit: str  # name of the function
    value: Tensor  # c, in the unit's output domain
    probe: Tensor  # zeros that were added to the unit's output: its gradient is Q_i^T
    output: Tensor  # the unit's output, differentiable: back-projects by P_i


class Freezer(TorchFunctionMode):
    """While it is active, calls, operators and methods of marked tensors follow their freeze rules."""

    def __init__(self, rules: Mapping[str, Rule], constants: list[Constant] | None):
        super().__init__()
        self.rules, self.constants = rules, constants  # None: they are not noted
        self.layers: list[str] = []  # names of the modules that are running, the innermost last

    def __torch_function__(
        self, function: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs, name = kwargs or {}, unit_name(function)
        tensors = list(tensors_in((args, kwargs)))
        flows = [known for tensor in tensors if (known := flow_of(tensor))]
        if not flows or name in DECISIONS:
            return function(*args, **kwargs)
        unfrozen = next((known.unfrozen for known in flows if known.unfrozen), None)
        if name in PRODUCTS and len(flows) > 1:
            signals = [known for known in flows if not known.gate]
            if len(signals) == 1:
                args, kwargs = with_tensors((args, kwargs), _masks_detached)
                unfrozen = signals[0].unfrozen
            else:
                unfrozen = unfrozen or self._named(name, "of two signals, neither of them a mask")
        if name in WEIGHTED and len(flows) > 1:
            unfrozen = unfrozen or self._named(name, "whose weights depend on the input")
        rule = self.rules.get(name)
        if rule is None:
            output = function(*args, **kwargs)
            unfrozen = unfrozen or self._named(name)
        else:
            output = self._ruled(name, rule, function, args, kwargs)
        gate = name in GATES or (name in STRUCTURE and flows[0].gate)
        for leaf in tensors_in(output):
            mark(leaf, Flow(gate, unfrozen))
        if name == "setitem":
            mark(args[0], Flow(False, unfrozen))
        return output

    def _ruled(self, name: str, rule: Rule, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        if self.constants is None or name in STRUCTURE or name == "setitem":
            return rule(function, *args, **kwargs)
        known = rule is RULES.get(name) and name in CONSTANT_KNOWN
        constant = None if known else constant_part(rule, function, args, kwargs)
        output = rule(function, *args, **kwargs)
        first, *rest = output if isinstance(output, tuple) else (output,)
        if known and name in BIASED:
            constant = _bias(first, *args, **kwargs)
        if constant is None or not constant.any():
            return output
        probe = torch.zeros_like(first, requires_grad=True)
        self.constants.append(Constant(self.layers[-1], name, constant, probe, first))
        return (first + probe, *rest) if isinstance(output, tuple) else first + probe

    def _named(self, name: str, why: str = "") -> str:
        inner = self.layers[-1] if self.layers else ""  # none yet where a hook of all modules looks first
        where = f"in layer {inner!r}" if inner else "in the model itself"
        return f"{name!r}{why and ' '}{why} {where}"


def unit_name(function: Callable) -> str:
    """Name of a torch function without its module and underscores: "relu" for relu_, "iadd" for __iadd__."""
    name = resolve_name(function) or getattr(function, "__name__", repr(function))
    return name.removesuffix(".__get__").rpartition(".")[2].strip("_")


def mark(value: Any, flow: Flow) -> None:
    """Say of a real or complex tensor that it depends on the input; nothing of other values."""
    if isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex()):
        setattr(value, MARK, flow)


def flow_of(tensor: Tensor) -> Flow | None:
    """What is known of a tensor; None if it does not depend on the input."""
    known = getattr(tensor, MARK, None)
    if known is None and tensor.grad_fn is not None:  # made where no torch function passes
        return Flow(unfrozen=f"{tensor.grad_fn.name()!r}, which is no torch function")
    return known


def _masks_detached(tensor: Tensor) -> Tensor:
    return tensor.detach() if (flow_of(tensor) or Flow()).gate else tensor


def constant_part(rule: Rule, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Tensor:
    """c of a unit's frozen action A x + c at its input x: its value minus its derivative along x, or 0."""
    inputs = args, kwargs
    at = tuple(tensor.detach() for tensor in tensors_in(inputs) if flow_of(tensor))

    def unit(*signals: Tensor) -> Tensor:
        left = (signal * 1 for signal in signals)  # units may work in place
        moved = with_tensors(inputs, lambda leaf: next(left) if flow_of(leaf) else leaf)
        output = rule(function, *moved[0], **moved[1])
        output = output[0] if isinstance(output, tuple) else output
        depends = isinstance(output, Tensor) and output.requires_grad
        return output if depends else torch.zeros((), device="cpu")

    value, along = torch.autograd.functional.jvp(unit, at, at)
    return value - along


def _bias(
    output: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None = None, *_: Any, **options: Any
) -> Tensor | None:
    """What a convolution or a linear layer adds: its bias, at every place."""
    return None if bias is None else bias.view(-1, *[1] * (weight.ndim - 2)).expand_as(output)


def frozen_run(
    model: nn.Module,
    rules: Mapping[str, Rule],
    x: Tensor,
    constants: list[Constant] | None = None,
    differentiable: bool = False,
) -> Tensor:
    """Output of the frozen network at ``x``, differentiable with respect to it.

    Args:
        model: in eval mode.
        rules: name of a torch function -> rule.
        x: the input, (1, ...).
        constants: a list that gets what each unit adds.
        differentiable: with respect to the parameters, too; they are constants otherwise.

    Raises:
        NotImplementedError: the output depends on a unit without a rule, which is named.
        ValueError: the output is no tensor, or does not depend on the input.
    """
    weights = {n: weight if differentiable else weight.detach() for n, weight in model.named_parameters()}
    freezer = Freezer(rules, constants)
    layers = freezer.layers

    def left(*_: Any) -> None:
        layers.pop()

    mark(x, Flow())
    with ExitStack() as stack:
        for name, module in model.named_modules():
            stack.enter_context(module.register_forward_pre_hook(lambda *_, name=name: layers.append(name)))
            stack.enter_context(module.register_forward_hook(left, always_call=True))
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))  # the kernel with derivatives
        stack.enter_context(freezer)
        output = torch.func.functional_call(model, weights, (x,))
    if not isinstance(output, Tensor):
        raise ValueError(f"model: expected one tensor as output, got {type(output).__name__}")
    flow = flow_of(output)
    if flow is None:
        raise ValueError("model: expected an output that depends on the input, got one that does not")
    if unfrozen := flow.unfrozen or _custom_function(output):
        raise NotImplementedError(f"model: expected units with a freeze rule (rules=), got {unfrozen}")
    return output


def _custom_function(output: Tensor) -> str | None:
    """Name of a `torch.autograd.Function` in the graph of a tensor: its derivative may be anything."""
    seen, waiting = set(), [output.grad_fn]
    while waiting:
        node = waiting.pop()
        if isinstance(node, BackwardCFunction):
            return f"the custom function {node.name()!r}"
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [following for following, _ in node.next_functions]
    return None
