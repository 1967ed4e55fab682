"""Lesson 08: checks of the exercises."""

from typing import Any

from torch import Tensor, nn

from steerlens.morphs.scores import batched_logits
from steerlens.morphs.steps import l2_distance

from ..common.exercises import Key, choice, exercise, numbers
from .table import Table

FOOLED = 0.99  # the driver's probability of the target
NEAR = 2.5  # L2 distance


@exercise("you need not move strokes. Which editor reaches p = 0.99 at the smallest distance?")
def check_fooled(driver: nn.Module, judges: list[nn.Module], source: Tensor, target: int) -> Key:
    """An image near its source that the driver gives the target with p >= 0.99, and no judge does."""
    kind = f"an image {tuple(source.shape)}"

    def error(image: Any) -> str:
        if not isinstance(image, Tensor) or image.shape != source.shape:
            return f"expected {kind}"
        if not ((image >= 0) & (image <= 1)).all():
            return "it leaves [0, 1]: the clip is missing"
        if (far := l2_distance(image, source).item()) > NEAR:
            return f"it is too far from the source: L2 {far:.2f}, at most {NEAR}"
        p = batched_logits(driver, image).softmax(1)[0, target].item()
        if p < FOOLED:
            return f"the driver is not convinced: p = {p:.2f}"
        seen = sum(batched_logits(judge, image).argmax().item() == target for judge in judges)
        return f"{seen} of {len(judges)} judges see a {target}, too" if seen else ""

    words = (
        f"{kind} in [0, 1] within L2 {NEAR} of the source, p of {target} >= {FOOLED}, and no judge sees it"
    )
    return Key(kind, words, error)


@exercise("the square root of the sum of all squared differences.")
def check_distance(source: Tensor, image: Tensor) -> Key:
    """L2 distance of two images, as a number."""
    change = image - source
    slips = {
        "that is the square: the root is missing": change.square().sum(),
        "that is the root of the mean: L2 takes the sum over all pixels": change.square().mean().sqrt(),
        "that is the sum of absolute differences, L1": change.abs().sum(),
    }
    return numbers(l2_distance(image, source).item(), "a number", 1e-3, slips)


@exercise("without both judges means: not (first and second). One of them may see it.")
def check_share(table: Table, row: str, distance: float) -> Key:
    """Share of the sources of which the driver is convinced (p >= 0.99) and both judges are not."""
    column, values = table.column(distance), table.values[row]
    convinced, both = values["probability"][column] >= FOOLED, table.both(row, distance)
    neither = (values["first"][column] + values["second"][column]) == 0

    def share(cases: Tensor) -> float:
        return cases.double().mean().item()

    slips = {
        "those convince the driver, whatever the judges say": share(convinced),
        "those convince the driver and both judges": share(convinced & both),
        "those convince neither judge; here one of the two may be convinced": share(convinced & neither),
        "that is their number, not their share": int((convinced & ~both).sum()),
    }
    return numbers(share(convinced & ~both), "a share", 1e-3, slips)


@exercise("a score is a fact about the driver. What may be said of it, and what of the picture?")
def check_conclusion() -> Key:
    """Which of four sentences the table supports; see the lesson."""
    slips = {
        "the driver is convinced by far smaller changes than those that look like an 8": "a",
        "it goes too far: the edits do change what the driver decides, so they show what it responds to": "b",
        "a smooth warp has the highest E of all, and convinces almost no judge": "d",
    }
    return choice("c", "a letter, a to d", slips, "abcd")
