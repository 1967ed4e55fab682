"""Lesson 09: what it looks into, and what is measured on visualisations.

Case, case          a classifier, images of its kind, and settings that suit them
standing            logit, rank and probability of a class in whole images
radial_spectrum     mean magnitude of the luminance at each number of cycles an image
spectral_distance   how far a radial spectrum is from that of photographs, in decibels
leave_one_out       the same of each photograph, from all others: the yardstick
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from steerlens import imagenet, models
from steerlens._internal.checks import check_images, check_targets
from steerlens._internal.modes import evaluation_mode
from steerlens.data import ImageData, digits, photos
from steerlens.morphs.scores import model_logits

WHITE_SHARK, LLAMA = 2, 355  # the paper's Figures 1 and 2
HOW = {"steps": 64, "crops": 4, "size": 96, "rate": 0.2, "progress": False}
HOW_DIGITS = HOW | {"size": 28, "sides": (1.0, 0.8)}  # of small images a crop must show nearly everything


@dataclass(frozen=True)
class Case:
    """What the lesson looks into."""

    model: nn.Module  # maps images to logits
    data: ImageData  # images of the size of the canvas; all of them make the spectrum
    asked: tuple[int, int]  # the class that is visualised first, and one more
    how: dict[str, Any]  # settings of `steerlens.maco.maco` that suit the canvas
    depths: tuple[str, ...]  # layers from shallow to deep

    @property
    def real(self) -> bool:
        """Whether this is the classifier of ImageNet with its photographs, of which the text speaks."""
        return len(self.data.classes) == 1000 and len(self.data) == 100


def case() -> Case:
    """SqueezeNet and the photographs; where there are no weights, the same questions asked of LeNet."""
    model = imagenet.pretrained()
    if model is None:
        data = digits()[:400]
        lenet = models.load("lenet", data)
        return Case(lenet, data, (3, 8), HOW_DIGITS, ("0", "2", "3", "5"))
    depths = tuple(f"1.features.{i}" for i in (2, 5, 9, 12))
    return Case(model, photos(128), (WHITE_SHARK, LLAMA), HOW, depths)


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
    sums = grey.new_zeros(len(images), ring.max() + 1).index_add_(1, ring, magnitude.flatten(1))
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
