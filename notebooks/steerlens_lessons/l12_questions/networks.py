"""Lesson 12: small networks that answer other questions than "which class", and a variational autoencoder.

``python -m steerlens_lessons.l12_questions.networks`` trains them again (or those that are named behind it),
at most a few minutes each on one core; those for digits need MNIST.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional

from steerlens import data as datasets
from steerlens._internal.checks import check_choice
from steerlens.data import ImageData, records
from steerlens.data.disks import disks

from ..l10_linear.networks import mean_loss, optimised

BATCH, LATENT = 64, 16
REMEDY = "restore it, or train it again (python -m steerlens_lessons.l12_questions.networks)"


def reader(numbers: int, features: int) -> nn.Sequential:
    """A small CNN whose output is numbers, not classes: (n, 1, h, w) to (n, numbers)."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU()),
        *(nn.Conv2d(16, 32, 5, stride=2, padding=2), nn.ReLU()),
        *(nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * features, 64), nn.ReLU(), nn.Linear(64, numbers)),
    )


def segmenter() -> nn.Sequential:
    """Four convolutions, the middle ones wide: (n, 1, h, w) to one logit a pixel, (n, 1, h, w)."""
    return nn.Sequential(
        *(nn.Conv2d(1, 12, 5, padding=2), nn.ReLU()),
        *(nn.Conv2d(12, 12, 3, padding=2, dilation=2), nn.ReLU()),
        *(nn.Conv2d(12, 12, 3, padding=4, dilation=4), nn.ReLU(), nn.Conv2d(12, 1, 1)),
    )


class Autoencoder(nn.Module):
    """A variational autoencoder (Kingma and Welling, 2014) of 28x28 images, one hidden layer a side."""

    def __init__(self, hidden: int = 256):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 2 * LATENT)
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(LATENT, hidden), nn.ReLU(), nn.Linear(hidden, 784)),
            *(nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))),
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images (n, 1, 28, 28) to others of the same shape, and mean and log variance (n, 16) of z."""
        mean, log_variance = self.encoder(images).chunk(2, 1)
        z = mean + torch.randn_like(mean) * (log_variance / 2).exp() if self.training else mean
        return self.decoder(z), mean, log_variance


def rotated(images: Tensor, degrees: Tensor) -> Tensor:
    """Images (n, 1, h, w), each turned clockwise about its centre by degrees (n,), black outside."""
    angle = torch.deg2rad(degrees.to(images))
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([cos, sin, zero, -sin, cos, zero], 1).view(-1, 2, 3)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def _noisy(images: Tensor) -> Tensor:
    """With white noise of up to .1, so that no network lives on the last bit of a flat background."""
    return (images + 0.1 * torch.rand(len(images), 1, 1, 1) * torch.randn_like(images)).clamp(0, 1)


def placed_disks(images: Tensor) -> tuple[Tensor, Tensor]:
    """Disks of radius 12 anywhere within 16 pixels of the centre, and their centres (y, x)."""
    centers = torch.empty(2 * len(images)).uniform_(-16, 16).view(-1, 2)
    return _noisy(disks(*centers.T)), centers


def turned_digits(images: Tensor) -> tuple[Tensor, Tensor]:
    """Digits turned by up to 60 degrees, and by how many."""
    degrees = torch.empty(len(images)).uniform_(-60, 60)
    return _noisy(rotated(images, degrees)), degrees[:, None]


def curved_mouths(images: Tensor) -> tuple[Tensor, Tensor]:
    """Drawn faces whose mouths' corners lie from 5 pixels below to 5 above the middle, and how far."""
    factors = datasets.face_factors(len(images), int(torch.randint(2**31, ())))
    factors["curvature"] = torch.empty(len(images)).uniform_(-5, 5)
    return _noisy(datasets.draw_faces(factors)), factors["curvature"][:, None]


def masked_disks(images: Tensor) -> tuple[Tensor, Tensor]:
    """Disks of radius 6 to 16 under noise, and 1 at their pixels, 0 elsewhere."""
    y, x, radius = (torch.empty(len(images)).uniform_(*ends) for ends in ((-12, 12), (-12, 12), (6, 16)))
    clean = disks(y, x, radius=radius[:, None, None])  # type: ignore[arg-type]
    return _noisy(clean), (clean > 0.5).to(clean)


def evidence_bound(output: tuple[Tensor, Tensor, Tensor], images: Tensor) -> Tensor:
    """Minus the evidence lower bound of a variational autoencoder, in nats an image."""
    found, mean, log_variance = output
    gap = (mean.square() + log_variance.exp() - 1 - log_variance).sum() / 2
    return (functional.binary_cross_entropy(found, images, reduction="sum") + gap) / len(images)


ARCADE, FACES = partial(datasets.arcade, 1000, seed=1), partial(datasets.schematic_faces, 1000, seed=1)
DIGITS = (datasets.digits, datasets.small_digits)
RECIPES: dict[str, tuple[Any, ...]] = {  # network, training pairs of images, loss, data, steps
    "locator": (partial(reader, 2, 64), placed_disks, functional.mse_loss, [ARCADE], 1500),
    "angle": (partial(reader, 1, 16), turned_digits, functional.mse_loss, DIGITS, 3000),
    "curvature": (partial(reader, 1, 36), curved_mouths, functional.mse_loss, [FACES], 4000),
    "segmenter": (segmenter, masked_disks, functional.binary_cross_entropy_with_logits, [ARCADE], 300),
    "autoencoder": (Autoencoder, lambda x: (x, x), evidence_bound, DIGITS, 4000),
}


def load(name: str, data: ImageData) -> nn.Module:
    """A trained network for these data, in eval mode. Raises ValueError if there is none."""
    check_choice("name", name, RECIPES)
    records.checked(path := _path(name, data.source), REMEDY)
    model = RECIPES[name][0]()
    model.load_state_dict(safetensors.torch.load_file(path))
    return model.eval()


def _path(name: str, source: str) -> Path:
    return records.committed("checkpoints") / f"question-{name}-{records.slug(source)}.safetensors"


def train(name: str, images: Tensor, steps: int | None = None) -> nn.Module:
    """The network trained on images (n, 1, h, w), rounded to half precision; always the same."""
    build, pairs, loss, _, usual = RECIPES[name]
    batch = lambda: pairs(images[torch.randint(len(images), (BATCH,))])  # noqa: E731
    return optimised(name, build, mean_loss(batch, loss), steps or usual).half().float()


def train_checkpoint(name: str, make: Callable[[], ImageData]) -> dict[str, Any]:
    """Train a network, write its checkpoint, in half precision, and the record that vouches for it."""
    data, (_, pairs, loss, _, steps) = make(), RECIPES[name]
    model = train(name, data.training_split().images)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        inputs, wanted = pairs(data.images[:1000])
        found = round(loss(model(inputs), wanted).item(), 4)
    record = {"model": name, "source": data.source, "training": {"steps": steps, "batch": BATCH, "seed": 0}}
    record |= {"test_loss": found, "torch": torch.__version__, "command": f"python -m {__package__}.networks"}
    return records.write(_path(name, data.source), safetensors.torch.save(model.half().state_dict()), record)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or RECIPES:
        for source in RECIPES[chosen][3]:
            print(json.dumps(train_checkpoint(chosen, source), indent=2))
