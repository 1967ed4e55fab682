"""Lesson 10: the checks of its exercises."""

from typing import Any

from torch import Tensor, nn

from steerlens.linear import LinearInterpreter

from ..common.verdict import chosen, close, verdict


def check_rule(answer: Any, model: nn.Module, x0: Tensor, unit: str) -> None:
    """A freeze rule that lets the interpreter in, gives the unit's value, and does not freeze everything."""

    def fits(rule: Any) -> bool:
        return LinearInterpreter(model, x0, rules={unit: rule}).apply(x0).abs().max().item() > 1e-6

    words = f"a function (function, x, ...) that returns {unit}(x), affine in x"
    verdict(answer, f"a freeze rule for {unit}", words, fits)


def check_origin(answer: Any, interpreter: LinearInterpreter, origin: Tensor, entry: int) -> None:
    """r' of an entry when the input is written as origin + x': F origin + r."""
    right = interpreter(origin).flatten()[entry].item()
    close(answer, right, "a number", 1e-3 * max(1.0, abs(right)), f"{right:.4f}, to 0.1 %")


def check_layer(answer: Any, names: tuple[str, ...], shares: Tensor) -> None:
    """The layer (not the input) whose share of the score has the largest mean over the images."""
    chosen(answer, names[1 + shares[:, 1:].mean(0).argmax()], "the name of a layer")


def check_printed_sigma(answer: Any, sigma: float, momentum: float) -> None:
    """What Algorithm 1 prints: s + m / s = sigma^2, the larger root, s = printed^2."""
    root = (sigma**2 + (sigma**4 - 4 * momentum) ** 0.5) / 2
    close(answer, root**0.5, "a number", 1e-3)
