"""Lesson 05: what is measured on morphs in colour.

hue_deviation       how far hues stray, pixel by pixel, weighted by chroma
channel_shares      how the energy of a change is spread over three channels
luminance_change, chroma_change   L2 of a change in Y, and in I and Q
outside_stroke      share of a change that lies off the stroke and its surroundings
fine_share          share of a change in the finest band and the high-pass residual
saturation          of the stroke
arrivals            the first frame that convinces the model, else the best one
compared            a row a method: how many arrive, and what was measured there
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from steerlens import Morph
from steerlens.morphs.steps import l2_distance
from steerlens.transforms.color import check_rgb, chroma_plane, hue_difference, rgb_to_yiq

from ..common import summaries
from ..l04_mnist.measures import PYRAMID

STROKE = 0.1  # a pixel belongs to the stroke if its brightest channel is above this


def hue_deviation(images: Tensor, sources: Tensor) -> Tensor:
    """Mean angle in degrees (batch,) between each pixel's hue and that of the source, weighted by chroma.

    The hue of the summed light can hide changes that cancel each other; this measure cannot. 0 to 180.
    """
    a, b = chroma_plane(check_rgb(sources)).sum((-2, -1)), chroma_plane(check_rgb(images))
    gap = b.angle() - a.angle()[:, None, None]
    gap = torch.rad2deg((gap + torch.pi) % (2 * torch.pi) - torch.pi).abs()
    weight = b.abs()
    return (gap * weight).sum((1, 2)) / weight.sum((1, 2)).clamp(min=torch.finfo(weight.dtype).tiny)


def channel_shares(change: Tensor) -> Tensor:
    """Shares (batch, channels) of the energy of (batch, channels, height, width) by channel."""
    energy = change.square().sum((-2, -1))
    return energy / energy.sum(1, keepdim=True)


def active_share(change: Tensor, sources: Tensor) -> Tensor:
    """Percentage (batch,) of a change's energy that lies in channels that are not empty in the source."""
    return 100 * (channel_shares(change) * (sources.amax((2, 3)) > 0)).sum(1)


def luminance_change(images: Tensor, sources: Tensor) -> Tensor:
    """L2 (batch,) of the change in Y."""
    return l2_distance(rgb_to_yiq(images)[:, :1], rgb_to_yiq(sources)[:, :1])


def chroma_change(images: Tensor, sources: Tensor) -> Tensor:
    """L2 (batch,) of the change in I and Q together."""
    return l2_distance(rgb_to_yiq(images)[:, 1:], rgb_to_yiq(sources)[:, 1:])


def hue_to(aims: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """A measure for `compared`: degrees (batch,) between the hue of images and that of ``aims``."""
    return lambda images, sources: hue_difference(images, aims.expand_as(images))


def stroke(sources: Tensor, margin: int = 0) -> Tensor:
    """Mask (batch, 1, height, width), 1 on the stroke and up to ``margin`` pixels around it."""
    mask = (sources.amax(1, keepdim=True) > STROKE).to(sources.dtype)
    return torch.nn.functional.max_pool2d(mask, 2 * margin + 1, stride=1, padding=margin)


def outside_stroke(images: Tensor, sources: Tensor, margin: int = 2) -> Tensor:
    """Percentage (batch,) of the change's energy that lies more than ``margin`` pixels off the stroke."""
    energy = (images - sources).square()
    return 100 * (energy * (1 - stroke(sources, margin))).sum((1, 2, 3)) / energy.sum((1, 2, 3))


def fine_share(images: Tensor, sources: Tensor) -> Tensor:
    """Percentage (batch,) of the change's energy in the finest band and the high-pass residual."""
    c = PYRAMID.analyze(images - sources)
    fine = c.bands[0].abs().square().flatten(1).sum(1) + c.residuals[0].square().flatten(1).sum(1)
    return 100 * fine / c.energy()


def saturation(images: Tensor, sources: Tensor) -> Tensor:
    """Saturation (batch,) of the light on the source's stroke, in per cent: 0 for grey.

    Sum of largest minus smallest channel, over the sum of the largest: 100 for pure and composite hues.
    """
    on = stroke(sources)[:, 0]
    high, low = check_rgb(images).amax(1), images.amin(1)
    return 100 * ((high - low) * on).sum((1, 2)) / (high * on).sum((1, 2))


def arrivals(morph: Morph, probability: float = 0.99) -> tuple[Tensor, Tensor]:
    """The first frames whose target has at least this probability; the best ones where there is none.

    Returns:
        images (batch, channels, height, width), and whether each arrived (batch,).
    """
    arrived, first = summaries.arrivals(morph, probability)
    best = 1 + morph.target_probabilities[:, 1:].argmax(1)  # an edited one, not the source
    return morph.frames[range(len(morph)), torch.where(arrived, first, best)], arrived


def compared(
    morphs: Mapping[Any, Morph],
    columns: Mapping[str, Callable[[Tensor, Tensor], Tensor]],
    levels: Sequence[float] = (0.99,),
    digits: int = 1,
) -> summaries.Table:
    """A row a method: how many morphs reach each level, and measures (images, sources) on `arrivals`."""
    rows = {}
    for name, morph in morphs.items():
        images, best = arrivals(morph)[0], morph.target_probabilities.max(1).values
        rows[name] = {
            f"p ≥ {level:g}".replace("0.", "."): summaries.counted(best >= level) for level in levels
        }
        for column, measure in columns.items():
            rows[name][column] = summaries.quartiles(measure(images, morph.frames[:, 0]), digits)
    return summaries.table(rows)
