"""Lesson 09: what it looks into, and what is measured on visualisations.

Case, case          a classifier, images of its kind, and settings that suit them
standing            logit, rank and probability of a class in whole images
radial_spectrum     mean magnitude of the luminance at each number of cycles an image
spectral_distance   how far a radial spectrum is from that of photographs, in decibels
leave_one_out       the same of each photograph, from all others: the yardstick
concepts            directions of a layer that add up to its activations: non-negative factorisation
"""

from dataclasses import dataclass
from typing import Any

import torch
from sklearn.decomposition import NMF
from torch import Tensor, nn
from torch.nn.functional import interpolate

from steerlens import imagenet, models
from steerlens._internal.checks import check_images, check_targets
from steerlens._internal.modes import evaluation_mode
from steerlens.data import ImageData, digits, photos
from steerlens.maco.objectives import activations
from steerlens.morphs.gradients import model_logits
from steerlens.transforms.pyramid import SteerablePyramid

WHITE_SHARK, LLAMA = 2, 355  # the paper's Figures 1 and 2
DOGS = range(151, 269)  # ImageNet's breeds


@dataclass(frozen=True)
class Case:
    """What the lesson looks into."""

    model: nn.Module  # maps images to logits
    data: ImageData  # images of the size of the canvas; all of them make the spectrum
    asked: tuple[int, int]  # the class that is visualised first, and one more
    how: dict[str, Any]  # settings of `steerlens.maco.maco` that suit the canvas
    depths: tuple[str, ...]  # layers from shallow to deep
    concept_layer: str  # whose patches are factorised
    concept_images: Tensor  # of one kind (breeds of dogs, or digits)

    @property
    def real(self) -> bool:
        """Whether this is the classifier of ImageNet with its photographs, of which the text speaks."""
        return len(self.data.classes) == 1000 and len(self.data) == 100

    @property
    def pyramid(self) -> SteerablePyramid:
        """As many scales as the canvas allows, less one."""
        shape = tuple(self.data.images.shape[-2:])
        return SteerablePyramid(shape, SteerablePyramid.max_scales(shape) - 1, 4)


def case() -> Case:
    """SqueezeNet and the photographs; where there are no weights, LeNet and the digits."""
    model = imagenet.pretrained()
    if model is None:
        return digits_case()
    how = {"steps": 64, "crops": 4, "size": 96, "rate": 0.2, "progress": False}
    depths = tuple(f"1.features.{i}" for i in (2, 5, 9, 12))
    large = photos(224)
    dogs = torch.tensor([int(label) in DOGS for label in large.labels])
    shown = large.images[dogs] if dogs.any() else large.images
    return Case(model, photos(128), (WHITE_SHARK, LLAMA), how, depths, "1.features.12", shown)


def digits_case() -> Case:
    """The same questions, asked of LeNet."""
    data = digits()[:400]
    depths = ("0", "2", "3", "5")
    return Case(models.load("lenet", data), data, (3, 8), digits_how(), depths, "4", data.images[:12])


def digits_how() -> dict[str, Any]:
    """Settings for small grey images, of which a crop must show nearly everything."""
    return {"steps": 64, "crops": 4, "size": 28, "rate": 0.2, "sides": (1.0, 0.8), "progress": False}


@dataclass(frozen=True)
class Standing:
    """What a classifier says of whole images: logit, rank (1 is first) and probability of a class, (n,)."""

    logits: Tensor
    ranks: Tensor
    probabilities: Tensor


@torch.no_grad()
def standing(model: nn.Module, images: Tensor, classes: Tensor) -> Standing:
    """How the class of each image (n,) stands among all classes."""
    with evaluation_mode(model):
        logits = model_logits(model, images)
    classes = check_targets(classes, len(images), logits.shape[1], "classes")[:, None]
    own = logits.gather(1, classes)
    return Standing(own[:, 0], (logits > own).sum(1) + 1, logits.softmax(1).gather(1, classes)[:, 0])


def radial_spectrum(images: Tensor) -> Tensor:
    """Mean |F| of the mean channel, less its mean, at 1, 2, ... cycles an image: (n, min(h, w) // 2).

    Images are windowed by a raised cosine, so that the jump from one border to the opposite one, which no
    photograph is to blame for, is not counted.
    """
    height, width = check_images(images).shape[-2:]
    grey = images.double().mean(1)
    rows, columns = (torch.hann_window(n, periodic=True, dtype=grey.dtype) for n in (height, width))
    window = rows[:, None] * columns
    centred = grey - (grey * window).sum((1, 2), keepdim=True) / window.sum()
    magnitude = torch.fft.fft2(centred * window, norm="ortho").abs()
    cycles = [torch.fft.fftfreq(n, 1 / n, dtype=grey.dtype) for n in (height, width)]
    ring = torch.hypot(cycles[0][:, None], cycles[1]).round().long().flatten()
    last = min(height, width) // 2
    sums = torch.zeros(len(images), ring.max() + 1, dtype=grey.dtype).index_add_(
        1, ring, magnitude.flatten(1)
    )
    return (sums / ring.bincount())[:, 1 : last + 1]


def spectral_distance(images: Tensor, photographs: Tensor) -> Tensor:
    """Root mean square over octaves of 20 log10 of the ratio of radial spectra, (n,), in decibels.

    Args:
        images: (n, channels, height, width).
        photographs: others of the same size; the mean of their radial spectra is the reference.
    """
    return _decibels(radial_spectrum(images), radial_spectrum(photographs).mean(0))


def leave_one_out(photographs: Tensor) -> Tensor:
    """`spectral_distance` of each photograph (n,) to all others."""
    found = radial_spectrum(photographs)
    return _decibels(found, (found.sum(0) - found) / (len(found) - 1))


def _decibels(found: Tensor, reference: Tensor) -> Tensor:
    """Each octave counts alike: frequencies have the weight 1/f."""
    weights = 1 / torch.arange(1, found.shape[1] + 1, dtype=found.dtype)
    ratio = 20 * torch.log10(found.clamp(min=1e-12) / reference)
    return ((ratio.square() * weights).sum(1) / weights.sum()).sqrt()


@torch.no_grad()
def concepts(model: nn.Module, layer: str, images: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Concepts as in the paper's Figure 2: a layer's places, each a sum of few non-negative directions.

    Args:
        model: used in eval mode.
        layer: with non-negative activations (batch, channels, h, w), behind a ReLU for instance.
        images: (batch, channels, height, width) in [0, 1].
        count: number of concepts.

    Returns:
        directions (count, channels), of length 1, the one that explains most energy first, and heat maps
        (count, batch, height, width): how much of each concept stands where, enlarged to the images' size.
    """
    found = activations(model, images, layer)
    places = found.movedim(1, -1).flatten(0, -2).double()
    factors = NMF(count, init="nndsvda", max_iter=2000, tol=1e-3)
    weights = torch.from_numpy(factors.fit_transform(places.cpu().numpy()))
    vectors = torch.from_numpy(factors.components_)
    lengths = vectors.norm(dim=1).clamp(min=1e-12)
    order = (weights.square().sum(0).sqrt() * lengths).argsort(descending=True)
    maps = (weights * lengths).T[order].unflatten(1, (len(images), *found.shape[-2:]))
    enlarged = interpolate(maps, images.shape[-2:], mode="bilinear")
    return (vectors / lengths[:, None])[order].to(found), enlarged.to(found)
