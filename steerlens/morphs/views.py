"""Random views of images: crops, mirrored, moved and noisy, which a model is asked about instead.

A gradient that is averaged over them follows what all views of the image have in common, and not what this
one grid of pixels happens to excite (Athalye et al., 2018, for robust adversarial examples).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from .._internal.checks import LARGEST_SEED, check_images, check_integer, check_number


@dataclass(frozen=True)
class Views:
    """Random views of images: ``views(images)``, differentiable.

    Each call draws anew, and the same for all images of a batch: what becomes of one depends neither on the
    others nor on how a batch is cut into chunks. torch's own generators are not touched.

    Args:
        count: views of each image.
        crops: smallest and largest side of a crop, as shares of the image's sides, in (0, 1].
        mirror: probability that a view is mirrored, left to right.
        motion: pixels by which a crop is moved at most, down and across, beyond the image's edges, too,
            where their values go on.
        noise: standard deviation of the noise that is added; values may leave [0, 1].
        size: of the views in pixels, (height, width) or one for both; None: that of the images.
        seed: of all draws.

    Raises:
        TypeError, ValueError: an argument that is none of these.
    """

    count: int = 8
    crops: Sequence[float] = (0.5, 1.0)
    mirror: float = 0.5
    motion: int = 0
    noise: float = 0.1
    size: int | Sequence[int] | None = None
    seed: int = 0
    generator: torch.Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_integer("count", self.count, 1)
        low, high = (check_number("crops", side) for side in _pair("crops", self.crops))
        if not 0 < low <= high <= 1:
            raise ValueError(f"crops: expected 0 < smallest <= largest <= 1, got {self.crops}")
        if not 0 <= check_number("mirror", self.mirror) <= 1:
            raise ValueError(f"mirror: expected a probability from 0 to 1, got {self.mirror}")
        check_integer("motion", self.motion, 0)
        if check_number("noise", self.noise) < 0:
            raise ValueError(f"noise: expected a number >= 0, got {self.noise}")
        if self.size is not None:
            size = self.size if isinstance(self.size, Sequence) else (self.size, self.size)
            size = tuple(check_integer("size", side, 1) for side in _pair("size", size))
            object.__setattr__(self, "size", size)
        generator = torch.Generator().manual_seed(check_integer("seed", self.seed, 0, LARGEST_SEED))
        object.__setattr__(self, "generator", generator)

    def restarted(self) -> "Views":
        """The same views, which begin again with the first draws of their seed."""
        return replace(self)

    def __call__(self, images: Tensor) -> Tensor:
        """Views (batch * count, channels, *size) of images (batch, channels, height, width).

        Those of one image stand in a row. Raises TypeError or ValueError unless images are such a batch.
        """
        shape = check_images(images).shape[-2:]
        around = pad(images, [self.motion] * 4, mode="replicate")
        return torch.stack([self._view(around, shape) for _ in range(self.count)], 1).flatten(0, 1)

    def _view(self, around: Tensor, shape: torch.Size) -> Tensor:
        """One view of images of height and width ``shape``, which ``motion`` more pixels stand around."""
        draws = torch.rand(6, generator=self.generator, device="cpu", dtype=torch.float64).tolist()
        share = self.crops[0] + draws[0] * (self.crops[1] - self.crops[0])
        rows, columns = map(self._window, shape, draws[1:3], draws[3:5], [share] * 2)
        view = around[..., rows, columns]
        view = interpolate(view, self.size or shape, mode="bilinear", antialias=True, align_corners=False)
        view = view.flip(-1) if draws[5] < self.mirror else view
        noise = torch.randn(view.shape[1:], generator=self.generator, device="cpu", dtype=torch.float64)
        return view + self.noise * noise.to(view)

    def _window(self, n: int, place: float, motion: float, share: float) -> slice:
        """Which of ``n`` pixels a crop takes, from two draws in [0, 1)."""
        side = max(round(share * n), 1)
        start = int(place * (n - side + 1)) + int(motion * (2 * self.motion + 1))
        return slice(start, start + side)


def _pair(name: str, values: object) -> Sequence:
    """``values`` if they are two. Raises TypeError."""
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != 2:
        raise TypeError(f"{name}: expected two numbers, got {values!r}")
    return values


def check_views(views: object) -> Views:
    """``views`` if they are `Views`. Raises TypeError."""
    if not isinstance(views, Views):
        raise TypeError(f"views: expected steerlens.Views or None, got {type(views).__name__}")
    return views
