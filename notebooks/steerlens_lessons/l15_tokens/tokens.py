"""Lesson 15, tokens: what is measured on a vision transformer, and on what it draws.

at_tokens         units at several tokens, a visualisation each
most_active       the units that digits excite most, and the digits that excite each
shares            how a map is divided among the patches of the tokens
own_share, away   of that, the share of a token's own patch, and the mean distance from it
alike             how much the shares of two tokens resemble each other
mosaic, strip     many images as one; brightened makes images of transparencies
looked_at         where maco looks while it draws one unit at each token, and where it changes the image
purity            how often the digits that excite a unit most are of one class
by_class          the share of drawings that is right, class by class
mean_share        the mean of such shares, or of their difference, with its interval over the classes
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from steerlens import objectives
from steerlens.evaluation.bootstrap import mean_difference
from steerlens.maco.spectra import Spectrum
from steerlens.maco.visualization import Visualization, maco

from ..common.summaries import Estimate

LAYERS = tuple(f"encoder.layers.encoder_layer_{n}" for n in range(4))
UNITS = tuple(f"{layer}.mlp.1" for layer in LAYERS)  # behind the GELU
BEFORE = tuple(f"{layer}.mlp.0" for layer in LAYERS)  # it has a gradient where a unit is off, too
SIDE, CLASS = 4, 0  # patches along a side; the class token
HOW = {"steps": 64, "crops": 4, "size": 28, "sides": (1.0, 0.8), "rate": 0.2, "progress": False}
WHOLE = HOW | {"steps": 10, "crops": 0}  # for what has a place: crops would move it


def at_tokens(
    model: nn.Module, layer: str, units: Sequence[int], tokens: Sequence[int]
) -> objectives.Objective:
    """Each unit of a layer of tokens at each of some tokens, a visualisation each, unit by unit."""
    pairs = torch.cartesian_prod(torch.tensor(list(units)), torch.tensor(list(tokens)))

    def score(views: Tensor) -> Tensor:
        found = objectives.activations(model, views, layer)  # (visualisations * views, units, tokens)
        unit, token = pairs.repeat_interleave(len(views) // len(pairs), 0).T
        return found[torch.arange(len(views)), unit, token]

    return objectives.Objective(score, len(pairs))


def most_active(found: Tensor, units: int, digits: int = 3) -> tuple[Tensor, Tensor]:
    """The units that some images excite most, by the mean over their ten best images, and these images.

    Args:
        found: activations (images, units) of many images.
        units: how many.
        digits: how many of the best images of each.

    Returns:
        numbers of units (units,), and of their best images (units, digits).
    """
    best = found.topk(10, dim=0)
    chosen = best.values.mean(0).topk(units).indices
    return chosen, best.indices[:digits, chosen].T


def shares(maps: Tensor, side: int = SIDE) -> Tensor:
    """How maps (n, height, width), >= 0, are divided among patches: (n, side * side), sums of 1."""
    size = maps.shape[-2] // side, maps.shape[-1] // side
    sums = avg_pool2d(maps[:, None], size).flatten(1)
    return sums / sums.sum(1, keepdim=True)


def own_share(divided: Tensor) -> Tensor:
    """Of the shares (..., patches, patches) of one map for each token, those of the token's own patch."""
    return divided.diagonal(dim1=-2, dim2=-1)


def away(divided: Tensor) -> Tensor:
    """Mean distance, in patches, of each map's share from its token's own patch: (..., patches)."""
    side = math.isqrt(divided.shape[-1])
    places = torch.cartesian_prod(torch.arange(side), torch.arange(side)).to(divided)
    return (divided * torch.cdist(places, places)).sum(-1)


def alike(divided: Tensor) -> Tensor:
    """Correlation of the shares of two tokens, (..., patches, patches): its mean over all pairs, (...)."""
    centred = divided - divided.mean(-1, keepdim=True)
    unit = nn.functional.normalize(centred, dim=-1)
    pairs = unit @ unit.mT
    count = pairs.shape[-1]
    return (pairs.sum((-2, -1)) - count) / (count * (count - 1))


def looked_at(
    model: nn.Module, layer: str, units: Sequence[int], spectrum: Spectrum
) -> tuple[Visualization, dict[str, Tensor]]:
    """Units drawn at each token of the image, and where the ascent was.

    Returns:
        the visualisations, unit by unit, and (units, patches, patches) shares of "look", the transparency,
        and of "change", the squared difference to the start: of each unit a row for each token.
    """
    begin: list[Tensor] = []
    goal = at_tokens(model, layer, units, range(1, 1 + SIDE**2))
    found = maco(goal, spectrum, watch=lambda _, canvas: begin.append(canvas), **WHOLE)
    moved = (found.images - spectrum.images_of(begin[0])).square().sum(1)
    maps = {"look": found.transparency, "change": moved}
    return found, {kind: shares(each).unflatten(0, (len(units), -1)) for kind, each in maps.items()}


def mosaic(images: Tensor, gap: int = 1) -> Tensor:
    """Images (side * side, channels, height, width) as one (channels, ...), row by row, white between."""
    side = math.isqrt(len(images))
    return torch.cat([strip(row, gap) for row in images.unflatten(0, (side, side))], -2)


def strip(images: Tensor, gap: int = 1) -> Tensor:
    """Images (n, channels, height, width) side by side as one, white between."""
    return torch.cat(list(nn.functional.pad(images, [gap] * 4, value=1.0)), -1)


def brightened(maps: Tensor) -> Tensor:
    """Maps (n, height, width), >= 0, as grey images (n, 1, height, width); each one's brightest 1 % white."""
    bright = maps.flatten(1).quantile(0.99, dim=1)[:, None, None]
    return (maps / bright.clamp(min=1e-30)).clamp(0, 1)[:, None]


def purity(found: Tensor, labels: Tensor, first: int = 20) -> Tensor:
    """Share of the commonest class among the first few images that excite each unit, (units,).

    Args:
        found: activations (images, units).
        labels: classes (images,).
        first: how many images of each unit.
    """
    classes = labels[found.topk(first, dim=0).indices]  # (first, units)
    counts = nn.functional.one_hot(classes, int(labels.max()) + 1).sum(0)
    return counts.amax(1) / first


def by_class(hits: Tensor, classes: Tensor) -> Tensor:
    """The mean of hits (n,), booleans or shares, over the drawings of each class: (classes,)."""
    return torch.stack([hits[classes == label].double().mean() for label in classes.unique()])


def mean_share(shares: Tensor, others: Tensor | None = None) -> Estimate:
    """The mean of shares by class, less that of others, with its bootstrap interval over the classes.

    Drawings of one class resemble each other, so that the classes, not the drawings, are what is counted.
    """
    others = torch.zeros_like(shares) if others is None else others
    value, low, high = mean_difference(shares, others)
    return Estimate(value, low, high, f"{value:.0%}", f"[{low:.0%}, {high:.0%}]")
