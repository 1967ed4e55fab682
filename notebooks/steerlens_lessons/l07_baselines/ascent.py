"""Lesson 07: gradient ascent on pixels, by four rules of what happens at 0 and 1."""

import torch
from torch import Tensor, nn

from steerlens._internal.checks import check_choice
from steerlens.morphs.gradients import evaluation_mode, image_gradient

from .measures import at_length

RULES = ("projected", "clamp, bounds alive", "clamp, bounds dead", "unprojected")


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
