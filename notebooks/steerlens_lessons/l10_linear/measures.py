"""Lesson 10: what is measured on linear interpreters.

subject               SqueezeNet and photographs; where its weights are not, LeNet and digits
shares                how much of each top score comes from the input and from each layer
torchvision_shares    the residual share of other classifiers, where their weights are
attacked              one step of the fast gradient sign method
eligible              the classes among which pixels vote
spread_of, reach_of   how many pixels a filter covers, and how far its energy lies from a pixel
shared_source         how alike the far parts of several rows are
coherence             how much of a filter has one sign
keys_weights          bicubic interpolation, written down
adaptivity            how much the columns change from place to place
band_shares           a row seen by the pyramid: energy, and contribution to F x, by scale and orientation
"""

import contextlib
import io
import logging
import math
from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor, nn

from steerlens import data as datasets
from steerlens import imagenet, models
from steerlens._internal.modes import evaluation_mode
from steerlens.data.images import ImageData
from steerlens.evaluation import first_correct
from steerlens.linear import LinearInterpreter
from steerlens.transforms.pyramid import SteerablePyramid


def subject(size: int = 224) -> tuple[nn.Sequential, ImageData, bool]:
    """SqueezeNet 1.0 and the photographs; where its weights are not, LeNet and 20 digits that it gets right.

    Returns:
        a normalisation and the network behind it; images for both; whether SqueezeNet's weights and the
        hundred photographs are there.
    """
    model = imagenet.pretrained("squeezenet1_0")
    if model is not None:
        photos = datasets.photos(size)
        return model, photos, len(photos) == 100
    digits = datasets.digits()
    lenet = models.load("lenet", digits)
    return nn.Sequential(nn.Identity(), lenet), digits[first_correct(lenet, digits, 20)], False


def shares(model: nn.Module, images: Tensor) -> tuple[tuple[str, ...], Tensor]:
    """What input and layers give to the top score of each image, in units of the score.

    Args:
        model: images to scores (n, classes).
        images: (n, channels, height, width).

    Returns:
        names, "input" first; shares (n, names), each row summing to 1.
    """
    rows = []
    for image in images.split(1):
        parts = LinearInterpreter(model, image, keep_graph=False).contributions()
        rows.append(torch.cat([parts.input, parts.biases[0]]) / parts.scores)
    return ("input", *parts.layers), torch.stack(rows)


def torchvision_shares(names: Sequence[str], images: Tensor) -> dict[str, Tensor | None]:
    """Residual shares (n,) of classifiers on normalised images, by name; None where there are no weights."""
    models = pretrained_models(names)
    return {
        name: None if model is None else 1 - shares(model[1], model[0](images))[1][:, 0]
        for name, model in models.items()
    }


def mean_share(share: Tensor | None, published: str = "") -> dict[str, str]:
    """A row of a table: mean and deviation of residual shares (n,), in per cent."""
    here = "no weights here" if share is None else f"{100 * share.mean():.1f} ± {100 * share.std():.1f}"
    return ({"published": published} if published else {}) | {"residual of the top score (%)": here}


def pretrained_models(names: Sequence[str]) -> dict[str, nn.Module | None]:
    """Classifiers of ImageNet by name, None where there are no weights; no line names folders meanwhile."""
    logging.disable()
    sink = io.StringIO()
    try:
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            return {name: imagenet.pretrained(name) for name in names}
    finally:
        logging.disable(logging.NOTSET)


def attacked(model: nn.Module, images: Tensor, labels: Tensor, size: float) -> Tensor:
    """The fast gradient sign method (Goodfellow et al., 2015): one step up in the loss, clipped to [0, 1]."""
    with evaluation_mode(model), torch.enable_grad():
        x = images.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(model(x), labels), x)
    return (images + size * gradient.sign()).clamp(0, 1)


def eligible(scores: Tensor, label: Tensor, count: int = 32) -> Tensor:
    """The ``count`` classes with the highest scores (classes,), the true one, ``label``, among them."""
    entries = scores.topk(min(count, len(scores))).indices
    if label not in entries:
        entries[-1] = label
    return entries


def spread_of(filters: Tensor) -> Tensor:
    """(sum e^2)^2 / sum e^4: over how many pixels the energy e^2 of a filter is spread, (n,)."""
    energy = filters.square().sum(1).flatten(1)
    return energy.sum(1).square() / energy.square().sum(1).clamp(min=torch.finfo(energy.dtype).tiny)


def beyond(shape: Sequence[int], places: Sequence[tuple[int, int]], radius: float) -> Tensor:
    """Which pixels of a grid (height, width) lie beyond a radius around each place, (n, height, width)."""
    rows, columns = torch.tensor(places, dtype=torch.float32).T[..., None, None]
    return torch.hypot(torch.arange(shape[-2])[:, None] - rows, torch.arange(shape[-1]) - columns) > radius


def reach_of(filters: Tensor, places: Sequence[tuple[int, int]], radius: float) -> Tensor:
    """Share of energy of filters (n, channels, height, width) beyond a radius around their places, (n,)."""
    energy = filters.square().sum(1)
    return (energy * beyond(energy.shape, places, radius)).sum((1, 2)) / energy.sum((1, 2))


def shared_source(rows: Tensor, places: Sequence[tuple[int, int]], radius: float) -> Tensor:
    """Correlation of the energies of each pair of rows, over the pixels far from both places, (pairs,).

    A network that copies from one fixed place has it in every row: the correlations are near 1.
    """
    energy = rows.square().sum(1)
    far = beyond(energy.shape, places, radius)
    pairs = [([i, j], far[i] & far[j]) for i, j in combinations(range(len(places)), 2)]
    return torch.stack([torch.corrcoef(energy[pair][:, both])[0, 1] for pair, both in pairs if both.any()])


def coherence(filters: Tensor) -> Tensor:
    """|sum e| / sum |e| of each channel, averaged with its weight: 1 for a patch of one sign, (n,)."""
    return filters.sum((2, 3)).abs().sum(1) / filters.abs().sum((1, 2, 3))


def keys_weights(phase: int, factor: int = 3, a: float = -0.75) -> tuple[int, Tensor]:
    """Bicubic interpolation (Keys, 1981) along one axis: the first of four input pixels, and their weights.

    Args:
        phase: index of an output pixel; its centre lies at (phase + 1/2) / factor - 1/2 of the input.
        factor: of the enlargement.
        a: slope of the kernel; torch's is -0.75.
    """
    place = (phase + 0.5) / factor - 0.5
    first = math.floor(place) - 1
    t = (place - first - torch.arange(4, dtype=torch.float64)).abs()
    near = ((a + 2) * t - (a + 3)) * t**2 + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return first, torch.where(t <= 1, near, far)


def adaptivity(interpreter: LinearInterpreter, places: Sequence[tuple[int, int]], radius: int) -> float:
    """How much columns differ from place to place: |column - mean| / |mean| of the aligned columns.

    0 for a shift-invariant system.
    """
    width = interpreter.x0.shape[-1]
    scale = interpreter.output.shape[-1] // width
    columns = interpreter.column([y * width + x for y, x in places])

    def around(place: int) -> slice:
        return slice(scale * (place - radius), scale * (place + radius + 1))

    pairs = zip(columns, places, strict=True)
    aligned = torch.stack([column[:, around(y), around(x)] for column, (y, x) in pairs])
    mean = aligned.mean(0)
    return ((aligned - mean).flatten(1).norm(dim=1).mean() / mean.norm()).item()


def band_shares(pyramid: SteerablePyramid, rows: Tensor, images: Tensor) -> tuple[Tensor, Tensor, list[str]]:
    """Rows of F and the images they belong to, seen through the pyramid.

    The pyramid is a tight frame, <row, x> = sum of Re <row's band, x's band>: so F x splits into bands.

    Returns:
        energy: shares of each row's energy, (n, parts).
        contributions: parts of each F x, (n, parts), which sum to it.
        names: high-pass, then "scale s, angle" of the bands, finest first, then low-pass.
    """

    def parts(images: Tensor) -> list[Tensor]:
        coefficients = pyramid.analyze(images)
        high, low = coefficients.residuals
        bands = [band for scale in coefficients.bands for band in scale.unbind(2)]
        return [part.flatten(1) for part in (high, *bands, low)]

    of_rows, of_images = parts(rows), parts(images)
    energy = torch.stack([a.abs().square().sum(1) for a in of_rows], 1)
    products = [(a * b.conj()).real.sum(1) for a, b in zip(of_rows, of_images, strict=True)]
    angles = [f"{180 * b / pyramid.orientations:g}°" for b in range(pyramid.orientations)]
    names = [f"scale {s}, {angle}" for s in range(pyramid.scales) for angle in angles]
    shares = energy / energy.sum(1, keepdim=True)
    return shares, torch.stack(products, 1), ["high-pass", *names, "low-pass"]
