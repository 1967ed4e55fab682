"""What is raised in a morph or a visualisation: scores of a network's activations, which add and scale."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from .._internal.checks import check_images, check_indices, check_integer, check_number
from .._internal.modes import evaluation_mode

# Of a layer with places: (row, column), the number of a token, or all places of the image; see `channel`.
Place: TypeAlias = tuple[int, int] | int | Literal["image"]
MOST_OTHERS = 5  # tokens before those of the image: that of the class, one to distil or four registers


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

    Of a layer of tokens, (batch, tokens, channels) as in transformers, it is (batch, channels, tokens): the
    class token or the tokens of the image are then chosen by the ``place`` of an objective.

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


def channel(
    model: nn.Module, layer: str, channels: Sequence[int] | int, place: Place | None = None
) -> Objective:
    """A channel of a layer, its mean over places.

    Args:
        model, layer: as in `activations`.
        channels: numbers; several ask for several visualisations.
        place: which places count; all of them if None, which of a layer of tokens includes the class token.
            "image": those of the image alone. (row, column): one of these. Of a layer of tokens, also the
            number of one: 0 is the class token of torchvision's transformers. The image's tokens are the
            last ones, a square grid row by row, behind at most five others.

    Raises:
        TypeError, ValueError: no such layer, channel or place.
    """
    return _picked(model, layer, channels, "channels", lambda found: _pooled(found, place))


def neuron(
    model: nn.Module, layer: str, channels: Sequence[int] | int, place: tuple[int, int] | int | None = None
) -> Objective:
    """One place of a channel of a layer, as in `channel`; the middle of the image if None."""
    return _picked(model, layer, channels, "channels", lambda found: _at(found, place))


def _pooled(found: Tensor, place: Any) -> Tensor:
    """Activations (batch, channels): means over the places that count."""
    if place is None:
        return found.flatten(2).mean(2) if found.ndim > 2 else found
    if isinstance(place, str):
        if place != "image":
            raise ValueError(f"place: expected 'image', (row, column) or a token's number, got {place!r}")
        return _image_places(found, place).mean((2, 3))
    return _at(found, place)


def _at(found: Tensor, place: Any) -> Tensor:
    """Activations (batch, channels) at one place."""
    if found.ndim == 3 and isinstance(place, Integral):
        return found[..., check_integer("token", place, 0, found.shape[2] - 1)]
    grid = _image_places(found, place)
    size = grid.shape[2:]
    place = tuple(n // 2 for n in size) if place is None else place
    if not isinstance(place, tuple | list) or len(place) != 2:
        token = " or a token's number" if found.ndim == 3 else ""
        raise ValueError(f"place: expected (row, column){token}, got {place!r}")
    pairs = zip(("row", "column"), place, size, strict=True)
    row, column = (check_integer(name, i, 0, n - 1) for name, i, n in pairs)
    return grid[..., row, column]


def _image_places(found: Tensor, place: Any) -> Tensor:
    """Activations (batch, channels, rows, columns); of tokens, the last ones that make a square."""
    if found.ndim == 4:
        return found
    side = math.isqrt(found.shape[2]) if found.ndim == 3 else 0
    if not side:
        raise ValueError(f"layer: expected activations (batch, channels, h, w), got {tuple(found.shape)}")
    if (others := found.shape[2] - side**2) > MOST_OTHERS:
        ends = f"for {found.shape[2]} tokens do not end in a square grid"
        raise ValueError(f"place: expected a token's number, {ends}, got {place!r}")
    return found[..., others:].unflatten(2, (side, side))


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


def direction(model: nn.Module, layer: str, vectors: Tensor, place: Place | None = None) -> Objective:
    """Mean over places of the projection of a layer's activations on unit vectors, concepts for instance.

    Args:
        model, layer: as in `activations`.
        vectors: (channels,) or (visualisations, channels), of any length but 0.
        place: which places count, as in `channel`.

    Raises:
        TypeError, ValueError: no such layer or place, vectors of another number of channels, or one
            of length 0.
    """
    vectors = torch.atleast_2d(vectors).detach()
    if vectors.ndim != 2 or not (vectors.norm(dim=1) > 0).all():
        raise ValueError(f"vectors: expected (visualisations, channels), none of them 0, got {vectors!r}")

    def score(found: Tensor, unit: Tensor) -> Tensor:
        if found.shape[1] != unit.shape[1]:
            raise ValueError(f"vectors: expected {found.shape[1]} channels, got {unit.shape[1]}")
        return (_pooled(found, place) * unit.to(found)).sum(1)

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
