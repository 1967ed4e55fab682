"""Lesson 09: checks of the exercises."""

from typing import Any

import torch
from torch import Tensor, nn

from steerlens.maco.spectra import Spectrum
from steerlens.morphs.objectives import logit

from ..common.exercises import Key, as_numbers, exercise, numbers


@exercise("Parseval: the canvas has as much energy as its coefficients. Divide by its number of values.")
def check_contrast(spectrum: Spectrum) -> Key:
    """Standard deviation of every canvas whose magnitudes are those of the spectrum, to 0.1 %."""
    energy = sum(r.square().sum() for r in (*spectrum.magnitudes, *spectrum.residuals)).item()
    height, width = spectrum.shape
    size = spectrum.channels * height * width
    deviation = (energy / size) ** 0.5
    slips = {
        "that is the variance: the root is missing": energy / size,
        "that is the norm of the canvas, not yet divided by the number of its values": energy**0.5,
        "the residuals have energy, too": (sum(r.square().sum() for r in spectrum.magnitudes).item() / size)
        ** 0.5,
    }
    kind = "a standard deviation, a number"
    return numbers(deviation, kind, 1e-3 * deviation, slips, words=f"{deviation:.4f}, to 0.1 %")


@exercise("`objectives.logit(model, a)` is an objective; the difference of two is one, too.")
def check_difference(model: nn.Module, images: Tensor, first: int, second: int) -> Key:
    """An objective: the logit of one class minus that of another."""
    a, b = logit(model, first), logit(model, second)
    kind = f"an objective: the logit of class {first} minus that of class {second}"
    slips = {
        "the second class is wanted as well: it has the wrong sign": a + b,
        "the two classes are swapped": b - a,
        "the second class has no part in it": a,
    }
    tolerance = 1e-3 * (1 + (a - b)(images).abs().max().item())
    return numbers(a - b, kind, tolerance, slips, words=kind, of=lambda objective: objective(images))


@exercise("the sum is real and largest where each phase cancels that of the template's own coefficient.")
def check_best_phases(spectrum: Spectrum, template: Tensor) -> Key:
    """Phases that maximise the inner product of the canvas with a template."""
    (band,) = spectrum.transform.analyze(template).bands
    free = (spectrum.magnitudes[0] > 0) & (band.abs() > 1e-4 * band.abs().max())
    best = band.angle()
    kind = f"phases in radians, a real tensor of shape {tuple(band.shape)}"
    slips = {
        "they have the wrong sign: the template is conjugated in the sum, not in the answer": -best,
        "they are half a cycle off: the product is the smallest": best + torch.pi,
        "they are in degrees": best.rad2deg(),
        "phases of 0 put all light into one point, whatever the template is": 0 * best,
    }

    def turns(phases: Any) -> Tensor:
        """Where the band is free, the unit numbers; phases differ by whole cycles at will."""
        found = as_numbers(phases)
        if found is None or found.is_complex() or found.shape != band.shape:
            raise ValueError(f"expected {kind}")
        return torch.view_as_real(torch.exp(1j * found)[free])

    return numbers(best, kind, 1e-2, slips, words=f"{kind}, those of the template, to 0.01", of=turns)


@exercise("divide place by place.")
def check_corrected(transparency: Tensor, null: Tensor) -> Key:
    """Transparency for each look: divided, place by place, by that of the null objective."""
    ratio, kind = transparency / null, f"a tensor of shape {tuple(transparency.shape)}"
    slips = {
        "that is the difference, and the crops act as a factor": transparency - null,
        "the null objective is a divisor, not a factor": transparency * null,
        "that is not corrected yet": transparency,
    }
    words = f"{kind}, the transparency divided by the null's, to 0.1 %"
    return numbers(ratio, kind, 1e-3 * ratio.abs().double().cpu(), slips, words=words)
