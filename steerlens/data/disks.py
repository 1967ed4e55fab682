"""Arcade (Sec. 4.1): white disks, displaced from the centre. Made, not loaded."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from .._internal.checks import LARGEST_SEED, check_integer, check_number
from .images import ImageData

DIRECTIONS = ("Up", "Down", "Left", "Right")
TRAINING_SEED = 2**31  # of the training images, apart from the small seeds that readers choose


def arcade(
    n: int,
    seed: int = 0,
    *,
    size: int = 64,
    radius: float = 12.0,
    displacement: tuple[float, float] = (3.0, 10.0),
) -> ImageData:
    """White anti-aliased disks on black, displaced from the centre: Up, Down, Left or Right.

    Args:
        n: number of images; classes and displacements are drawn at random.
        seed: of the draws.
        size: height and width.
        radius: of the disk, in pixels.
        displacement: smallest and largest displacement, in pixels, drawn uniformly.

    Raises:
        ValueError: a disk would leave the image, or another argument out of range.
    """
    n, size = check_integer("n", n, 1), check_integer("size", size, 8)
    radius = check_number("radius", radius, positive=True)
    if not isinstance(displacement, Sequence) or len(displacement) != 2:
        raise ValueError(f"displacement: expected (smallest, largest), got {displacement!r}")
    low, high = (check_number("displacement", d, positive=True) for d in displacement)
    if low > high or radius + high > (size - 1) / 2:
        limit = f"low <= high <= {(size - 1) / 2 - radius:g} (a disk of radius {radius:g} in {size} pixels)"
        raise ValueError(f"displacement: expected {limit}, got {(low, high)}")
    generator = torch.Generator().manual_seed(check_integer("seed", seed, 0, LARGEST_SEED))
    labels = torch.randint(4, (n,), generator=generator)
    offset = low + (high - low) * torch.rand(n, generator=generator)
    dy = offset * torch.tensor([-1.0, 1.0, 0.0, 0.0])[labels]
    dx = offset * torch.tensor([0.0, 0.0, -1.0, 1.0])[labels]
    images = disks(dy, dx, size, radius)
    source = f"Arcade {size}x{size}, radius {radius:g}, displacement {low:g} to {high:g}"
    others = partial(arcade, 8000, TRAINING_SEED, size=size, radius=radius, displacement=(low, high))
    return ImageData(images, labels, DIRECTIONS, source, others)


def disks(dy: Tensor, dx: Tensor, size: int = 64, radius: float = 12.0) -> Tensor:
    """White disks (n, 1, size, size) whose centres lie dy down and dx right of the image's, in pixels.

    A pixel's value is the share of it that the disk covers, to first order: the edge is one pixel wide.
    """
    grid = torch.arange(size) - (size - 1) / 2
    y, x = grid[:, None] - dy[:, None, None], grid[None, :] - dx[:, None, None]
    return (radius + 0.5 - torch.hypot(y, x)).clamp(0, 1).unsqueeze(1)
