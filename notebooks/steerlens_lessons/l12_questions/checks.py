"""Lesson 12: the checks of its exercises."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from steerlens.evaluation import center_of_mass

from ..common.exercises import Key, exercise, numbers

Objective = Callable[[Tensor, Tensor], Tensor]


@exercise("subtract the place from outputs (n, 2), square, sum over axis 1, and turn the sign.")
def check_wish(place: Sequence[float]) -> Key:
    """An objective, minus the squared distance of outputs (n, 2) to a place, a value for each image."""
    there = torch.tensor(place)

    def squares(outputs: Tensor) -> Tensor:
        return (outputs - there).square()

    kind = "a function (outputs, images) -> (n,)"
    slips: dict[str, Objective] = {
        "the sign is missing: it would flee from the place": lambda z, images: squares(z).sum(1),
        "that is one number for the whole batch; each image has its own": lambda z, images: -squares(z).sum(),
        "that is the distance, and its square was asked for": lambda z, images: -squares(z).sum(1).sqrt(),
        "y and x are swapped": lambda z, images: -squares(z.flip(1)).sum(1),
    }
    words = f"{kind}: minus the squared distance to {tuple(place)}"
    outputs = torch.tensor([[0.0, 0.0], [3.0, -4.0], list(place)])
    return numbers(lambda z, images: -squares(z).sum(1), kind, 1e-4, slips, words=words, of=_at(outputs))


@exercise("write it as you would with numbers: a - 0.5 * b.")
def check_difference(first: Any, second: Any, images: Tensor) -> Key:
    """The objective ``first - 0.5 * second``, by its values at images."""
    kind, right = "an objective of steerlens.objectives", first - 0.5 * second
    slips = {
        "the second is subtracted whole, and half of it was asked for": first - second,
        "the second is raised, too: it has the wrong sign": first + 0.5 * second,
        "the two are swapped": second - 0.5 * first,
    }
    values = {
        "words": f"{kind}, the first minus half the second",
        "of": lambda found: found.of_images(images),
    }
    return numbers(right, kind, 1e-3 * (1 + right.of_images(images).abs().max().item()), slips, **values)


@exercise("`center_of_mass` of the edits minus that of the sources is (n, channels, 2), with y before x.")
def check_carried(edits: Tensor, sources: Tensor) -> Key:
    """The median way to the right of the centre of mass from sources to edits, in pixels, to 0.02."""
    ends, starts = (center_of_mass(images)[:, 0] for images in (edits, sources))
    median = (ends - starts).quantile(0.5, dim=0)
    slips = {
        "that is the way down: y stands before x": median[0],
        "that is where they are, not how far they have come": ends[:, 1].quantile(0.5),
        "that is the mean, and the median was asked for": (ends - starts)[:, 1].mean(),
    }
    return numbers(median[1].item(), "a number of pixels", 0.02, slips)


@exercise("bring both to length 1 with `normalize`, multiply (n, d) by (d, m), and take the mean over m.")
def check_resemblance(references: Tensor) -> Key:
    """An objective: the mean cosine between an image's output and each of several references (m, d)."""

    def cosines(outputs: Tensor) -> Tensor:
        return cosine_similarity(outputs[:, None], references, dim=2)

    middle = references.mean(0, keepdim=True)
    slips: dict[str, Objective] = {
        "that is the cosine to the mean of the references": lambda z, images: cosine_similarity(z, middle),
        "those are inner products, not cosines": lambda z, images: (z @ references.T).mean(1),
        "the mean is to be over the references, not the images": lambda z, images: cosines(z).mean(0),
        "that is one number for the whole batch": lambda z, images: cosines(z).mean(),
    }
    kind = "a function (outputs, images) -> (n,)"
    words = f"{kind}: the mean over the references of the cosine to each"
    near = references[:2] + references.flip(0)[:2].roll(1, 1)
    outputs = torch.cat([near, -2 * near[:1], 3 * references[:1], middle])
    return numbers(lambda z, images: cosines(z).mean(1), kind, 1e-4, slips, words=words, of=_at(outputs))


def _at(outputs: Tensor) -> Callable[[Objective], Tensor]:
    """The values of an objective at some outputs."""
    return lambda objective: objective(outputs, torch.zeros(len(outputs), 1, 8, 8))
