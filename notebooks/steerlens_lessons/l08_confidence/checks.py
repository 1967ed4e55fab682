"""Lesson 08: checks of the exercises, and fooling a classifier without a visible change."""

from typing import Any

import torch
from torch import Tensor, nn

from steerlens.morphs.gradients import evaluation_mode, model_logits
from steerlens.morphs.steps import l2_distance

from ..common.verdict import verdict
from .figures import both
from .table import Table

FOOLED = 0.99  # the driver's probability of the target
NEAR = 2.5  # L2 distance


def check_fooled(
    answer: Any, driver: nn.Module, judges: list[nn.Module], source: Tensor, target: int
) -> None:
    """An image near its source that the driver gives the target with p >= 0.99, and no judge does."""

    def right(image: Tensor) -> bool:
        inside = image.shape == source.shape and bool(((image >= 0) & (image <= 1)).all())
        near = inside and l2_distance(image, source).item() <= NEAR
        return near and fooled(image, driver, judges, target)

    expected = (
        f"an image (1, 1, 28, 28) in [0, 1] within L2 {NEAR} of the source, with p of {target} >= {FOOLED}, "
        "and no judge that sees it"
    )
    verdict(answer, "an image (1, 1, 28, 28)", expected, right)


@torch.no_grad()
def fooled(image: Tensor, driver: nn.Module, judges: list[nn.Module], target: int) -> bool:
    """Whether the driver gives the target at least `FOOLED`, and no judge sees it."""
    with evaluation_mode(driver):
        p = model_logits(driver, image).softmax(1)[0, target]
    seen = [model_logits(judge.eval(), image).argmax(1).item() for judge in judges]
    return bool(p >= FOOLED) and target not in seen


def check_distance(answer: Any, source: Tensor, image: Tensor) -> None:
    """L2 distance of two images, as a number."""
    distance = l2_distance(image, source).item()
    verdict(answer, "a number", f"{distance:.3f}", lambda d: abs(float(d) - distance) < 1e-3)


def check_share(answer: Any, table: Table, row: str, distance: float) -> None:
    """Share of the sources of which the driver is convinced (p >= 0.99) and both judges are not."""
    p = table.values[row]["probability"][table.column(distance)]
    share = ((p >= FOOLED) & ~both(table, row, distance)).double().mean().item()
    verdict(answer, "a share", f"{share:.3f}", lambda s: abs(float(s) - share) < 1e-3)


def check_conclusion(answer: Any) -> None:
    """Which of four sentences the table supports; see the lesson."""
    verdict(answer, "a letter, a to d", "'c'", lambda letter: str(letter).strip().lower() == "c")
