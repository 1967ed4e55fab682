"""Lesson 08: what it computes live: known warps, and edits of a few sources, beside the table's."""

import math

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from steerlens.evaluation import matched_edit

from .table import Table, judged, model, rows


def wavy_warps(sources: Tensor, size: float, seed: int = 0) -> Tensor:
    """Each source smoothly deformed: a shift and two half waves across the frame, at random.

    The displacement is no combination of the solver's own grid functions, so that the solver has to find it.

    Args:
        sources: (batch, channels, height, width) in [0, 1].
        size: standard deviation of the shift and of each wave, in pixels.
    """
    height, width = sources.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    waves = torch.stack([torch.ones_like(x), (math.pi / 2 * x).sin(), (math.pi / 2 * y).sin()])
    draws = torch.randn(len(sources), 2, 3, 1, 1, generator=torch.Generator().manual_seed(seed))
    down, right = (size * (draws * waves).sum(2)).unbind(1)
    places = torch.stack([x + 2 * right / (width - 1), y + 2 * down / (height - 1)], -1).to(sources)
    return grid_sample(sources, places, mode="bicubic", align_corners=True).clamp(0, 1)


def agreement(table: Table, row: str, distance: float, live: dict[str, Tensor]) -> dict[str, float]:
    """Largest gap to the table of the medians of p, E and E with gain, over the same first sources."""
    at, count = table.column(distance), live["probability"].shape[1]
    kinds = ("probability", "energy", "energy with gain")
    stored = (table.values[row][kind][at, :count].median() for kind in kinds)
    return {
        kind: (live[kind][0].median() - old).abs().item() for kind, old in zip(kinds, stored, strict=True)
    }


def edits(
    name: str, row: str, case: tuple[Tensor, Tensor, Tensor], distance: float
) -> tuple[Tensor, Tensor, Tensor]:
    """A row's edited images of a case, p of the targets (n,), and which judge sees them, (n, 2)."""
    sources, _, targets = case
    recipe, editor = rows(name)[row]
    driver = model(name, recipe)
    images, _ = matched_edit(driver, sources, targets, editor, distance)
    return images, *judged(name, driver, images, targets)
