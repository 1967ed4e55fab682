"""Lesson 08: checks of the exercises."""

from typing import Any

from torch import Tensor, nn

from steerlens.morphs.scores import batched_logits
from steerlens.morphs.steps import l2_distance

from ..common.verdict import chosen, close, verdict
from .table import Table

FOOLED = 0.99  # the driver's probability of the target
NEAR = 2.5  # L2 distance


def check_fooled(
    answer: Any, driver: nn.Module, judges: list[nn.Module], source: Tensor, target: int
) -> None:
    """An image near its source that the driver gives the target with p >= 0.99, and no judge does."""

    def right(image: Tensor) -> bool:
        inside = image.shape == source.shape and bool(((image >= 0) & (image <= 1)).all())
        if not inside or l2_distance(image, source).item() > NEAR:
            return False
        p = batched_logits(driver, image).softmax(1)[0, target].item()
        return p >= FOOLED and all(batched_logits(judge, image).argmax().item() != target for judge in judges)

    expected = (
        f"an image (1, 1, 28, 28) in [0, 1] within L2 {NEAR} of the source, with p of {target} >= {FOOLED}, "
        "and no judge that sees it"
    )
    verdict(answer, "an image (1, 1, 28, 28)", expected, right)


def check_distance(answer: Any, source: Tensor, image: Tensor) -> None:
    """L2 distance of two images, as a number."""
    close(answer, l2_distance(image, source).item(), "a number", 1e-3)


def check_share(answer: Any, table: Table, row: str, distance: float) -> None:
    """Share of the sources of which the driver is convinced (p >= 0.99) and both judges are not."""
    p = table.values[row]["probability"][table.column(distance)]
    share = ((p >= FOOLED) & ~table.both(row, distance)).double().mean().item()
    close(answer, share, "a share", 1e-3)


def check_conclusion(answer: Any) -> None:
    """Which of four sentences the table supports; see the lesson."""
    chosen(answer, "c", "a letter, a to d")
