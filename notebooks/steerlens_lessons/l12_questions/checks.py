"""Lesson 12: the checks of its exercises."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..common.verdict import verdict
from ..l11_your_model.checks import near


def check_wish(answer: Any, place: Sequence[float]) -> None:
    """An objective, minus the squared distance of outputs (n, 2) to a place, a value for each image."""
    outputs = torch.tensor([[0.0, 0.0], [3.0, -4.0], list(place)])
    right = -(outputs - torch.tensor(place)).square().sum(1)
    kind = "a function (outputs, images) -> (n,)"
    words = f"{kind}: minus the squared distance to {tuple(place)}"
    verdict(answer, kind, words, lambda found: near(found(outputs, torch.zeros(3, 1, 8, 8)), right, 1e-5))


def check_difference(answer: Any, first: Any, second: Any, images: Tensor) -> None:
    """The objective ``first - 0.5 * second``, by its values at images."""
    right, kind = (first - 0.5 * second).of_images(images), "an objective of steerlens.objectives"
    words = f"{kind}, the first minus half the second"
    verdict(answer, kind, words, lambda found: near(found.of_images(images), right, 1e-3))
