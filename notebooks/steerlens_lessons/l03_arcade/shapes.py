"""Lesson 03: shapes of equal mass, and what the classifier makes of them.

SHAPES, shape        disk, square, ellipse, ring, ... of the mass of a disk of radius 12
family               one shape at many places along x or y
two_disks            random pairs of disks, in which contour and centre of mass may disagree
logit_gap            Right against Left
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from steerlens._internal.checks import check_choice
from steerlens.data import DIRECTIONS
from steerlens.evaluation.space import blurred

SIZE, RADIUS = 64, 12.0
FINER = 4  # samples a pixel, along each axis
AREA = math.pi * RADIUS**2
RING = 18.0  # outer radius of the ring
APART = 14.0  # of the centres of the two small disks from the middle between them

Inside = Callable[[Tensor, Tensor], Tensor]  # of y and x: whether a point belongs to a shape at the origin

SHAPES: dict[str, Inside] = {
    "disk": lambda y, x: y**2 + x**2 <= RADIUS**2,
    "square": lambda y, x: (y.abs() <= AREA**0.5 / 2) & (x.abs() <= AREA**0.5 / 2),
    "diamond": lambda y, x: y.abs() + x.abs() <= (AREA / 2) ** 0.5,
    "wide ellipse": lambda y, x: (y / 9) ** 2 + (x / 16) ** 2 <= 1,
    "tall ellipse": lambda y, x: (y / 16) ** 2 + (x / 9) ** 2 <= 1,
    "sheared disk": lambda y, x: y**2 + (x - 0.8 * y) ** 2 <= RADIUS**2,
    "ring": lambda y, x: (y**2 + x**2 <= RING**2) & (y**2 + x**2 >= RING**2 - RADIUS**2),
    "two abreast": lambda y, x: y**2 + (x.abs() - APART) ** 2 <= RADIUS**2 / 2,
    "two stacked": lambda y, x: (y.abs() - APART) ** 2 + x**2 <= RADIUS**2 / 2,
}


def shape(name: str, dy: float = 0.0, dx: float = 0.0, blur: float = 0.0) -> Tensor:
    """A white shape (1, 1, 64, 64) whose centre of mass lies dy down and dx right of the image's.

    Args:
        name: a key of `SHAPES`; all have the mass of a disk of radius 12, to 1 %, if nothing is cut off.
        dy, dx: in pixels.
        blur: standard deviation in pixels of a Gaussian; 0: none.
    """
    inside = SHAPES[check_choice("name", name, SHAPES)]
    line = (torch.arange(FINER * SIZE) - (FINER * SIZE - 1) / 2) / FINER
    image = avg_pool2d(inside(line[:, None] - dy, line[None, :] - dx).float()[None, None], FINER)
    return blurred(image, blur)


def family(name: str, places: Tensor, vertical: bool = False, blur: float = 0.0) -> Tensor:
    """One shape (n, 1, 64, 64) at n places along x, or along y."""
    where = [(d, 0.0) if vertical else (0.0, d) for d in places.tolist()]
    return torch.cat([shape(name, *d, blur=blur) for d in where])


def two_disks(n: int, seed: int = 0, reach: float = 28.0) -> Tensor:
    """Random pairs of disks (n, 1, 64, 64): radius 3 to 12, brightness 0.2 to 1, within ``reach`` px."""
    generator = torch.Generator().manual_seed(seed)
    grid = torch.arange(SIZE) - (SIZE - 1) / 2
    images = torch.zeros(n, 1, SIZE, SIZE)
    for _ in range(2):
        radius, gain, distance, angle = torch.rand(4, n, generator=generator)
        radius, gain = 3 + 9 * radius, 0.2 + 0.8 * gain
        distance, angle = distance.sqrt() * (reach - radius), 2 * math.pi * angle
        y, x = distance * angle.sin(), distance * angle.cos()
        far = torch.hypot(grid[:, None] - y[:, None, None], grid[None, :] - x[:, None, None])
        disk = (radius[:, None, None] + 0.5 - far).clamp(0, 1) * gain[:, None, None]
        images = torch.maximum(images, disk[:, None])
    return images


def wedge(places: Tensor) -> Tensor:
    """The class (n,) of places (n, 2), y and x: the direction in which they lie farthest."""
    y, x = places.unbind(-1)
    return torch.where(y.abs() > x.abs(), (y > 0).long(), 2 + (x > 0).long())


def logit_gap(model: nn.Module, images: Tensor) -> Tensor:
    """Logit of Right minus logit of Left, (n,)."""
    logits = model(images)
    return logits[:, DIRECTIONS.index("Right")] - logits[:, DIRECTIONS.index("Left")]
