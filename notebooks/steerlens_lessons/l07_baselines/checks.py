"""Lesson 07: the checks of its exercises."""

from typing import Any

import torch
from torch import Tensor

from ..common.verdict import chosen, close, verdict
from .measures import participation


def check_participation(answer: Any, edits: Tensor) -> None:
    """Participation ratio of each edit as share of the pixels, (n,), to 1e-3."""
    shares = participation(edits)
    words = f"{len(shares)} shares from {shares.min():.3f} to {shares.max():.3f}, each to 0.001"
    close(answer, shares, f"{len(shares)} shares between 0 and 1", 1e-3, words)


def check_moved(answer: Any, image: Tensor, down: int, right: int) -> None:
    """The image moved by whole pixels, what leaves it entering on the other side; real."""
    expected = image.roll((down, right), (-2, -1))
    kind = f"an image of shape {tuple(image.shape)}, real"

    def fits(moved: Tensor) -> bool:
        return moved.shape == expected.shape and torch.allclose(moved, expected, rtol=0, atol=1e-4)

    verdict(answer, kind, f"{kind}, moved {down} down and {right} right, to 1e-4", fits)


def check_dead(answer: Any, variables: Tensor) -> None:
    """Share of variables that ``clamp(0, 1)`` gives no gradient."""
    dead = (variables < 0) | (variables > 1)
    close(answer, dead.double().mean(), "a share between 0 and 1", 2e-3)


def check_most_translated(answer: Any, explained: Tensor) -> None:
    """The row whose edit a translation explains best."""
    chosen(answer, int(explained.argmax()), "a row")
