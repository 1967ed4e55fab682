"""What is looked at: one morph, or several at equal distances; where they arrive and how much they change.

All of it is one `Morph`, ``views``: of one row, or of several (`matched`) whose ``steps`` are L2 distances.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .._internal.modes import evaluation_mode
from ..morphs.morph import Morph, measured
from ..morphs.scores import Scores, scored
from ..morphs.steering import Chords
from ..morphs.steps import bisect_distance

POSITIONS = 25  # places of the slider in a comparison
REACHED = 0.99  # probability of the target at which a morph has arrived
SMALLEST_SCALE = 1 / 255  # so that rounding is not drawn as a change
ZOOM = 4


def matched(model: nn.Module, morphs: Sequence[Morph]) -> Morph:
    """Morphs of one image at `POSITIONS` equal distances: from 0 to the largest that all of them reach.

    The image at a distance is the first on the path that lies there (met to 5e-4), and is scored itself.

    Raises:
        ValueError: one of them does not move at all.
    """
    farthest = min(morph.distances.max().item() for morph in morphs)
    if farthest < 2e-3:
        raise ValueError(
            f"settings: expected morphs that all move, got one that stays at distance {farthest:.1g}"
        )
    wanted = morphs[0].distances.new_tensor(np.linspace(0, 0.999 * farthest, POSITIONS))
    frames = torch.stack([_at(morph, wanted) for morph in morphs])
    with evaluation_mode(model), torch.no_grad():
        targets = torch.cat([morph.targets for morph in morphs if morph.targets is not None])
        found = [scored(model, row, target) for row, target in zip(frames, targets, strict=True)]
    scores = Scores(*(torch.stack(part) for part in zip(*found, strict=True)))
    return measured(frames, scores, wanted, targets, Chords(frames, wanted))


def _at(morph: Morph, distances: Tensor) -> Tensor:
    """Images of one morph at increasing distances, of which the first is 0."""
    after = (morph.distances[0] >= distances[1:, None]).to(torch.uint8).argmax(1)
    rows, low, high = torch.zeros_like(after), morph.steps[after - 1], morph.steps[after]
    sources = morph.frames[rows, 0]
    _, images = bisect_distance(lambda k: morph.render(rows, k), low, high, sources, distances[1:])
    return torch.cat([morph.frames[0, :1], images])


def arrivals(views: Morph) -> list[int]:
    """For each row the first frame where p of the target is `REACHED`; where it never is, the largest p's."""
    p = views.target_probabilities
    return torch.where(p.amax(1, keepdim=True) >= REACHED, p >= REACHED, p).float().argmax(1).tolist()


def arrival_text(views: Morph, row: int) -> str:
    """Whether a row arrives, and where."""
    frame = arrivals(views)[row]
    p, place = views.target_probabilities[row, frame].item(), f"k = {views.steps[frame]:g}"
    place = f"L2 {views.steps[frame]:.2f}" if len(views) > 1 else place
    return f"p ≥ {REACHED} at {place}" if p >= REACHED else f"largest p {p:.2f}, at {place}"


def changes(views: Morph) -> Tensor:
    """Frame minus source, mean over channels: (rows, frames, height, width)."""
    return (views.frames - views.frames[:, :1]).mean(2)


def change_scale(views: Morph) -> float:
    """The change that has the full colour: the largest until the views arrive; what is beyond is clipped."""
    found = [
        row[: 1 + frame or None].abs().max().item()
        for row, frame in zip(changes(views), arrivals(views), strict=True)
    ]
    return max([*found, SMALLEST_SCALE])


def busiest(views: Morph) -> tuple[slice, slice]:
    """Rows and columns of the part, a `ZOOM`-th of each side, where the last frames change most."""
    change = changes(views)[:, -1].abs().sum(0, keepdim=True)
    height, width = (max(1, side // ZOOM) for side in change.shape[-2:])
    sums = nn.functional.avg_pool2d(change, (height, width), stride=1)[0]
    top, left = divmod(int(sums.argmax()), sums.shape[1])
    return slice(top, top + height), slice(left, left + width)
