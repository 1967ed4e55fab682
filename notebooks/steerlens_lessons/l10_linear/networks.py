"""Lesson 10: the two small networks that its second and third case are about, and how they were trained.

    super_resolution, translator   the networks, untrained
    low_and_high, painted          their training pairs: luminance at a third of the size; a flattened picture
    load                           a trained one, from its checkpoint

``python -m steerlens_lessons.l10_linear.networks`` trains them again on the photographs at hand (or those
that are named behind it), a few minutes each on one core.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional

from steerlens import data as datasets
from steerlens._internal.checks import check_choice
from steerlens._internal.progress import progress_bar
from steerlens.data import records
from steerlens.transforms.color import rgb_to_yiq

FACTOR = 3  # of the super-resolution
HELD_OUT = 5  # every fifth photograph is kept for the test
REMEDY = "restore it, or train it again (python -m steerlens_lessons.l10_linear.networks)"
bicubic = nn.Upsample(scale_factor=FACTOR, mode="bicubic")  # the classic upscaler


def super_resolution(channels: int = 32) -> nn.Sequential:
    """Four convolutions and a PixelShuffle: (n, 1, h, w) in [0, 1] to (n, 1, 3 h, 3 w)."""

    def convolution(before: int, after: int, side: int) -> nn.Conv2d:
        return nn.Conv2d(before, after, side, padding=side // 2, padding_mode="replicate")

    return nn.Sequential(
        *(convolution(1, channels, 5), nn.ReLU(), convolution(channels, channels, 3), nn.ReLU()),
        *(convolution(channels, channels // 2, 3), nn.ReLU()),
        *(convolution(channels // 2, FACTOR**2, 3), nn.PixelShuffle(FACTOR)),
    )


class Residual(nn.Module):
    """Two convolutions with instance normalisation beside the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(*_block(channels, channels), *_block(channels, channels)[:-1])

    def forward(self, features: Tensor) -> Tensor:
        """(n, channels, h, w) to the same shape."""
        return features + self.body(features)


def translator(channels: int = 12) -> nn.Sequential:
    """A small CycleGAN generator: (n, 3, h, w) in [0, 1] to [-1, 1]; sides are multiples of 4."""
    wide, wider = 2 * channels, 4 * channels
    return nn.Sequential(
        *_block(3, channels, 7),
        *(*_block(channels, wide, stride=2), *_block(wide, wider, stride=2)),
        *(Residual(wider), Residual(wider)),
        *(nn.Upsample(scale_factor=2), *_block(wider, wide)),
        *(nn.Upsample(scale_factor=2), *_block(wide, channels)),
        *(nn.Conv2d(channels, 3, 7, padding=3, padding_mode="reflect"), nn.Tanh()),
    )


def _block(before: int, after: int, side: int = 3, stride: int = 1) -> tuple[nn.Module, ...]:
    reflected = {"padding": side // 2, "padding_mode": "reflect"}
    convolution = nn.Conv2d(before, after, side, stride=stride, **reflected)
    return convolution, nn.InstanceNorm2d(after, affine=True), nn.ReLU()


def low_and_high(images: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance at a third of the size (bicubic, antialiased) and in full; sides become multiples of 3."""
    side = images.shape[-1] // FACTOR * FACTOR
    high = rgb_to_yiq(images)[:, :1, :side, :side]
    low = functional.interpolate(high, scale_factor=1 / FACTOR, mode="bicubic", antialias=True)
    return low.clamp(0, 1), high


def painted(images: Tensor, radius: int = 3) -> Tensor:
    """A painting of each photograph in [-1, 1]: Kuwahara's filter, each channel to mean 0, deviation 1/2.

    Kuwahara's filter gives each pixel the mean of that one of its four quadrants that varies least: regions
    become flat, edges stay.
    """
    side = radius + 1
    padded = functional.pad(images, [radius] * 4, mode="reflect")
    means = functional.avg_pool2d(padded, side, 1)
    spread = (functional.avg_pool2d(padded**2, side, 1) - means**2).sum(1, keepdim=True)
    height, width = images.shape[-2:]

    def quadrants(values: Tensor) -> Tensor:
        corners = [(y, x) for y in (0, radius) for x in (0, radius)]
        return torch.stack([values[..., y : y + height, x : x + width] for y, x in corners])

    choose = quadrants(spread).argmin(0, keepdim=True).expand(1, *images.shape)
    flat = quadrants(means).gather(0, choose)[0]
    centred = flat - flat.mean((2, 3), keepdim=True)
    return (centred / (2 * flat.std((2, 3), keepdim=True) + 1e-3)).clamp(-1, 1)


@dataclass(frozen=True)
class Recipe:
    """How one of the networks is built and trained."""

    build: Callable[[], nn.Sequential]
    pairs: Callable[[Tensor], tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor], Tensor]
    size: int  # of the photographs
    crop: int | None  # side of the input's crops; None: the whole
    batch: int
    steps: int


RECIPES = {
    **{
        name: Recipe(super_resolution, low_and_high, functional.mse_loss, 240, 20, 16, steps)
        for name, steps in (
            *(("super_resolution", 6000), ("super_resolution_500", 500)),
            ("super_resolution_150", 150),  # the last two are worse: their training ended early
        )
    },
    "translator": Recipe(
        translator, lambda images: (images, painted(images)), functional.l1_loss, 96, None, 4, 2000
    ),
}


def load(name: str) -> nn.Sequential:
    """A trained network, one of `RECIPES`, in eval mode. Raises ValueError."""
    check_choice("name", name, RECIPES)
    path = records.committed("checkpoints") / f"linear-{name}.safetensors"
    records.checked(path, REMEDY)
    model = RECIPES[name].build()
    model.load_state_dict(safetensors.torch.load_file(path))
    return model.eval()


def held_out(count: int) -> Tensor:
    """Which of ``count`` photographs no network was trained on, (count,) bool; all of fewer than 5."""
    return (torch.arange(count) % HELD_OUT == 0) | torch.tensor(count < HELD_OUT)


def train(name: str, images: Tensor, steps: int | None = None) -> nn.Module:
    """The network trained on photographs (n, 3, size, size), the same for the same photographs."""
    recipe = RECIPES[name]
    inputs, targets = recipe.pairs(images)
    total = steps or recipe.steps
    loss = mean_loss(lambda: _cropped(inputs, targets, recipe), recipe.loss)
    return optimised(name, recipe.build, loss, total)


def optimised(
    name: str,
    build: Callable[[], nn.Module],
    loss: Callable[[nn.Module], Tensor],
    steps: int,
    rate: float = 2e-3,
    seed: int = 0,
) -> nn.Module:
    """A network, trained by Adam on a loss that draws a batch at each step, always the same, in eval mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build()
        optimizer = torch.optim.Adam(model.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=steps)
        for _ in progress_bar(name, True, range(steps)):
            value = loss(model)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def mean_loss(
    batch: Callable[[], tuple[Tensor, Tensor]], loss: Callable[[Any, Tensor], Tensor]
) -> Callable[[nn.Module], Tensor]:
    """A network's loss on a batch of inputs and targets, drawn anew at each call."""

    def value(model: nn.Module) -> Tensor:
        inputs, targets = batch()
        return loss(model(inputs), targets)

    return value


def _cropped(inputs: Tensor, targets: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """A random batch, mirrored at random, cropped at the same place in input and target."""
    rows = torch.randint(len(inputs), (recipe.batch,))
    x, y = inputs[rows], targets[rows]
    if recipe.crop is not None:
        scale = y.shape[-1] // x.shape[-1]
        top, left = torch.randint(x.shape[-1] - recipe.crop + 1, (2,)).tolist()
        x = x[..., top : top + recipe.crop, left : left + recipe.crop]
        y = y[..., scale * top :, scale * left :][..., : scale * recipe.crop, : scale * recipe.crop]
    return (x.flip(-1), y.flip(-1)) if torch.rand(()) < 0.5 else (x, y)


@torch.no_grad()
def errors_on(name: str, model: nn.Module, images: Tensor) -> dict[str, float]:
    """The loss on photographs, and that of doing without the network (bicubic, the photograph itself)."""
    recipe = RECIPES[name]
    inputs, targets = recipe.pairs(images)
    plain = bicubic(inputs) if name.startswith("super_resolution") else 2 * inputs - 1
    return {
        "network": round(recipe.loss(model(inputs), targets).item(), 6),
        "without": round(recipe.loss(plain, targets).item(), 6),
    }


def train_checkpoint(name: str, folder: Path) -> dict[str, Any]:
    """Train a network, write its checkpoint and the record that vouches for it, and return the record."""
    photos = datasets.photos(RECIPES[name].size)
    test, started = held_out(len(photos)), time.perf_counter()
    model = train(name, photos.images[~test])
    seconds = time.perf_counter() - started
    path = folder / f"linear-{name}.safetensors"
    record = {
        "model": name,
        "source": photos.source,
        "training_images": int((~test).sum()),
        "training": {"steps": RECIPES[name].steps, "batch": RECIPES[name].batch, "seed": 0},
        "test_images": int(test.sum()),
        "test_error": errors_on(name, model, photos.images[test]),
        "seconds": round(seconds),
        "torch": torch.__version__,
        "command": f"python -m steerlens_lessons.l10_linear.networks {name}",
    }
    return records.write(path, safetensors.torch.save(model.state_dict()), record)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or RECIPES:
        print(json.dumps(train_checkpoint(chosen, records.committed("checkpoints")), indent=2))
