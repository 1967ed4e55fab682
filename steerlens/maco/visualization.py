"""Feature visualisation with magnitude constraint: MACO (Fel et al., 2023), and its baselines.

Definition 2.1: phi* = arg max E_tau L((tau o F^-1)(r e^{i phi})), with r = E|F(x)| held. Here F^-1 leads to a
canvas, and a sigmoid to the image (`steerlens.spectra`): magnitudes are exact on the canvas, not behind it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

from .._internal.checks import LARGEST_SEED, check_choice, check_flag, check_integer, check_number
from .._internal.modes import own_precision
from .._internal.progress import progress_bar
from ..morphs.objectives import Objective
from .spectra import Spectrum

RATES = {"phase": 0.1, "spectrum": 0.05, "pixels": 0.05}
FREE = tuple(RATES)
SMALL_START = 0.01  # standard deviation, in units of the natural magnitude or canvas (Olah et al., 2017)
DRAWN: dict[str, Any] = {"device": "cpu", "dtype": torch.float32}  # whatever torch's defaults are
CENTRE_SPREAD, SIDE_SPREAD, SMALLEST_SIDE = 0.15, 0.05, 0.05  # shares of the image


@dataclass(frozen=True)
class Visualization:
    """What `maco` found.

    Attributes:
        images: (n, channels, height, width) in (0, 1).
        canvas: the same before the sigmoid, in decorrelated colours: where magnitudes are held.
        transparency: (n, height, width), the sum over steps and channels of |dL/dimage|.
        scores: (n, steps), means over the views of each step.
        spectrum: the magnitudes that were asked for, and their provenance.
    """

    images: Tensor
    canvas: Tensor
    transparency: Tensor
    scores: Tensor
    spectrum: Spectrum

    def magnitude_error(self) -> float:
        """Largest |realised - given| magnitude, in units of the largest given one, over all bands."""
        realised = self.spectrum.transform.analyze(self.canvas).bands
        pairs = zip(realised, self.spectrum.magnitudes, strict=True)
        errors = [(found.abs() - r).abs().max() for found, r in pairs]
        return (max(errors) / max(r.max() for r in self.spectrum.magnitudes)).item()

    def shown(self, opaque: float = 0.8) -> Tensor:
        """Colours and opacity (n, channels + 1, height, width) in [0, 1], as the papers show them.

        Values are stretched from the 1st to the 99th percentile of each image, and opacity is the
        transparency, with full opacity from its quantile ``opaque`` on.
        """
        points = torch.tensor([0.01, 0.99], dtype=self.images.dtype, device=self.images.device)
        low, high = self.images.flatten(1).quantile(points, dim=1)[..., None, None, None]
        limit = self.transparency.flatten(1).quantile(opaque, dim=1)[:, None, None, None]
        alpha = self.transparency[:, None] / limit.clamp(min=1e-30)
        stretched = (self.images - low) / (high - low).clamp(min=1e-6)
        return torch.cat([stretched, alpha], 1).clamp(0, 1)


@own_precision(gradients=True)
def maco(
    objective: Objective,
    spectrum: Spectrum,
    *,
    free: str = "phase",
    steps: int = 256,
    crops: int = 8,
    sides: tuple[float, float] = (0.9, 0.3),
    size: int | None = None,
    noise: float = 0.08,
    contrast: float = 1.0,
    rate: float | None = None,
    seed: int = 0,
    watch: Callable[[int, Tensor], None] | None = None,
    progress: bool = True,
) -> Visualization:
    """Images that maximise an objective, the paper's way: magnitudes held, phases free (Definition 2.1).

    All visualisations of one objective start from the same phases and see the same crops and noise, so that
    each is what it would be alone, up to rounding. Another ``seed`` gives another one.

    Args:
        objective: what to maximise, from `steerlens.objectives`; it says how many visualisations there are.
        spectrum: the magnitudes, and with them transform, size and colours.
        free: "phase" for MACO; the baselines are "spectrum", real and imaginary parts of every coefficient in
            units of the natural magnitude (the standard Fourier parameterisation, Olah et al., 2017), and
            "pixels", the canvas itself.
        steps: of Adam.
        crops: random views a step; 0 for the whole image.
        sides: mean side of a crop, as share of the image's, at the first and the last step.
        size: pixels to which a view is brought; those of the image if None.
        noise: standard deviation of the noise on every view.
        contrast: factor of all magnitudes; 1 is the definition. For "phase" only.
        rate: of Adam: radians for "phase"; 0.1, 0.05 and 0.05 for the three kinds if None.
        seed: of the start, crops and noise.
        watch: called before each step with its index and the canvases (n, channels, height, width).
        progress: show a bar if it takes more than two seconds.

    Raises:
        TypeError, ValueError: an argument is not what is said above, or a score is not finite.
    """
    _check(objective, spectrum, steps, crops, sides, noise, progress)
    generator = torch.Generator().manual_seed(check_integer("seed", seed, 0, LARGEST_SEED))
    contrast = check_number("contrast", contrast, positive=True)
    start, draw = _start(free, spectrum, objective.count, contrast, generator)
    rate = RATES[free] if rate is None else check_number("rate", rate, positive=True)
    size = min(spectrum.shape) if size is None else check_integer("size", size, 1)
    optimizer = torch.optim.Adam(start, lr=rate)
    transparency, scores = torch.zeros((), device="cpu"), []
    for step in progress_bar("maco", progress, range(steps)):
        canvas = draw(start)
        if watch is not None:
            watch(step, canvas.detach())
        images = spectrum.images_of(canvas)
        side = sides[0] + (sides[1] - sides[0]) * step / max(1, steps - 1)
        score = objective(random_views(images, crops, side, size, noise, generator)).mean(1)
        by_image, *by_parts = torch.autograd.grad(-score.sum(), (images, *start))
        transparency = transparency + by_image.abs().sum(1)
        for part, by_part in zip(start, by_parts, strict=True):
            part.grad = by_part
        optimizer.step()
        scores.append(score.detach())
    canvas = draw(start).detach()
    return Visualization(spectrum.images_of(canvas), canvas, transparency, torch.stack(scores, 1), spectrum)


def random_views(
    images: Tensor, count: int, side: float, size: int, noise: float, generator: torch.Generator
) -> Tensor:
    """T of Definition 2.1: noisy crops (n * count, channels, size, size), the same for each image.

    Centres are normal around the middle (0.15 of the side), sides normal around ``side`` (0.05), crops lie
    within the image. With ``count`` 0 there is one view an image, the whole, (n, channels, size, size).
    """
    normal = partial(torch.randn, generator=generator, **DRAWN)
    if count == 0:
        views = interpolate(images, (size, size), mode="bilinear", antialias=True)
    else:
        half = (side + SIDE_SPREAD * normal(count, 1)).clamp(SMALLEST_SIDE, 1) / 2
        centre = (0.5 + CENTRE_SPREAD * normal(count, 2)).clamp(half, 1 - half)
        maps = torch.cat([torch.diag_embed(2 * half.expand(-1, 2)), (2 * centre - 1)[..., None]], 2)
        grid = affine_grid(maps.to(images), [count, 1, size, size], align_corners=False)
        pairs = images.repeat_interleave(count, 0), grid.repeat(len(images), 1, 1, 1)
        views = grid_sample(*pairs, align_corners=False, padding_mode="border")
    drawn = normal(max(1, count), *views.shape[1:]).to(images)
    return views + noise * drawn.repeat(len(images), 1, 1, 1)


def _start(
    free: str, spectrum: Spectrum, count: int, contrast: float, generator: torch.Generator
) -> tuple[list[Tensor], Callable[[list[Tensor]], Tensor]]:
    """Parameters to begin with, the same for each visualisation, and the canvas that they stand for."""
    given = spectrum.magnitudes

    def scaled(parts: list[Tensor]) -> Tensor:
        return spectrum.with_bands([r * torch.view_as_complex(z) for r, z in zip(given, parts, strict=True)])

    kinds: dict[str, tuple[list[Any], Callable[[list[Tensor]], Tensor]]] = {
        "phase": ([r.shape for r in given], lambda parts: spectrum.synthesize(tuple(parts), contrast)),
        "spectrum": ([(*r.shape, 2) for r in given], scaled),
        "pixels": ([(1, spectrum.channels, *spectrum.shape)], lambda parts: parts[0].clone()),
    }
    shapes, canvas = kinds[check_choice("free", free, FREE)]
    spread, random = (2 * math.pi, torch.rand) if free == "phase" else (SMALL_START, torch.randn)
    drawn = [(spread * random(shape, generator=generator, **DRAWN)).to(given[0]) for shape in shapes]
    return [part.repeat(count, *[1] * (part.ndim - 1)).requires_grad_() for part in drawn], canvas


def _check(
    objective: Any, spectrum: Any, steps: Any, crops: Any, sides: Any, noise: Any, progress: Any
) -> None:
    """Raise TypeError or ValueError unless all is as `maco` says."""
    if not isinstance(objective, Objective):
        raise TypeError(f"objective: expected one of steerlens.objectives, got {type(objective).__name__}")
    if not isinstance(spectrum, Spectrum):
        raise TypeError(f"spectrum: expected one of steerlens.spectra, got {type(spectrum).__name__}")
    check_integer("steps", steps, 1)
    check_integer("crops", crops, 0)
    if not isinstance(sides, tuple | list) or len(sides) != 2:
        raise ValueError(f"sides: expected two shares of the image's side, got {sides!r}")
    if not all(0 < check_number("sides", side) <= 1 for side in sides):
        raise ValueError(f"sides: expected shares in (0, 1], got {sides}")
    if check_number("noise", noise) < 0:
        raise ValueError(f"noise: expected a number >= 0, got {noise}")
    check_flag("progress", progress)
