"""Lesson 08: checks of the exercises, and fooling a classifier without a visible change."""

from typing import Any

import torch
from torch import Tensor, nn

from ..editing import l2_distance
from ..gradients import evaluation_mode, model_logits
from .confidence import Table
from .confidence_figures import both
from .verdict import verdict

FOOLED = 0.99  # the driver's probability of the target


def check_fooled(
    answer: Any, driver: nn.Module, judges: list[nn.Module], source: Tensor, label: int, target: int
) -> None:
    """An image that the driver gives the target with p >= 0.99, while both judges still see the source."""

    def right(image: Tensor) -> bool:
        inside = image.shape == source.shape and bool(((image >= 0) & (image <= 1)).all())
        return inside and fooled(image, driver, judges, label, target)

    expected = (
        f"an image (1, 1, 28, 28) in [0, 1] with p of {target} >= {FOOLED}, and judges that see {label}"
    )
    verdict(answer, "an image (1, 1, 28, 28)", expected, right)


@torch.no_grad()
def fooled(image: Tensor, driver: nn.Module, judges: list[nn.Module], label: int, target: int) -> bool:
    """Whether the driver gives the target at least `FOOLED`, and every judge sees the label."""
    with evaluation_mode(driver):
        p = model_logits(driver, image).softmax(1)[0, target]
    seen = [model_logits(judge.eval(), image).argmax(1).item() for judge in judges]
    return bool(p >= FOOLED) and seen == [label] * len(judges)


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
