"""Lesson 10: one small classifier, trained with four losses, three of which see F and r.

small              the network, untrained
LOSSES             by name, what is added to the cross-entropy
rows_and_residuals F's row and r of one class for each image, differentiable
load               the trained networks, from one checkpoint
examined           how often a network is right under attack, and what its F and r are like

``python -m steerlens_lessons.l10_linear.trained`` trains all of them on the digits at hand, in some minutes.
"""

import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from steerlens import SteerablePyramid
from steerlens import data as datasets
from steerlens.data import records

from . import starts
from .measures import attacked, cosine
from .networks import optimised

BATCH, STEPS, RATE, SEEDS = 64, 1000, 3e-3, 3
REMEDY = "restore it, or train it again (python -m steerlens_lessons.l10_linear.trained)"


def small() -> nn.Sequential:
    """Two convolutions and a linear layer, 7434 parameters: (n, 1, 28, 28) in [0, 1] to logits (n, 10)."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 25, 10)),
    )


def rows_and_residuals(model: nn.Module, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Row of F and residual of one class for each image: like images, and (n,).

    Of a network of ReLUs and max-pooling, all images at once: there the frozen system is the derivative.
    `LinearInterpreter` with ``differentiable`` gives the same for any network, one image after another.
    """
    x = images.detach().requires_grad_()
    scores = model(x).gather(1, classes[:, None])[:, 0]
    (rows,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return rows, scores - (rows * x).sum((1, 2, 3))


def finest(rows: Tensor) -> Tensor:
    """Energy of rows in the high-pass residual and the finest scale of the steerable pyramid, (n,)."""
    coefficients = SteerablePyramid(rows.shape[-2:], scales=2, orientations=4).analyze(rows)
    parts = coefficients.residuals[0], coefficients.bands[0]
    return sum((part.abs().square().flatten(1).sum(1) for part in parts), rows.new_zeros(len(rows)))


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "plain": lambda rows, r: 0 * r,
    "small residual": lambda rows, r: r.square(),
    "small finest bands": lambda rows, r: finest(rows),
    "small rows": lambda rows, r: rows.square().sum((1, 2, 3)),
}
WEIGHTS = {"plain": 0.0, "small residual": 0.1, "small finest bands": 0.03, "small rows": 0.03}


def train(name: str, images: Tensor, labels: Tensor, seed: int = 0, steps: int = STEPS) -> nn.Module:
    """The network, trained with one of the losses, rounded to half precision; always the same.

    Each step looks at the row and the residual of one random class for each image.
    """

    def loss(model: nn.Module) -> Tensor:
        chosen, classes = torch.randint(len(images), (BATCH,)), torch.randint(10, (BATCH,))
        value = nn.functional.cross_entropy(model(images[chosen]), labels[chosen])
        if WEIGHTS[name]:
            seen = rows_and_residuals(model, images[chosen], classes)
            value = value + WEIGHTS[name] * LOSSES[name](*seen).mean()
        return value

    return optimised(name, small, loss, steps, RATE, seed).half().float()


def path(source: str) -> Path:
    """Of the checkpoint for digits of this source."""
    return records.committed("checkpoints") / f"linear-losses-{records.slug(source)}.safetensors"


def load(source: str) -> dict[str, list[nn.Sequential]]:
    """The trained networks by the name of their loss, one for each seed, in eval mode. Raises ValueError."""
    models = {name: [small().eval() for _ in range(SEEDS)] for name in LOSSES}
    return starts.read(path(source), REMEDY, models)


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of images that a network gets right."""
    return round((model(images).argmax(1) == labels).double().mean().item(), 4)


def examined(model: nn.Module, images: Tensor, labels: Tensor, strengths: Tensor) -> tuple[Tensor, Tensor]:
    """How a network does on images, and what its rows and residuals of their classes are like.

    Returns:
        share of images that it gets right after FGSM of each strength, (strengths,); and medians (3,): |r|
        over the score, share of the row's energy in the finest bands, correlation of row and image.
    """
    step = attacked(model, images, labels, 1e-3) - images  # its signs; none where a clamp stops it
    hits = [accuracy(model, (images + e * step.sign()).clamp(0, 1), labels) for e in strengths.tolist()]
    rows, r = (found.detach() for found in rows_and_residuals(model, images, labels))
    scores = r + (rows * images).sum((1, 2, 3))
    fine = finest(rows[:200]) / rows[:200].square().sum((1, 2, 3))
    parts = (r / scores).abs(), fine, cosine(rows, images)
    return torch.tensor(hits), torch.stack([part.quantile(0.5) for part in parts])


def main() -> Path:
    """Train all on the digits at hand, write them in half precision, and the record that vouches for them."""
    digits, test, started = datasets.digits(train=True), datasets.digits(), time.perf_counter()
    models = {
        name: [train(name, digits.images, digits.labels, seed) for seed in range(SEEDS)] for name in LOSSES
    }
    found = {
        name: [accuracy(model, test.images, test.labels) for model in trained]
        for name, trained in models.items()
    }
    record = {"model": "small digit classifiers, four losses", "source": digits.source}
    record |= {"training_images": len(digits), "test_images": len(test), "test_accuracy": found["plain"][0]}
    record |= {"training": {"steps": STEPS, "batch": BATCH, "seeds": SEEDS, "weights": WEIGHTS}}
    record |= {"test_accuracies": found, "seconds": round(time.perf_counter() - started)}
    record |= {"torch": torch.__version__, "command": "python -m steerlens_lessons.l10_linear.trained"}
    return starts.write(path(digits.source), models, record)


if __name__ == "__main__":
    print(main())
