"""Lesson 12: the checks of its exercises."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..common.verdict import verdict


def check_wish(answer: Any, place: Sequence[float]) -> None:
    """An objective, minus the squared distance of outputs (n, 2) to a place, a value for each image."""
    outputs = torch.tensor([[0.0, 0.0], [3.0, -4.0], list(place)])
    right = -(outputs - torch.tensor(place)).square().sum(1)

    def fits(objective: Any) -> bool:
        found = objective(outputs, torch.zeros(3, 1, 8, 8))
        return found.shape == right.shape and torch.allclose(found, right, atol=1e-5)

    kind = "a function (outputs, images) -> (n,)"
    verdict(answer, kind, f"{kind}: minus the squared distance to {tuple(place)}", fits)


def check_difference(answer: Any, first: Any, second: Any, images: Tensor) -> None:
    """The objective ``first - 0.5 * second``, by its values at images."""
    right = (first - 0.5 * second).of_images(images)

    def fits(objective: Any) -> bool:
        return torch.allclose(objective.of_images(images), right, rtol=1e-3, atol=1e-4)

    kind = "an objective of steerlens.objectives"
    verdict(answer, kind, f"{kind}, the first minus half the second", fits)
