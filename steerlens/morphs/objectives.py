"""What is raised in a morph or a visualisation: scores of a network's activations, which add and scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .._internal.checks import check_images, check_indices, check_integer, check_number
from .._internal.modes import evaluation_mode


@dataclass(frozen=True)
class Objective:
    """A score of views, to be maximised; ``logit(...) - 0.1 * channel(...)`` is one, too.

    Attributes:
        score: views (visualisations * views, channels, height, width), the views of one visualisation in
            a row, to scores (visualisations * views,).
        count: number of visualisations it asks for.
    """

    score: Callable[[Tensor], Tensor]
    count: int = 1

    def __call__(self, views: Tensor) -> Tensor:
        """Scores (visualisations, views). Raises ValueError unless there is one finite score for a view."""
        scores = self.score(views)
        if not isinstance(scores, Tensor) or scores.shape != (len(views),):
            found = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
            raise ValueError(f"objective: expected scores of shape ({len(views)},), got {found}")
        if not scores.isfinite().all():
            raise ValueError("objective: expected finite scores, got NaN or infinity")
        return scores.view(self.count, -1)

    def of_images(self, images: Tensor) -> Tensor:
        """Scores (batch,) of a morph's images. Raises ValueError unless one visualisation is asked for."""
        if self.count != 1:
            raise ValueError(f"objective: expected one, for every image, got {self.count} in one")
        return self(images)[0]

    def __add__(self, other: "Objective") -> "Objective":
        """The sum of two objectives that ask for as many visualisations."""
        if not isinstance(other, Objective):
            return NotImplemented
        if other.count != self.count:
            raise ValueError(f"objective: expected another of {self.count} visualisations, got {other.count}")
        return Objective(lambda views: self.score(views) + other.score(views), self.count)

    def __mul__(self, factor: float) -> "Objective":
        """The objective, scaled."""
        factor = check_number("factor", factor)
        return Objective(lambda views: factor * self.score(views), self.count)

    __rmul__ = __mul__

    def __sub__(self, other: "Objective") -> "Objective":
        """The difference of two objectives."""
        return self + -1 * other if isinstance(other, Objective) else NotImplemented


def activations(model: nn.Module, images: Tensor, layer: str | None = None) -> Tensor:
    """What a layer makes of images: (batch, channels, h, w) or (batch, channels); the output if None.

    Of a layer of tokens, (batch, tokens, channels) as in transformers, it is (batch, channels, tokens).

    Args:
        model: used in eval mode and given back as it was.
        images: (batch, channels, height, width) in [0, 1].
        layer: a name of ``model.named_modules()``.

    Raises:
        ValueError: no such layer, or one that is not reached or has no such output.
    """
    found: list[Tensor] = []
    with evaluation_mode(model):
        layers = {name or None: module for name, module in model.named_modules()}  # None: the whole model
        if layer not in layers:
            raise ValueError(f"layer: expected one of {', '.join(filter(None, layers))}, got {layer!r}")
        with layers[layer].register_forward_hook(lambda _, __, output: found.append(_own(output))):
            model(images.clone())
    if not found or not isinstance(found[-1], Tensor) or found[-1].ndim not in (2, 3, 4):
        came = f"{[type(output).__name__ for output in found[-1:]] or 'no call'} of {layer!r}"
        raise ValueError(f"layer: expected one with an output (batch, channels, ...), got {came}")
    return found[-1].mT if found[-1].ndim == 3 else found[-1]


def _own(output: Any) -> Any:
    """A layer's output as it is now: a later layer may work in place."""
    return output.clone() if isinstance(output, Tensor) else output


def logit(model: nn.Module, classes: Sequence[int] | int) -> Objective:
    """The logit of a class; several classes ask for several visualisations."""
    return _picked(model, None, classes, "classes", lambda found: found)


def channel(model: nn.Module, layer: str, channels: Sequence[int] | int) -> Objective:
    """The mean of a channel of a layer over its places (tokens)."""
    return _picked(model, layer, channels, "channels", lambda found: found.flatten(2).mean(2))


def neuron(
    model: nn.Module,
    layer: str,
    channels: Sequence[int] | int,
    place: tuple[int, int] | int | None = None,
) -> Objective:
    """One place of a channel of a layer: (row, column) or the token; the middle one if None."""

    def at(found: Tensor) -> Tensor:
        size = found.shape[2:]
        middle = tuple(n // 2 for n in size)
        index = middle if place is None else (place,) if isinstance(place, int) else tuple(place)
        if not size or len(index) != len(size):
            raise ValueError(f"layer: expected activations (batch, channels, h, w), got {tuple(found.shape)}")
        names = ("row", "column") if len(size) == 2 else ("token",)
        checked = [check_integer(name, i, 0, n - 1) for name, i, n in zip(names, index, size, strict=True)]
        chosen: tuple[Any, ...] = (slice(None), slice(None), *checked)
        return found[chosen]

    return _picked(model, layer, channels, "channels", at)


def _picked(
    model: nn.Module, layer: str | None, units: Any, name: str, pooled: Callable[[Tensor], Tensor]
) -> Objective:
    """Some columns of (batch, units), one for each visualisation."""
    units = torch.tensor(check_indices(name, units, 2**31, at_least=1), device="cpu")

    def score(found: Tensor, wanted: Tensor) -> Tensor:
        values = pooled(found)
        check_indices(name, units, values.shape[1])
        return values.gather(1, wanted[:, None])[:, 0]

    return _scored(model, layer, units, score)


def _scored(
    model: nn.Module, layer: str | None, wanted: Tensor, score: Callable[[Tensor, Tensor], Tensor]
) -> Objective:
    """A score of activations and of what is wanted, (visualisations, ...), repeated for each view."""

    def of_views(views: Tensor) -> Tensor:
        repeated = wanted.to(views.device).repeat_interleave(len(views) // len(wanted), 0)
        return score(activations(model, views, layer), repeated)

    return Objective(of_views, len(wanted))


def direction(model: nn.Module, layer: str, vectors: Tensor) -> Objective:
    """Mean over places of the projection of a layer's activations on unit vectors, concepts for instance.

    Args:
        model, layer: as in `activations`.
        vectors: (channels,) or (visualisations, channels), of any length but 0.

    Raises:
        ValueError: vectors of another number of channels, or one of length 0.
    """
    vectors = torch.atleast_2d(vectors).detach()
    if vectors.ndim != 2 or not (vectors.norm(dim=1) > 0).all():
        raise ValueError(f"vectors: expected (visualisations, channels), none of them 0, got {vectors!r}")

    def score(found: Tensor, unit: Tensor) -> Tensor:
        if found.shape[1] != unit.shape[1]:
            raise ValueError(f"vectors: expected {found.shape[1]} channels, got {unit.shape[1]}")
        return (found.flatten(2).mean(2) * unit.to(found)).sum(1)

    return _scored(model, layer, vectors / vectors.norm(dim=1, keepdim=True), score)


def inversion(model: nn.Module, layer: str, images: Tensor) -> Objective:
    """Minus the squared distance to the activations of given images, as a share of their energy: 0 is best.

    Args:
        model, layer: as in `activations`.
        images: (visualisations, channels, height, width) in [0, 1], of the size of the views.
    """

    def score(found: Tensor, wanted: Tensor) -> Tensor:
        if found.shape[1:] != wanted.shape[1:]:
            sizes = f"{tuple(wanted.shape[1:])}, got {tuple(found.shape[1:])}"
            raise ValueError(f"views: expected those of the images' size, with activations {sizes}")
        energy = wanted.flatten(1).square().sum(1).clamp(min=1e-12)
        return -(found - wanted).flatten(1).square().sum(1) / energy

    with torch.no_grad():
        wanted = activations(model, check_images(images, unit_range=True), layer)
    return _scored(model, layer, wanted, score)
