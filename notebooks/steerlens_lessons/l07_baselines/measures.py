"""Lesson 07: the paper's Figures 8 and 9, and what is measured on an edit: local, fine, a motion?

figure_8, figure_9      Arcade and MNIST in the Fourier domain
references              edits of known kind: noise, a translation, a blend
participation, away     over how much of the image an edit is spread; how much lies off the strokes
spectrum, brightening   how fine it is; how much of it is a change of the mean
translation             how much of it moving the whole image explains
measured                all that is measured on an edit
"""

import math

import torch
from torch import Tensor, nn

from steerlens import Fourier, Morph, extrapolate, steer
from steerlens.data import ImageData

from ..l03_arcade.measures import figure_2_cases
from ..l04_mnist.measures import PYRAMID, figure_3_cases
from ..l05_color.measures import stroke

FOURIER = Fourier((28, 28))
PARTS = ("high-pass", "scale 0", "scale 1", "scale 2", "low-pass")  # of the pyramid, fine to coarse
REACH = 2  # pixels from the nearest stroke, along either axis, beyond which an edit is away from it


def figure_8(model: nn.Module, data: ImageData) -> dict[str, Morph]:
    """The four rows of Figure 8: those of Figure 2, in the Fourier domain.

    Returns:
        "frozen" (Eq. 9-11 with alpha 0.5, k = 1 to 60) and "live" (phase, 40 steps of at most 0.05 rad); the
        self-conjugate residual, the mean among it, stays fixed in both.
    """
    case = (model, *figure_2_cases(model, data), Fourier((64, 64)))
    frozen = extrapolate(*case, alpha=0.5, steps=60, progress=False)
    return {"frozen": frozen, "live": steer(*case, cap=0.05, steps=40, progress=False)}


def figure_9(model: nn.Module, digits: ImageData) -> dict[str, Morph]:
    """The six rows of Figure 9: those of Figure 3, in the Fourier domain.

    Returns:
        "frozen" (Eq. 9-11 with alpha 0.1, k = 1 to 24), "live, phase" (60 steps) and "live, joint" (24
        steps), both of at most 0.1; the self-conjugate residual stays fixed.
    """
    case = (model, *figure_3_cases(model, digits), FOURIER)
    return {
        "frozen": extrapolate(*case, alpha=0.1, steps=24, progress=False),
        "live, phase": steer(*case, cap=0.1, steps=60, progress=False),
        "live, joint": steer(*case, direction="joint", cap=0.1, steps=24, progress=False),
    }


def references(sources: Tensor, others: Tensor, distance: float, seed: int = 0) -> dict[str, Tensor]:
    """Edits of known kind at an L2 distance: noise, a translation, a step on the way to other images.

    Args:
        sources: (n, 1, height, width).
        others: images of the same shape that are to be blended in.
        distance: of each edited image to its source. Nothing is clipped.
        seed: of noise and directions.
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(sources.shape, generator=generator)
    angle = 2 * math.pi * torch.rand(len(sources), generator=generator)
    way = torch.stack([angle.sin(), angle.cos()], 1)
    low, high = torch.zeros(len(sources)), torch.full((len(sources),), 8.0)
    for _ in range(40):  # how far to move, by bisection
        middle = (low + high) / 2
        moved = translated(sources, way * middle[:, None])
        near = (moved - sources).flatten(1).norm(dim=1) < distance
        low, high = torch.where(near, middle, low), torch.where(near, high, middle)
    return {
        "noise": at_length(sources, sources + noise, distance),
        "translation": moved,
        "blend": at_length(sources, others, distance),
    }


def at_length(sources: Tensor, images: Tensor, distance: float) -> Tensor:
    """The points at an L2 distance from the sources on the straight lines through other images."""
    edit = images - sources
    return sources + edit * (distance / edit.flatten(1).norm(dim=1))[:, None, None, None]


def participation(edits: Tensor) -> Tensor:
    """(sum e^2)^2 / sum e^4, as share of the pixels: over how much of the image the energy is spread, (n,).

    One pixel of N: 1/N. A sinusoid: 2/3. Gaussian noise: 1/3. The same everywhere: 1. Nothing: 0.
    """
    energy = edits.flatten(1).square()
    fourth = energy.square().sum(1)
    spread = energy.sum(1).square() / torch.where(fourth > 0, fourth, 1)
    return spread / energy.shape[1]


def spectrum(edits: Tensor) -> Tensor:
    """Share of an edit's energy in each of `PARTS` of the pyramid, (n, 5)."""
    c = PYRAMID.analyze(edits)
    parts = [c.residuals[0], *c.bands, c.residuals[1]]
    energy = torch.stack([part.abs().square().flatten(1).sum(1) for part in parts], 1)
    return energy / energy.sum(1, keepdim=True).clamp(min=1e-30)


def away(sources: Tensor, edits: Tensor) -> Tensor:
    """Share of an edit's energy more than `REACH` pixels from the strokes of the source, (n,)."""
    energy, off = edits.square().flatten(1), 1 - stroke(sources, REACH).flatten(1)
    return (off * energy).sum(1) / energy.sum(1).clamp(min=1e-30)


def brightening(edits: Tensor) -> Tensor:
    """Share of an edit's energy that a change of the mean explains: N mean^2 / sum e^2, (n,)."""
    flat = edits.flatten(1)
    return flat.shape[1] * flat.mean(1).square() / flat.square().sum(1).clamp(min=1e-30)


def translated(images: Tensor, shifts: Tensor, margin: int = 8) -> Tensor:
    """Images moved by shifts (n, 2), down and right in pixels, by the shift theorem on a black margin."""
    height, width = images.shape[-2:]
    spectra, wy, wx = _padded(images, margin)
    angle = shifts[:, :1, None] * wy[:, None] + shifts[:, 1:, None] * wx
    moved = torch.fft.ifft2(spectra * torch.exp(-1j * angle)[:, None]).real
    return moved[..., :height, :width]


def translation(
    sources: Tensor, images: Tensor, reach: float = 3.0, step: float = 0.05
) -> tuple[Tensor, Tensor]:
    """Share of an edit's energy that one translation of the source explains, and that translation.

    1 - min_d |s' - T_d s|^2 / |s' - s|^2 over all d on a square of ``reach`` pixels each way, in steps of
    ``step``; T_d by the shift theorem, so that |T_d s| = |s| and the best d maximizes a cross-correlation.

    Args:
        sources, images: (n, 1, height, width).

    Returns:
        explained (n,), 0 to 1; d (n, 2), down and right, in pixels.
    """
    count = round(reach / step)
    places = step * torch.arange(-count, count + 1, dtype=sources.dtype)
    before, wy, wx = _padded(sources, math.ceil(reach) + 1)
    after, _, _ = _padded(images, math.ceil(reach) + 1)
    product = (after * before.conj())[:, 0]
    down, right = (torch.exp(1j * places[:, None] * w) for w in (wy, wx))
    match = (down @ product @ right.T).real / (len(wy) * len(wx))  # <s', T_d s> at all places
    best, index = match.flatten(1).max(1)
    shift = torch.stack([places[index // len(places)], places[index % len(places)]], 1)
    own = (images * sources).flatten(1).sum(1)
    spent = (images - sources).square().flatten(1).sum(1)
    lengths = images.square().flatten(1).sum(1) + sources.square().flatten(1).sum(1)
    gained = (lengths - 2 * own) - (lengths - 2 * best)
    nothing = spent <= 1e-10 * lengths  # no edit: rounding has nothing to explain
    return torch.where(nothing, 0, gained / spent.clamp(min=1e-30)).clamp(0, 1), shift


def _padded(images: Tensor, margin: int) -> tuple[Tensor, Tensor, Tensor]:
    """Spectra on a black margin, of odd size so that no Nyquist frequency is in the way; frequencies."""
    height, width = (n + margin + (n + margin + 1) % 2 for n in images.shape[-2:])
    wy, wx = (2 * math.pi * torch.fft.fftfreq(n, dtype=images.dtype) for n in (height, width))
    return torch.fft.fft2(images, s=(height, width)), wy, wx


def measured(sources: Tensor, images: Tensor) -> dict[str, Tensor]:
    """What is measured on edited images, each (n,), by name."""
    edits = images - sources
    shares = spectrum(edits)
    return {
        "spread": participation(edits),
        "away": away(sources, edits),
        "finest": shares[:, :2].sum(1),
        "low-pass": shares[:, -1],
        "mean": brightening(edits),
        "moved": translation(sources, images)[0],
    }
