"""Lesson 10: the checks of its exercises."""

from typing import Any

import torch
from torch import Tensor, nn

from steerlens.linear import LinearInterpreter

from ..common.exercises import Key, choice, exercise, numbers


@exercise("x times a mask: detach the quotient softplus(x) / x, and nothing else.")
def check_rule(model: nn.Module, x0: Tensor, unit: str) -> Key:
    """A freeze rule with the mask f(x0) / x0: it has the unit's value, the slope of the mask, and gets in."""
    function = getattr(nn.functional, unit)

    def error(rule: Any) -> str:
        x = torch.tensor([-2.0, -0.5, 0.5, 2.0], dtype=torch.float64, requires_grad=True)
        value, found = function(x), rule(function, x)
        if not torch.allclose(found, value):
            return f"its value is not {unit}(x), which Eq. 3 asks for"
        if not found.requires_grad:
            return "everything is detached, and nothing linear in x is left"
        slopes = [torch.autograd.grad(out.sum(), x, retain_graph=True)[0] for out in (found, value)]
        if torch.allclose(*slopes):
            return f"its slope is that of {unit}, which is Taylor's rule: the mask is not detached"
        if not torch.allclose(slopes[0], (value / x).detach()):
            return f"its slope is not the mask {unit}(x) / x"
        frozen = LinearInterpreter(model, x0, rules={unit: rule}).apply(x0)
        return "" if frozen.abs().max() > 1e-6 else "nothing of the input comes through"

    return Key(f"a freeze rule for {unit}", f"x times the detached mask {unit}(x) / x", error)


@exercise("write x = o + x': F x + r = F x' + (F o + r).")
def check_origin(interpreter: LinearInterpreter, origin: Tensor, entry: int) -> Key:
    """r' of an entry when the input is written as origin + x': F origin + r."""
    right = interpreter(origin).flatten()[entry].item()
    r = interpreter.residual.flatten()[entry].item()
    slips = {
        "that is r, measured from the origin 0: F o is missing": r,
        "that is F o: r is missing": right - r,
        "that is F o - r; the two must be added": right - 2 * r,
        "that is the output at x0 itself": interpreter.output.flatten()[entry],
    }
    tolerance = 1e-3 * max(1.0, abs(right))
    return numbers(right, "a number", tolerance, slips, words=f"{right:.4f}, to 0.1 %")


@exercise("column 0 of `inner` is the input, so layer n stands in column n + 1; take the mean over images.")
def check_layer(names: tuple[str, ...], shares: Tensor) -> Key:
    """The layer (not the input) whose share of the score has the largest mean over the images."""
    mean = shares[:, 1:].mean(0)
    slips = {
        "the input is no layer": "input",
        "it is one place too early: column 0 of `inner` is the input": names[mean.argmax()],
        "that is the largest share in a single image": names[1 + shares[:, 1:].amax(0).argmax()],
        "that is the smallest share": names[1 + mean.argmin()],
    }
    return choice(names[1 + mean.argmax()], "the name of a layer", slips, names)


@exercise("solve s^2 - sigma^2 s + m = 0 for s, the square of what is printed; the larger s is stable.")
def check_printed_sigma(sigma: float, momentum: float) -> Key:
    """What Algorithm 1 prints: s + m / s = sigma^2, the larger root, s = printed^2."""
    larger, smaller = ((sigma**2 + sign * (sigma**4 - 4 * momentum) ** 0.5) / 2 for sign in (1, -1))
    slips = {
        "that is s, the square of what is printed": larger,
        "the iteration moves away from the smaller root to the larger": smaller**0.5,
        "that is sigma itself, as without momentum": sigma,
    }
    return numbers(larger**0.5, "a number", 1e-3, slips)
