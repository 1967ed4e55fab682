"""Lesson 07: the paper's Figures 8 and 9, and edits of digits by pixels, Fourier and pyramid.

    figure_8, figure_9          Arcade and MNIST in the Fourier domain
    live_edits, frozen_edits    the same questions asked of every transform
    best_translation_score      what a classifier gives to translations alone
    pixel_ascent                gradient ascent on pixels, done in three ways

What is measured on edits stands in `baselines_measures.py`, figures in `baselines_figures.py`, checks of the
exercises and the widget in `baselines_widgets.py`.
"""

import torch
from torch import Tensor, nn

from steerlens._internal.checks import check_choice
from steerlens.data import ImageData
from steerlens.morphs.gradients import evaluation_mode, image_gradient, model_logits
from steerlens.morphs.morph import Morph, extrapolate
from steerlens.morphs.steering import steer
from steerlens.transforms.base import Fourier, Pixels

from ..l03_arcade.measures import figure_2_cases
from ..l04_mnist.measures import PYRAMID, figure_3_cases
from .measures import at_length, translated

FOURIER, PIXELS = Fourier((28, 28)), Pixels((28, 28))
RULES = ("projected", "clamp, bounds alive", "clamp, bounds dead", "unprojected")


def figure_8(model: nn.Module, data: ImageData) -> dict[str, Morph]:
    """The four rows of Figure 8: those of Figure 2, in the Fourier domain.

    Returns:
        "frozen" (Eq. 9-11 with alpha 0.5, k = 1 to 60) and "live" (phase, 40 steps of at most 0.05 rad); the
        self-conjugate residual, the mean among it, stays fixed in both.
    """
    case = (model, *figure_2_cases(model, data), Fourier((64, 64)))
    frozen = extrapolate(*case, alpha=0.5, steps=60, progress=False)
    return {"frozen": frozen, "live": steer(*case, cap=0.05, steps=40, progress=False)}


def figure_9(model: nn.Module, digits: ImageData) -> dict[str, Morph]:
    """The six rows of Figure 9: those of Figure 3, in the Fourier domain.

    Returns:
        "frozen" (Eq. 9-11 with alpha 0.1, k = 1 to 24), "live, phase" (60 steps) and "live, joint" (24
        steps), both of at most 0.1; the self-conjugate residual stays fixed.
    """
    case = (model, *figure_3_cases(model, digits), FOURIER)
    return {
        "frozen": extrapolate(*case, alpha=0.1, steps=24, progress=False),
        "live, phase": steer(*case, cap=0.1, steps=60, progress=False),
        "live, joint": steer(*case, direction="joint", cap=0.1, steps=24, progress=False),
    }


def live_edits(model: nn.Module, images: Tensor, targets: Tensor) -> dict[str, Morph]:
    """Live morphs of digits by pixels, Fourier and pyramid, long enough to get 4 away from the source."""
    case, quiet = (model, images, targets), {"progress": False}
    return {
        "pixels": steer(*case, PIXELS, cap=0.1, steps=40, **quiet),
        "Fourier, phase": steer(*case, FOURIER, cap=0.1, steps=60, **quiet),
        "Fourier, joint": steer(*case, FOURIER, direction="joint", cap=0.1, steps=40, **quiet),
        "pyramid, phase": steer(*case, PYRAMID, cap=0.3, steps=40, **quiet),
        "pyramid, joint": steer(*case, PYRAMID, direction="joint", cap=0.3, steps=24, **quiet),
    }


def frozen_edits(model: nn.Module, images: Tensor, targets: Tensor) -> dict[str, Morph]:
    """Frozen morphs of digits: one gradient, by pixels (Eq. 2), Fourier and pyramid (Eq. 9-11)."""
    case, quiet = (model, images, targets), {"progress": False}
    far = [2.0**k for k in range(12)]  # the gradient's length differs from image to image
    return {
        "pixels, frozen": extrapolate(*case, PIXELS, alpha=0.05, steps=far, **quiet),
        "Fourier, frozen": extrapolate(*case, FOURIER, alpha=0.1, steps=48, **quiet),
        "pyramid, frozen": extrapolate(*case, PYRAMID, alpha=0.3, steps=24, **quiet),
    }


def pixel_ascent(
    model: nn.Module, images: Tensor, targets: Tensor, rule: str, distance: float, step: float = 0.15
) -> tuple[Tensor, Tensor]:
    """Gradient ascent on pixels in steps of one L2 length, until each image is at a distance.

    Args:
        model, images, targets: as in `steerlens.steer`.
        rule: "projected" clips to [0, 1] after each step; "clamp, ..." keeps free variables u, shows clamp(u)
            to the model and differentiates through it, with a derivative of 1 ("bounds alive") or 0 ("bounds
            dead") where u is exactly 0 or 1; "unprojected" does not clip at all.
        distance: L2 distance of the shown images; the last step is shortened to meet it.
        step: L2 length of the step of the variables.

    Returns:
        images at the distance (or after 100 steps), and the share of the variables whose gradient is
        killed by the clamp at the end, (n,).
    """
    check_choice("rule", rule, RULES)
    variables, moving = images.clone(), torch.ones(len(images), dtype=torch.bool)
    with evaluation_mode(model):
        for _ in range(100):
            shown = variables if rule == "unprojected" else variables.clamp(0, 1)
            gradient, _ = image_gradient(model, shown, targets, "log_probability")
            gradient = gradient * ~_dead(variables, rule)
            length = gradient.flatten(1).norm(dim=1).clamp(min=1e-30)
            following = variables + gradient * (step * moving / length)[:, None, None, None]
            variables = following.clamp(0, 1) if rule == "projected" else following
            shown = variables if rule == "unprojected" else variables.clamp(0, 1)
            moving = moving & ((shown - images).flatten(1).norm(dim=1) < distance)
            if not moving.any():
                break
    met = torch.where(moving[:, None, None, None], shown, at_length(images, shown, distance))
    return met, _dead(variables, rule).to(images).flatten(1).mean(1)


def _dead(variables: Tensor, rule: str) -> Tensor:
    """Which variables get no gradient through the clamp."""
    if rule == "clamp, bounds alive":
        return (variables < 0) | (variables > 1)
    if rule == "clamp, bounds dead":
        return (variables <= 0) | (variables >= 1)
    return torch.zeros_like(variables, dtype=torch.bool)


@torch.no_grad()
def best_translation_score(
    model: nn.Module, images: Tensor, targets: Tensor, reach: int = 3
) -> tuple[Tensor, Tensor]:
    """Largest probability of each target over all whole-pixel translations up to ``reach`` pixels each way.

    Returns:
        largest (n,), and the share of all these translations that keep the class which the model saw, (n,).
    """
    places = torch.arange(-reach, reach + 1, dtype=images.dtype)
    shifts = torch.cartesian_prod(places, places)
    with evaluation_mode(model):
        moved = [translated(images, shift.expand(len(images), 2)).clamp(0, 1) for shift in shifts]
        logits = torch.stack([model_logits(model, part) for part in moved], 1)
        seen = model_logits(model, images).argmax(1)
    p = logits.softmax(2).gather(2, targets[:, None, None].expand(-1, len(shifts), 1))[..., 0]
    return p.amax(1), (logits.argmax(2) == seen[:, None]).double().mean(1)
