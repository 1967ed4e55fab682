"""Lesson 06: the faces' quirks, the paper's Figure 7, and where an edit lies.

pixel_keys                             equal for pictures that are equal
predictions, scores                    what a model sees
figure_7                               the paper's, live and frozen
region_masks, region_shares, densities where the energy of an edit lies
distance_at                            how far it is to the first frame that convinces
"""

import torch
from torch import Tensor, nn

from steerlens import Morph, SteerablePyramid, extrapolate, steer
from steerlens.data import ImageData
from steerlens.evaluation import first_correct
from steerlens.morphs.scores import batched_logits

from ..common.summaries import arrivals

SIZE = 48
BOXES = {  # top, bottom, left, right, in pixels; chosen on the mean faces, mirror-symmetric
    "mouth": (28, 44, 10, 38),
    "eyes and brows": (9, 23, 7, 41),
}


def pixel_keys(images: Tensor) -> list[bytes]:
    """The grey values of each image, as bytes: equal for images that are equal in every pixel."""
    return [image.tobytes() for image in (255 * images).round().byte().cpu().numpy()]


def predictions(model: nn.Module, images: Tensor) -> Tensor:
    """The class with the largest logit for each image, (n,)."""
    return batched_logits(model, images).argmax(1)


def scores(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Probability of each image's target, (n,)."""
    return batched_logits(model, images).softmax(1).gather(1, targets[:, None])[:, 0]


def figure_7(model: nn.Module, faces: ImageData) -> dict[str, Morph]:
    """The paper's Figure 7, of the first faces that the model gets right; both residuals fixed.

    Returns:
        "sad → happy" (two morphs) and "happy → sad" (one): live, 24 steps of the joint direction; then both
        "frozen", the paper's literal Eq. 10-11.
    """
    case = {"transform": SteerablePyramid((SIZE, SIZE), 3, 4), "residuals": "fixed", "progress": False}
    live, frozen = {}, {}
    for source, target, count in (("sad", "happy", 2), ("happy", "sad", 1)):
        images, asked = faces.images[first_correct(model, faces, count, source)], faces.classes.index(target)
        live[f"{source} → {target}"] = steer(model, images, asked, direction="joint", **case)
        frozen[f"{source} → {target}, frozen"] = extrapolate(model, images, asked, alpha=0.3, **case)
    return live | frozen


def region_masks() -> dict[str, Tensor]:
    """Boolean masks (48, 48) of the boxes around mouth, eyes and brows, and of all that is elsewhere."""
    masks = {}
    for name, (top, bottom, left, right) in BOXES.items():
        masks[name] = torch.zeros(SIZE, SIZE, dtype=torch.bool)
        masks[name][top:bottom, left:right] = True
    return {**masks, "elsewhere": ~torch.stack([*masks.values()]).any(0)}


def region_shares(edits: Tensor) -> dict[str, Tensor]:
    """Share of each edit's energy (sum of squares) in each region, (n,) by name; they sum to one.

    Args:
        edits: (n, 1, 48, 48), image minus source.
    """
    energy = edits.square().sum(1)
    total = energy.sum((1, 2)).clamp(min=torch.finfo(energy.dtype).tiny)
    return {name: (energy * mask).sum((1, 2)) / total for name, mask in region_masks().items()}


def densities(edits: Tensor) -> dict[str, Tensor]:
    """Share of the energy over share of the area, (n,) by region: 1 for an edit that is spread evenly."""
    areas = {name: mask.double().mean().item() for name, mask in region_masks().items()}
    return {name: found / areas[name] for name, found in region_shares(edits).items()}


def distance_at(morph: Morph, probability: float = 0.99) -> Tensor:
    """L2 distance of the first frame of each morph in which the target has this probability, if one has."""
    arrived, first = arrivals(morph, probability)
    return morph.distances[arrived, first[arrived]]
