"""Lesson 09: checks of the exercises."""

from typing import Any

import torch
from torch import Tensor, nn

from steerlens.maco.spectra import Spectrum
from steerlens.morphs.objectives import Objective, activations

from ..common.verdict import close, verdict


def check_contrast(answer: Any, spectrum: Spectrum) -> None:
    """Standard deviation of every canvas whose magnitudes are those of the spectrum, to 0.1 %."""
    energy = sum(r.square().sum() for r in (*spectrum.magnitudes, *spectrum.residuals))
    height, width = spectrum.shape
    expected = (energy / (spectrum.channels * height * width)).sqrt().item()
    close(answer, expected, "a standard deviation, a number", 1e-3 * expected, f"{expected:.4f}, to 0.1 %")


@torch.no_grad()
def check_difference(answer: Any, model: nn.Module, images: Tensor, first: int, second: int) -> None:
    """An objective: the logit of one class minus that of another."""
    logits = activations(model, images)
    expected = (logits[:, first] - logits[:, second])[None]
    kind = f"an objective: the logit of class {first} minus that of class {second}"

    def right(objective: Objective) -> bool:
        return torch.allclose(objective(images), expected, rtol=1e-3, atol=1e-3)

    verdict(answer, kind, kind, right)


def check_best_phases(answer: Any, spectrum: Spectrum, template: Tensor) -> None:
    """Phases that maximise the inner product of the canvas with a template."""
    (band,) = spectrum.transform.analyze(template).bands
    free = (spectrum.magnitudes[0] > 0) & (band.abs() > 1e-4 * band.abs().max())
    kind = f"phases in radians, a real tensor of shape {tuple(band.shape)}"

    def right(phases: Tensor) -> bool:
        turn = torch.exp(1j * (phases - band.angle()))
        return phases.shape == band.shape and bool(((turn - 1).abs()[free] < 1e-2).all())

    verdict(answer, kind, f"{kind}, those of the template's own coefficients, to 0.01", right)


def check_corrected(answer: Any, transparency: Tensor, null: Tensor) -> None:
    """Transparency for each look: divided, place by place, by that of the null objective."""
    expected, kind = transparency / null, f"a tensor of shape {tuple(transparency.shape)}"

    def right(found: Tensor) -> bool:
        return found.shape == expected.shape and torch.allclose(found, expected, rtol=1e-3, atol=0)

    verdict(answer, kind, f"{kind}, the transparency divided by the null's, to 0.1 %", right)
