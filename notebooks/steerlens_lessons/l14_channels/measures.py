"""Lesson 14: what is measured on drawn units and classes, and the pictures beside them.

Subject, subject     a network, its images, two layers, and what draws in them
patches              what the strongest places of the data see
examples             pictures of channels, each beside the patches that excite it most
specificity          which channel of a group each picture excites most
place_of_own         where the photograph of a class stands among those nearest to its picture
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import interpolate

from steerlens import imagenet, models
from steerlens.data import digits, photos
from steerlens.maco.spectra import Spectrum, magnitude_spectrum
from steerlens.maco.visualization import Visualization, maco

from ..common.activations import activations, pooled
from ..l09_maco.measures import HOW_DIGITS
from . import units
from .classes import nearest


@dataclass(frozen=True)
class Subject:
    """What the lesson looks into."""

    model: nn.Module  # images to logits
    images: Tensor  # that excite its units
    layers: tuple[str, str]  # an early and a late one
    channel: int  # of the late layer, looked at first
    spectrum: Spectrum  # of what is drawn
    how: dict[str, Any]  # settings of `steerlens.maco.maco`
    real: bool  # SqueezeNet with its photographs, of which the text speaks

    def front(self, layer: str) -> nn.Module:
        """The network as far as a layer, or all of it."""
        return units.until(self.model, layer) if self.real else self.model

    def drawn(self, layer: str, kind: str, channels: Sequence[int]) -> Visualization:
        """Channels or neurons, by MACO, here and now."""
        goal = units.KINDS[kind](self.front(layer), layer, list(channels))
        return maco(goal, self.spectrum, **self.how)


def subject() -> Subject:
    """SqueezeNet and the photographs; where they are not there, LeNet and the digits."""
    model, data = imagenet.pretrained(units.NETWORK), photos(units.PHOTOGRAPHS)
    if model is not None and len(data) == 100:
        how = units.SETTINGS | {"progress": False}
        spectrum = magnitude_spectrum(photos(units.CANVAS).images)
        return Subject(model, data.images, units.LAYERS, 42, spectrum, how, True)
    small = digits()[:400]
    lenet, spectrum = models.load("lenet", small), magnitude_spectrum(small.images)
    return Subject(lenet, small.images, ("0", "3"), 3, spectrum, HOW_DIGITS, False)


def patches(this: Subject, layer: str, best: units.Exciting, channel: int) -> list[Tensor]:
    """What the strongest places of the data see, (channels, h, w) each; the whole image of small ones."""
    pairs = zip(best.photographs[channel], best.rows[channel], best.columns[channel], strict=True)
    found, size = [], this.spectrum.shape
    for photograph, row, column in pairs:
        part = this.images[photograph]
        if layer in units.SEEN:
            top, left, side = units.frame(layer, int(row), int(column))
            low, high = (max(0, edge) for edge in (top, left))
            part = part[:, low : top + side, high : left + side]
        found.append(interpolate(part[None], size, mode="bilinear")[0])
    return found


def examples(this: Subject, layer: str, channels: Sequence[int], pictures: Tensor) -> dict[str, list[Tensor]]:
    """By channel, its picture (n, channels, h, w), and the four patches that excite it most."""
    best = units.exciting(activations(this.front(layer), layer, this.images), 4)
    shown = interpolate(pictures, this.spectrum.shape, mode="bilinear")
    return {
        f"channel {c}": [picture, *patches(this, layer, best, c)]
        for c, picture in zip(channels, shown, strict=True)
    }


def specificity(this: Subject, layer: str, channels: Sequence[int], pictures: Tensor) -> Tensor:
    """Which of the channels each picture (n, channels, h, w) excites most: an index (n,) into ``channels``.

    A channel's mean over places is compared in standard deviations from what it is on the data.
    """
    front, chosen = this.front(layer), list(channels)
    known = activations(front, layer, this.images).mean((2, 3))[:, chosen]
    found = activations(front, layer, pictures).mean((2, 3))[:, chosen]
    return ((found - known.mean(0)) / known.std(0)).argmax(1)


def place_of_own(model: nn.Module, pictures: Tensor, photographs: Tensor, own: Tensor, layer: str) -> Tensor:
    """Where, 1 first, each picture's own photograph stands among those nearest to it (n,).

    Args:
        model, layer: what compares; see `classes.nearest`.
        pictures: (n, 3, height, width).
        photographs: (m, 3, height, width).
        own: which photograph is that of a picture's class (n,).
    """
    order, _ = nearest(pooled(model, layer, pictures), pooled(model, layer, photographs))
    return (order == own[:, None]).float().argmax(1) + 1
