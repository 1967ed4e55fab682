"""Lesson 10: narrow VGGs, shallow and deep, with and without batch norm, and where their scores come from.

vgg             one of them, untrained
load            the trained ones, from one checkpoint
folded          a trained one without its batch norm, which goes into the convolutions
contributions   what input and layers give to the lead of the top score, of many images at once
examined        that of clean and of attacked images
groups          which of these layers are early, and which late

``python -m steerlens_lessons.l10_linear.depth`` trains them on the faces at hand, in some ten minutes.
"""

import time
from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from steerlens import data as datasets
from steerlens.classifiers.training import accuracy, fit
from steerlens.data import ImageData, records

from . import starts
from .measures import attacked

PATTERNS = {  # of torchvision: channels of each convolution, in units; 0: max-pooling
    "VGG-11": (1, 0, 2, 0, 4, 4, 0, 8, 8, 0, 8, 8, 0),
    "VGG-16": (1, 1, 0, 2, 2, 0, 4, 4, 4, 0, 8, 8, 8, 0, 8, 8, 8, 0),
}
UNIT = 4  # channels; torchvision's have 64
NAMES = tuple(name + norm for name in PATTERNS for norm in ("", "-BN"))
SEEDS = {"VGG-11": 2, "VGG-16": 2}  # random starts
RATES = {"": 1e-3, "-BN": 3e-3}
STEPS, FEWER, BATCH = 560, 114, 128  # 6 epochs of FER2013, and of its stand-in
REMEDY = "restore it, or train it again (python -m steerlens_lessons.l10_linear.depth)"


class Centred(nn.Module):
    """Images in [0, 1] to [-2, 2]: a medium grey becomes 0, from which F x is measured."""

    def forward(self, images: Tensor) -> Tensor:
        """(n, ...) to the same shape."""
        return 4 * images - 2


def vgg(name: str, classes: int = 2) -> nn.Sequential:
    """One of `NAMES`: `Centred` and the chain behind it, (n, 1, 48, 48) in [0, 1] to logits (n, classes)."""
    units, before = [], 1
    for width in PATTERNS[name.removesuffix("-BN")]:
        if width == 0:
            units.append(nn.MaxPool2d(2))
            continue
        units.append(nn.Conv2d(before, width * UNIT, 3, padding=1))
        if name.endswith("-BN"):
            units.append(nn.BatchNorm2d(width * UNIT))
        units.append(nn.ReLU())
        before = width * UNIT
    hidden = (nn.Linear(before, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
    chain = nn.Sequential(*units, nn.Flatten(), *hidden, nn.Linear(64, classes))
    for unit in chain:
        if isinstance(unit, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(unit.weight, nonlinearity="relu")
            nn.init.zeros_(unit.bias)
    return nn.Sequential(Centred(), chain)


def train(name: str, faces: ImageData, seed: int = 0, steps: int | None = None) -> nn.Sequential:
    """One of `NAMES`, trained on faces (n, 1, 48, 48) and rounded to half precision; the same for a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = vgg(name, len(faces.classes)).to(memory_format=torch.channels_last)  # faster on processors
    rate = RATES[name[6:]]
    options = {"learning_rate": rate, "shift": 3, "mirror": True, "progress": False}
    steps = steps or (STEPS if len(faces) > 10_000 else FEWER)
    epochs = max(1, round(steps * BATCH / len(faces)))
    fit(model, faces.images, faces.labels, epochs=epochs, batch_size=BATCH, seed=seed, **options)
    return model.to(memory_format=torch.contiguous_format).half().float()


def path(source: str) -> Path:
    """Of the checkpoint for faces of this source."""
    return records.committed("checkpoints") / f"linear-depth-{records.slug(source)}.safetensors"


def load(source: str) -> dict[str, list[nn.Sequential]]:
    """The trained networks by name, one for each seed, in eval mode. Raises ValueError."""
    models = {name: [vgg(name).eval() for _ in range(SEEDS[name[:6]])] for name in NAMES}
    return starts.read(path(source), REMEDY, models)


def folded(chain: nn.Sequential) -> nn.Sequential:
    """A chain with each batch norm within the convolution before it: the same function, in eval mode."""
    units: list[nn.Module] = []
    for unit in chain:
        if isinstance(unit, nn.BatchNorm2d):
            units[-1] = fuse_conv_bn_eval(units[-1], unit)
        else:
            units.append(unit)
    return nn.Sequential(*units).eval()


def contributions(chain: nn.Sequential, images: Tensor) -> tuple[Tensor, Tensor]:
    """Theorem 1 for many images at once: the lead of the top score over the next, and what makes it up.

    `LinearInterpreter.contributions` gives the same for any graph, one image after another.

    Args:
        chain: of convolutions, linear layers, ReLUs and max-pooling, without other constants.
        images: (n, channels, height, width), as the chain sees them.

    Returns:
        leads (n,); parts (n, 1 + layers), the input's first, each row summing to the lead.
    """
    x = y = images.detach().requires_grad_()
    outputs, biases = [], []
    for unit in chain:
        y = unit(y)
        if isinstance(unit, nn.Conv2d | nn.Linear):
            outputs.append(y)
            biases.append(unit.bias)
    top = y.topk(2).values
    leads = top[:, 0] - top[:, 1]
    rows, *slopes = torch.autograd.grad(leads.sum(), [x, *outputs])
    at_channels = [slope.reshape(*slope.shape[:2], -1).sum(2) for slope in slopes]  # over all places
    given = [slope @ bias for slope, bias in zip(at_channels, biases, strict=True)]
    return leads.detach(), torch.stack([(rows * images).flatten(1).sum(1), *given], 1).detach()


def examined(
    model: nn.Sequential, images: Tensor, labels: Tensor
) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """What `contributions` finds on images and on the same after FGSM.

    Returns:
        by "clean" and "attacked": whether the label is seen (n,), leads (n,), parts (n, 1 + layers).
    """
    centred, chain = model[0], folded(model[1])
    found = {}
    for state, shown in (("clean", images), ("attacked", attacked(model, images, labels))):
        leads, parts = contributions(chain, centred(shown))
        with torch.no_grad():
            found[state] = chain(centred(shown)).argmax(1) == labels, leads, parts
    return found


def groups(name: str) -> dict[str, slice]:
    """Layers of one of `NAMES` as columns of `contributions`, from the input to the scores."""
    widths = PATTERNS[name.removesuffix("-BN")]
    blocks = [len(tuple(block)) for width, block in groupby(widths, bool) if width]
    first, last, end = 1 + blocks[0], 1 + sum(blocks[:-1]), 1 + sum(blocks)
    return {
        "before the first pooling": slice(1, first),
        "middle": slice(first, last),
        "last block": slice(last, end),
        "fully connected": slice(end, None),
    }


def main() -> Path:
    """Train all on the faces at hand, write them in half precision, and the record that vouches for them."""
    test, started = datasets.faces(), time.perf_counter()
    faces = test.training_split()
    models = {name: [train(name, faces, seed) for seed in range(SEEDS[name[:6]])] for name in NAMES}
    found = {
        name: [round(accuracy(model, test.images, test.labels), 4) for model in trained]
        for name, trained in models.items()
    }
    training = {"steps": [STEPS, FEWER], "batch": BATCH, "seeds": SEEDS, "rates": RATES}
    record = {"model": "narrow VGGs, with and without batch norm", "source": test.source}
    record |= {"training_images": len(faces), "test_images": len(test)}
    record |= {"test_accuracy": found["VGG-16-BN"][0], "training": training}
    record |= {"test_accuracies": found, "seconds": round(time.perf_counter() - started)}
    record |= {"torch": torch.__version__, "command": "python -m steerlens_lessons.l10_linear.depth"}
    return starts.write(path(test.source), models, record)


if __name__ == "__main__":
    print(main())
