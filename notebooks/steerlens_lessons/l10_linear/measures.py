"""Lesson 10: what is measured on linear interpreters.

subject               SqueezeNet and photographs; where its weights are not, LeNet and digits
shares                how much of each top score comes from the input and from each layer
pretrained_models     classifiers of ImageNet, where their weights are
attacked              images after one step of an attack
cosine, rows_of       how alike images are; the rows of F of all classes, or of the likeliest
frequency_of          mean frequency of images
spread_of, reach_of   how many pixels a filter covers, and how far its energy lies from a pixel
shared_source         how alike the far parts of several rows are
"""

import contextlib
import io
import logging
from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor, nn

from steerlens import data as datasets
from steerlens import imagenet, models
from steerlens.data.images import ImageData
from steerlens.evaluation import first_correct
from steerlens.linear import LinearInterpreter


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


def pretrained_models(names: Sequence[str]) -> dict[str, nn.Module | None]:
    """Classifiers of ImageNet by name, None where there are no weights; no line names folders meanwhile."""
    logging.disable()
    sink = io.StringIO()
    try:
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            return {name: imagenet.pretrained(name) for name in names}
    finally:
        logging.disable(logging.NOTSET)


def attacked(model: nn.Module, images: Tensor, labels: Tensor, size: float = 4 / 255) -> Tensor:
    """The fast gradient sign method: images, like those, one step up in the loss of their labels."""
    x = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(model(x), labels), x)
    return (images + size * gradient.sign()).clamp(0, 1)


def cosine(images: Tensor, others: Tensor) -> Tensor:
    """Correlation of images (..., channels, height, width) with others, over pixels and channels: (...)."""
    a, b = (each.flatten(-3) - each.flatten(-3).mean(-1, keepdim=True) for each in (images, others))
    return (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1)).clamp(min=torch.finfo(a.dtype).tiny)


def rows_of(model: nn.Module, images: Tensor, labels: Tensor, count: int) -> Tensor:
    """Rows of F for each image: of its label, then of the highest scores, (n, count, ...).

    Args:
        model: images to scores (n, classes).
        images, labels: (n, channels, height, width), (n,).
    """
    rows = []
    for image, label in zip(images.split(1), labels, strict=True):
        view = LinearInterpreter(model, image, keep_graph=False)
        order = view.output[0].argsort(descending=True)
        rows.append(view.row(torch.cat([label.view(1), order[order != label]])[:count]))
    return torch.stack(rows)


def frequency_of(images: Tensor) -> Tensor:
    """Mean frequency of the energy of images (n, channels, height, width), in cycles a pixel, (n,)."""
    energy = torch.fft.fft2(images).abs().square().sum(1)
    axes = [torch.fft.fftfreq(side, dtype=images.dtype) for side in images.shape[-2:]]
    return (energy * torch.hypot(axes[0][:, None], axes[1])).sum((1, 2)) / energy.sum((1, 2))


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
