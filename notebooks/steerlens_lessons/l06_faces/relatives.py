"""Lesson 06: the morph's relatives, each in a few lines.

smooth_gradient   mean gradient over noisy copies (SmoothGrad)
path_gradient     mean gradient on the way from a baseline; times the way, it is integrated gradients
grad_cam          a layer's maps, weighted by their mean gradients
counterfactual    descent on pixels that pays for roughness
ranking           how well a map finds a region
at_length         an image at one distance along any path
"""

from collections.abc import Callable

import torch
from scipy.stats import mannwhitneyu
from torch import Tensor, nn
from torch.nn import functional

from steerlens.morphs.steps import bisect_distance, l2_distance

LAPLACE = torch.tensor([[[[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]]]])

Slope = Callable[[Tensor], Tensor]  # from images to the gradient there, both (n, 1, height, width)


def smooth_gradient(slope: Slope, images: Tensor, noise: float = 0.1, n: int = 16) -> Tensor:
    """Mean of the gradient over n copies with Gaussian noise of this standard deviation."""
    generator = torch.Generator().manual_seed(0)
    copies = (images + noise * torch.randn(images.shape, generator=generator) for _ in range(n))
    return torch.stack([slope(copy) for copy in copies]).mean(0)


def path_gradient(slope: Slope, images: Tensor, baseline: Tensor, n: int = 16) -> Tensor:
    """Mean of the gradient at n points (midpoints) of the line from the baseline to the images."""
    points = ((k + 0.5) / n for k in range(n))
    return torch.stack([slope(torch.lerp(baseline, images, t)) for t in points]).mean(0)


def grad_cam(head: nn.Module, tail: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """relu(sum_k a_k A_k) for A = head(images), a_k the mean gradient of the margin of two classes in A_k."""
    maps = head(images).detach().requires_grad_()
    signs = functional.one_hot(targets, 2) - functional.one_hot(1 - targets, 2)
    (gradient,) = torch.autograd.grad((signs * tail(maps)).sum(), maps)
    found = (gradient.mean((2, 3), keepdim=True) * maps.detach()).sum(1, keepdim=True).relu()
    return functional.interpolate(found, images.shape[2:], mode="bilinear")


def counterfactual(slope: Slope, images: Tensor, roughness: float = 10.0, steps: int = 30) -> Tensor:
    """Steps of length 0.1 uphill in score - roughness * sum of squared differences of neighbours."""
    edits = torch.zeros_like(images)
    for _ in range(steps):
        rough = 2 * functional.conv2d(functional.pad(edits, (1, 1, 1, 1), mode="replicate"), LAPLACE)
        uphill = slope(images + edits) - roughness * rough
        length = torch.linalg.vector_norm(uphill, dim=(1, 2, 3), keepdim=True)
        edits = (images + edits + 0.1 * uphill / length).clamp(0, 1) - images
    return images + edits


def ranking(maps: Tensor, region: Tensor) -> Tensor:
    """Chance that a pixel of the region (n, ...) has a larger absolute value than one outside (AUC), (n,)."""
    pairs = zip(maps.abs().flatten(1), region.flatten(1), strict=True)
    found = [
        mannwhitneyu(m[inside], m[~inside]).statistic / (inside.sum() * (~inside).sum())
        for m, inside in pairs
    ]
    return torch.stack(found)


def at_length(render: Callable[[Tensor], Tensor], sources: Tensor, distance: float) -> Tensor:
    """The images render(t), positions t (n,), clipped, that lie at this L2 distance from the sources."""
    low = torch.zeros(len(sources), dtype=torch.float64)
    return bisect_distance(lambda t: render(t.to(sources)).clamp(0, 1), low, low + 8, sources, distance)[1]


def along(directions: Tensor, sources: Tensor, distance: float) -> Tensor:
    """The sources, moved along directions (n, 1, height, width) and clipped, to this L2 distance."""
    units = directions / l2_distance(directions, 0 * directions)[:, None, None, None]
    return at_length(lambda t: sources + t[:, None, None, None] * units, sources, distance)
