"""Editors that hold the distance and go on: a smoothed gradient, followed on the sphere around the source.

The editors of `matched.py` stop where they first meet the distance. These are pulled back to it and keep
climbing. They follow what many slightly moved and noisy copies of the image have in common, split each step
between a smooth warp of the image and a step in phase and amplitude, and can prefer black and white to grey,
blur the gradient, and in the end give up a part of what a smooth warp of the source does not explain.

Smoothed         a classifier seen through random motion and noise (Smilkov et al., 2017; Dong et al., 2019)
Held             an editor that is driven by it
held_editors     those of lesson 08: pixels, pyramid and warps
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from steerlens._internal.checks import check_integer, check_number
from steerlens._internal.modes import evaluation_mode
from steerlens.evaluation.matched import GRID, Edit, Editor
from steerlens.evaluation.space import blurred
from steerlens.evaluation.warp import WarpProblem, fit_warp
from steerlens.morphs.gradients import analyzed_with_gradient, image_gradient
from steerlens.morphs.steps import ascent_increments, l2_distance
from steerlens.morphs.strides import Stride, of_length
from steerlens.transforms.base import Pixels, Transform
from steerlens.transforms.pyramid import SteerablePyramid

from .straight import straight_edit

COPIES = 8
NOISE = 0.15  # standard deviation
MOTION = (5.0, 0.05, 0.05, 2.0)  # at most: degrees, change of size, shear, pixels of translation
CONTRAST = 0.3  # pull of grey pixels to black or white, beside a gradient of length 1
WARP = 0.3  # share of each step that is a smooth warp
BLUR, WIDER = 1.0, 2.0  # pixels, of the gradient; and then `MOTION` is so many times as large
PULL = 0.75  # share that stays of what the fitted warp leaves
STEPS, LENGTH = 60, 0.3  # steps, and the L2 distance that the first ones cover
COOLING = ((0.6, 1.0), (0.8, 0.5), (1.0, 0.2))  # until which share of the steps, which share of the length


class Smoothed(nn.Module):
    """Mean log-probabilities of a classifier over copies of each image, moved and made noisy at random.

    Args:
        model: maps images (batch, channels, height, width) to logits (batch, classes).
        copies: of each image, drawn anew at each call, the same draws for every image of a batch: what an
            image becomes does not depend on its neighbours.
        noise: standard deviation of the noise.
        motion: how many times `MOTION` the copies move at most.
        seed: of all draws; a new `Smoothed` starts anew.
    """

    def __init__(
        self, model: nn.Module, copies: int = COPIES, noise: float = NOISE, motion: float = 1.0, seed: int = 0
    ):
        super().__init__()
        self.model, self.copies = model, check_integer("copies", copies, 1)
        self.noise, self.motion = check_number("noise", noise), check_number("motion", motion)
        self.generator = torch.Generator().manual_seed(seed)

    def forward(self, images: Tensor) -> Tensor:
        """Log-probabilities (batch, classes), the mean over the copies."""
        copies = images.repeat_interleave(self.copies, 0)
        copies = randomly_moved(copies, self.copies, self.generator, self.motion)
        shape = self.copies, *images.shape[1:]
        noise = torch.randn(shape, generator=self.generator, dtype=images.dtype).to(images.device)
        logits = self.model(copies + self.noise * noise.repeat(len(images), 1, 1, 1))
        return logits.log_softmax(1).unflatten(0, (-1, self.copies)).mean(1)


def randomly_moved(images: Tensor, count: int, generator: torch.Generator, motion: float = 1.0) -> Tensor:
    """Images rotated, scaled, sheared, translated by up to ``motion`` `MOTION`; ``count`` draws, in turn."""
    uniform = torch.rand(5, count, generator=generator, dtype=images.dtype).to(images.device)
    draws = (2 * uniform - 1).repeat(1, len(images) // count)
    degrees, size, shear, pixels = (motion * most for most in MOTION)
    angle, scale, slant = draws[0] * math.radians(degrees), 1 + size * draws[1], shear * draws[2]
    down, right = (2 * pixels / n * draw for n, draw in zip(images.shape[-2:], draws[3:], strict=True))
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = [torch.stack([cos, slant - sin, right], 1), torch.stack([sin, cos, down], 1)]
    grid = nn.functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


@dataclass(frozen=True)
class Held:
    """An editor: each step warps the image by a share of its length and moves its coefficients by the rest.

    Attributes:
        transform: whose coefficients move, by phase and amplitude (pixels, where there are no bands).
        warp: share of each step that is a smooth warp.
        noise, motion: of the `Smoothed` driver.
        contrast: pull of grey pixels to black or white.
        blur: of the gradient, in pixels.
        pull: share that stays, in the end, of what a smooth warp of the source does not explain.
    """

    transform: Transform
    warp: float = 0.0
    noise: float = NOISE
    motion: float = 1.0
    contrast: float = 0.0
    blur: float = 0.0
    pull: float = 1.0

    @torch.no_grad()
    def __call__(self, model: nn.Module, images: Tensor, targets: Tensor, distance: float) -> Edit:
        """As the editors of `steerlens.evaluation.editors`."""
        smoothed, current = Smoothed(model, noise=self.noise, motion=self.motion), images
        with evaluation_mode(smoothed):
            for n in range(STEPS):
                length = LENGTH * next(share for until, share in COOLING if n < until * STEPS)
                gradient, _ = image_gradient(smoothed, current, targets)
                grey = (current - 0.5) * ((current > 0) & (current < 1))
                uphill = _unit(blurred(gradient, self.blur)) + self.contrast * _unit(grey)
                if self.warp > 0:
                    current = _warped(current, uphill, self.warp * length)
                if self.warp < 1:
                    current = _moved(current, uphill, (1 - self.warp) * length, self.transform)
                current = _within(images, current, distance)
        if self.pull < 1:
            fitted = fit_warp(images, current, progress=False).images
            current = fitted + self.pull * (current - fitted)
        return straight_edit(images, current, distance)


def held_editors(
    shape: tuple[int, int], padding: int = 0, noise: float = NOISE, contrast: float = CONTRAST
) -> dict[str, Editor]:
    """The editors, as `steerlens.evaluation.editors`; those with contrast are for ink, not for skin."""
    pixel = Held(Pixels(shape), noise=noise)
    joint = Held(SteerablePyramid(shape, 3, 4, padding=padding), noise=noise)
    soft = replace(pixel, contrast=contrast, blur=BLUR, motion=WIDER)
    return {
        "pixel, held": pixel,
        "CSP joint, held": joint,
        "CSP joint + warp, held": replace(joint, warp=WARP),
        "pixel + contrast, held": replace(pixel, contrast=contrast),
        "CSP joint + warp + contrast, held": replace(joint, warp=WARP, contrast=contrast),
        "pixel + contrast + blur, held": soft,
        "pixel + contrast + blur + pull, held": replace(soft, pull=PULL),
    }


def _unit(images: Tensor) -> Tensor:
    """Each image over its L2 norm; a black one as it is."""
    return nn.functional.normalize(images.flatten(1)).view_as(images)


def _warped(current: Tensor, gradient: Tensor, length: float) -> Tensor:
    """The image after a smooth warp along its gradient."""
    problem = WarpProblem.of(current, current, GRID, 2)
    fields = current.new_zeros(len(current), 2 * GRID**2)
    return problem.warped(problem.uphill(fields, gradient, current, length)).clamp(0, 1)


def _moved(current: Tensor, gradient: Tensor, length: float, transform: Transform) -> Tensor:
    """The image after a joint step of phase and amplitude (of pixels, where there are no bands)."""
    at, uphill = analyzed_with_gradient(current, gradient, transform)
    if uphill.bands:
        uphill = uphill.map(lambda band: band, torch.zeros_like)
    stride = Stride(transform, at, ascent_increments(at, uphill, "joint", LENGTH, 1.0))
    return stride(of_length(stride, current, length))


def _within(sources: Tensor, images: Tensor, distance: float) -> Tensor:
    """Images farther away pulled straight back to the distance."""
    factor = (distance / l2_distance(images, sources).clamp(min=distance))[:, None, None, None]
    return sources + factor * (images - sources)
