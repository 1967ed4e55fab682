"""Lesson 12: asking, and measuring what came, where the right answer is known.

first_risen  the frame in which the objective has first risen by so much
answers      rows of a table: what the network says, what another measure says, how like the truth
nearest      by how much the true picture must be changed to look most like an edit
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from steerlens import Morph

from ..common.summaries import counted, quartiles
from ..l06_faces.factors import cosine


def first_risen(morph: Morph, rise: float) -> tuple[Tensor, Tensor]:
    """Images (n, c, h, w) of the first frame whose value is ``rise`` above the source's, and where one is."""
    there = morph.values >= morph.values[:, :1] + rise
    risen = there.any(1)
    frame = torch.where(risen, there.to(torch.uint8).argmax(1), len(morph.steps) - 1)
    return morph.frames[torch.arange(len(morph)), frame], risen


def answers(
    morphs: Mapping[str, Morph], rise: float, draw: Callable[[float], Tensor], amounts: Sequence[float]
) -> dict[str, dict[str, Any]]:
    """A row a way: asked for a rise of the network's number, what came.

    Args:
        morphs: by their way; the objective is the network's number.
        rise: what was asked for.
        draw: the true pictures (n, c, h, w), their quantity changed by an amount.
        amounts: changes that `nearest` tries: it measures without the network.
    """
    truth, rows = draw(rise), {}
    for way, morph in morphs.items():
        edit, risen = first_risen(morph, rise)
        source = morph.frames[:, 0]
        done = nearest(edit, draw, amounts)
        rows[way] = {
            "net says so": counted(risen),
            "measured": quartiles(done),
            "half or more": counted(done >= rise / 2),
            "like the truth": quartiles(cosine(edit - source, truth - source)),
            "L2": quartiles((edit - source).flatten(1).norm(dim=1), 1),
        }
    return rows


def nearest(edits: Tensor, draw: Callable[[float], Tensor], amounts: Sequence[float]) -> Tensor:
    """The amount (n,) with which the true picture correlates best with an edit; arguments as of `answers`."""
    drawn = torch.cat([draw(amount) for amount in amounts])
    whole = edits.repeat(len(amounts), 1, 1, 1)
    like = cosine(*(images - images.mean((1, 2, 3), keepdim=True) for images in (drawn, whole)))
    return torch.tensor(amounts)[like.view(len(amounts), -1).argmax(0)]
