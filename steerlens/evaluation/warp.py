"""Smooth-warp energy: the share of an edit that a smooth inverse warp of its source explains.

    s'(x) ~ (1 + g(x)) s(x + d(x)),    E = 1 - min |s' - (1 + g) s(x + d)|^2 / |s' - s|^2,

where the displacement d, and the gain g if it is allowed, are cubic interpolations of values on an 8x8
grid over the image. The fit is Levenberg-Marquardt, for all images at once, from coarse to fine: the images
are blurred first, and less and less. It is deterministic; E never falls below 0.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .._internal.checks import check_flag, check_images, check_integer
from .._internal.chunks import row_slices
from .._internal.modes import own_precision
from .._internal.progress import progress_bar
from ..morphs.steps import l2_distance
from .space import blurred

SCHEDULE = ((4, 1.5), (8, 1.0), (8, 0.5), (8, 0.0))  # points of the grid a side, blur in pixels
STEPS = 12  # at each stage of the schedule
BENDING = 1e-3  # weight of the grid's squared second differences, in pixels (of d) or as a factor (of g)
MOST_GAIN = 1.0  # largest |g|
CHUNK = 16  # images that are fitted at once: their Jacobians stay near the cache
KEYS = [[0, 1, 0, 0], [-0.5, 0, 0.5, 0], [1, -2.5, 2, -0.5], [-0.5, 1.5, -1.5, 0.5]]  # by powers of t
MARGIN = 4  # black pixels around the image; samples farther out see the outermost ones


class WarpFit(NamedTuple):
    """A smooth inverse warp of each source, fitted to its edited image."""

    energy: Tensor  # E (batch,), the share of the edit's energy that is explained, 0 to 1; 1 without an edit
    displacement: Tensor  # d (batch, 2, height, width), down and right, in pixels
    gain: Tensor  # g (batch, 1, height, width), within [-1, 1]; 0 where it was not allowed
    images: Tensor  # the warped sources (batch, channels, height, width)


def warp_energy(
    sources: Tensor, images: Tensor, gain: bool = False, steps: int = STEPS, progress: bool = True
) -> Tensor:
    """E of each edit, (batch,); see :func:`fit_warp`."""
    return fit_warp(sources, images, gain, steps, progress).energy


def fit_warp(
    sources: Tensor, images: Tensor, gain: bool = False, steps: int = STEPS, progress: bool = True
) -> WarpFit:
    """Fit a smooth inverse warp of each source to its edited image.

    Args:
        sources, images: (batch, channels, height, width), and what became of them.
        gain: whether a smooth gain may help.
        steps: Levenberg-Marquardt steps at each of the four stages.
        progress: show a bar in runs of more than two seconds.

    Raises:
        TypeError, ValueError: an argument that does not fit; the message says what was expected.
    """
    check_images(sources, name="sources")
    if check_images(images).shape != sources.shape or images.dtype != sources.dtype:
        expected = f"images like the sources, {sources.dtype} {tuple(sources.shape)}"
        raise ValueError(f"images: expected {expected}, got {images.dtype} {tuple(images.shape)}")
    steps, gain = check_integer("steps", steps, 1), check_flag("gain", gain)
    chunks = progress_bar("fit_warp", progress, row_slices(len(images), CHUNK))
    with torch.no_grad(), own_precision():
        parts = [_fitted(sources[rows], images[rows], gain, steps) for rows in chunks]
    return WarpFit(*map(torch.cat, zip(*parts, strict=True)))


def _fitted(sources: Tensor, images: Tensor, gain: bool, steps: int) -> WarpFit:
    fields = sources.new_zeros(len(sources), 3 if gain else 2, *[SCHEDULE[0][0]] * 2)
    for points, blur in SCHEDULE:
        fields = nn.functional.interpolate(fields, size=(points, points), mode="bicubic", align_corners=True)
        problem = WarpProblem.of(blurred(sources, blur), blurred(images, blur), points, fields.shape[1])
        fields = problem.minimized(fields.flatten(1), steps).unflatten(1, (-1, points, points))
    fitted = problem.warped(fields.flatten(1))
    spent, left = ((part - images).square().sum((1, 2, 3)) for part in (sources, fitted))
    worse = left > spent  # then the identity is the better warp
    fields[worse], fitted[worse] = 0, sources[worse]
    spread = (fields.flatten(2) @ problem.basis.T).unflatten(2, sources.shape[-2:])
    bounded = MOST_GAIN * torch.tanh(spread[:, 2:] / MOST_GAIN) if gain else torch.zeros_like(spread[:, :1])
    energy = 1 - torch.where(spent > 0, left.minimum(spent) / torch.where(spent > 0, spent, 1), 0)
    return WarpFit(energy, spread[:, :2], bounded, fitted)


@dataclass(frozen=True)
class WarpProblem:
    """Least squares in the fields' values on the grid, (batch, kinds * points^2): d down, d right (, g)."""

    sources: Tensor
    images: Tensor
    basis: Tensor  # (height * width, points^2): what each value on the grid adds to each pixel
    bending: Tensor  # (kinds * points^2, the same), the quadratic form of the penalty
    kinds: int

    @staticmethod
    def of(sources: Tensor, images: Tensor, points: int, kinds: int) -> "WarpProblem":
        basis, bending = _grid(points, tuple(sources.shape[-2:]), sources.dtype, sources.device)
        return WarpProblem(sources, images, basis, torch.block_diag(*[bending] * kinds), kinds)

    def __getitem__(self, rows: Tensor) -> "WarpProblem":
        """The problem of some images."""
        return replace(self, sources=self.sources[rows], images=self.images[rows])

    def minimized(self, fields: Tensor, steps: int) -> Tensor:
        """Levenberg-Marquardt: a step that does not lower the cost is not taken, and the next is shorter."""
        damping = fields.new_full((len(fields), 1), 1e-2)
        identity = torch.eye(fields.shape[1], dtype=fields.dtype, device=fields.device)
        for _ in range(steps):
            residual, jacobian = self.linearized(fields)
            normal = jacobian.mT @ jacobian + self.bending
            slope = (residual.unsqueeze(1) @ jacobian).squeeze(1) + fields @ self.bending
            scale = 1 + normal.diagonal(dim1=1, dim2=2)
            step = torch.linalg.solve(normal + identity * (damping * scale).unsqueeze(1), slope)
            better = (self.cost(fields - step) < self.cost(fields)).unsqueeze(1)
            fields = torch.where(better, fields - step, fields)
            damping = torch.where(better, damping / 3, damping * 4).clamp(1e-7, 1e7)
        return fields

    def cost(self, fields: Tensor) -> Tensor:
        """Squared error plus bending, (batch,)."""
        error = (self.warped(fields) - self.images).square().sum((1, 2, 3))
        return error + ((fields @ self.bending) * fields).sum(1)

    def warped(self, fields: Tensor) -> Tensor:
        """(1 + g) s(x + d), (batch, channels, height, width)."""
        return self.sampled(fields)[0].view_as(self.sources)

    def uphill(self, fields: Tensor, gradient: Tensor, current: Tensor, length: float) -> Tensor:
        """A change of the fields along a pixel gradient that moves the image by an L2 ``length``."""
        _, *slopes = self.sampled(fields)
        step = torch.cat([(gradient.flatten(2) * slope).sum(1) @ self.basis for slope in slopes], dim=1)
        step = nn.functional.normalize(step)
        for _ in range(2):
            pace = l2_distance(self.warped(fields + step).clamp(0, 1), current)
            step = step * (length / pace.clamp(min=length / 10)).unsqueeze(1)
        return step

    def linearized(self, fields: Tensor) -> tuple[Tensor, Tensor]:
        """Residual (batch, channels * pixels) and its Jacobian."""
        value, *slopes = self.sampled(fields)
        jacobian = torch.cat([slope.unsqueeze(-1) * self.basis for slope in slopes], dim=-1)
        return (value.view_as(self.images) - self.images).flatten(1), jacobian.flatten(1, 2)

    def sampled(self, fields: Tensor) -> tuple[Tensor, ...]:
        """(1 + g) s(x + d) and its derivatives by d down, d right (and g): (batch, channels, pixels)."""
        spread = fields.unflatten(1, (self.kinds, -1)) @ self.basis.T
        parts = _cubic_samples(self.sources, spread[:, 0], spread[:, 1])
        if self.kinds == 2:
            return parts
        bounded = torch.tanh(spread[:, 2:] / MOST_GAIN)
        value, down, right = ((1 + MOST_GAIN * bounded) * part for part in parts)
        return value, down, right, parts[0] * (1 - bounded.square())


@lru_cache(maxsize=16)
def _grid(
    points: int, shape: tuple[int, int], dtype: torch.dtype, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Cubic interpolation from the grid to the pixels, and the bending of a field on the grid."""
    units = torch.eye(points**2, dtype=torch.float64, device="cpu").view(-1, 1, points, points)
    spread = nn.functional.interpolate(units, size=shape, mode="bicubic", align_corners=True)
    one = torch.eye(points, dtype=torch.float64, device="cpu")
    second = torch.diff(one, n=2, dim=0)
    each = second.T @ second
    bending = BENDING * (torch.kron(each, one) + torch.kron(one, each))
    return spread.flatten(1).T.to(device, dtype), bending.to(device, dtype)


def _cubic_samples(images: Tensor, down: Tensor, right: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Images at x + d by cubic convolution (Keys, 1981), and their derivatives by d: down, right.

    The displacements are (batch, pixels); all three results (batch, channels, pixels). Images are black
    beyond their border.
    """
    height, width = images.shape[-2:]
    y = torch.arange(height, dtype=down.dtype, device=down.device).repeat_interleave(width) + down
    x = torch.arange(width, dtype=down.dtype, device=down.device).repeat(height) + right
    (rows, wy, dy), (columns, wx, dx) = _neighbours(y, height), _neighbours(x, width)
    padded = nn.functional.pad(images, [MARGIN] * 4).flatten(2)
    index = rows.unsqueeze(-1) * (width + 2 * MARGIN) + columns.unsqueeze(-2)  # (batch, pixels, 4, 4)
    around = padded.gather(2, index.flatten(1).unsqueeze(1).expand(-1, images.shape[1], -1))
    around = around.unflatten(2, index.shape[1:])
    across, across_slope = ((around * w[:, None, :, None]).sum(-1) for w in (wx, dx))
    value, by_y = ((across * w.unsqueeze(1)).sum(-1) for w in (wy, dy))
    return value, by_y, (across_slope * wy.unsqueeze(1)).sum(-1)


def _neighbours(position: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Indices into the padded axis of the four neighbours, their weights, and the weights' derivatives."""
    position = position.clamp(-MARGIN + 2, size + MARGIN - 3)
    start = position.floor()
    t, one = position - start, torch.ones_like(position)
    weights, slopes = torch.stack([one, t, t**2, t**3], -1), torch.stack([0 * t, one, 2 * t, 3 * t**2], -1)
    index = start.long().unsqueeze(-1) + torch.arange(-1, 3, device=t.device) + MARGIN
    keys = t.new_tensor(KEYS)
    return index, weights @ keys, slopes @ keys
