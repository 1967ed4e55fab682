"""Lesson 16: what CRAFT is asked about, the happy faces and the photographs of dogs.

Subject         a network, the layers, the score of a class, and images that the network sees as that class
happy_faces     FER2013's, or schematic ones
photographs     of dogs and SqueezeNet; where there are no weights, the threes among the digits and LeNet
shuffled        a network that has learned nothing
training_faces  the happy faces that the concept bank is made of, all or some
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from steerlens import imagenet, models
from steerlens.data import digits, faces, photos, records
from steerlens.data.files import data_root
from steerlens.data.pictures import read_picture
from steerlens.morphs.scores import batched_logits

from ..l09_maco.measures import HOW, HOW_DIGITS

DOGS = range(151, 269)  # ImageNet's breeds
HAPPY = "happy"
HELD_OUT = 240  # test faces that are looked at


@dataclass(frozen=True)
class Subject:
    """What CRAFT is asked about.

    Attributes:
        model: images in [0, 1] to logits.
        layer, earlier: whose activations are factorised; that of sub-concepts.
        rest: from the layer's activations (n, channels, h, w) to logits.
        classes: whose score it is: the log-odds of a class or, of several, of the group.
        images: of these classes, (n, channels, height, width), to look at.
        source: what they are; tables are found by it.
        side, count, concepts: pixels of a crop, crops of an image, size of the concept bank.
        canvas: gives the images whose magnitudes MACO holds.
        how: settings of `steerlens.maco.maco`.
        pool: the images that crops are made of, by their indices.
    """

    model: nn.Module
    layer: str
    earlier: str
    rest: nn.Module
    classes: tuple[int, ...]
    images: Tensor
    source: str
    side: int
    count: int
    concepts: int
    canvas: Callable[[], Tensor]
    how: dict[str, Any]
    pool: Callable[[Tensor], Tensor]

    def score(self, activations: Tensor) -> Tensor:
        """Log-odds of the classes, log p / (1 - p), from the layer's activations: (n,)."""
        return log_odds(self.rest(activations), self.classes)


def log_odds(logits: Tensor, classes: tuple[int, ...]) -> Tensor:
    """log p / (1 - p) of a group of classes, (n,); of one of two classes, the difference of their logits."""
    own = torch.zeros(logits.shape[1], dtype=torch.bool)
    own[list(classes)] = True
    return logits[:, own].logsumexp(1) - logits[:, ~own].logsumexp(1)


def happy_faces() -> Subject:
    """The `face` network, and the test faces that it sees as happy."""
    data = faces()
    model = models.load("face", data)
    label = data.classes.index(HAPPY)
    happy = data.of_class(HAPPY).images[:HELD_OUT]
    seen = happy[batched_logits(model, happy).argmax(1).eq(label).nonzero()[:, 0]]
    rest = nn.Sequential(*model[17:])
    how = HOW_DIGITS | {"size": 48}
    sizes = (20, 2, 8)
    return Subject(
        model,
        "16",
        "9",
        rest,
        (label,),
        seen,
        data.source,
        *sizes,
        lambda: data.images[:500],
        how,
        training_faces,
    )


def training_faces(which: Tensor | None = None) -> Tensor:
    """Happy faces of the training split, all or those of some indices, (n, 1, 48, 48) in [0, 1]."""
    folder = data_root() / "fer2013" / "train" / HAPPY
    if not folder.is_dir() or which is None:
        happy = faces(train=True).of_class(HAPPY).images
        return happy if which is None else happy[which]
    paths = sorted(path for path in folder.glob("*") if path.suffix in (".jpg", ".png"))
    return torch.stack([read_picture(paths[n], 1) for n in which.tolist()])


def photographs() -> Subject:
    """SqueezeNet and the photographs of dogs, or the digits 3 and LeNet."""
    model = imagenet.pretrained()
    if model is None:
        return _threes()
    large = photos(224)
    dogs = torch.tensor([int(label) in DOGS for label in large.labels])
    classes = tuple(DOGS) if dogs.any() else tuple(large.labels.tolist())
    shown = large.images[dogs] if dogs.any() else large.images
    rest = nn.Sequential(model[1].classifier, nn.Flatten())
    layers, sizes, pool = ("1.features.12", "1.features.8"), (80, 60, 6), shown.__getitem__
    source = f"squeezenet1_0 and {large.source}"
    return Subject(
        model, *layers, rest, classes, shown, source, *sizes, lambda: photos(128).images, HOW, pool
    )


def _threes() -> Subject:
    """LeNet and the digits that it sees as a 3."""
    data = digits()[:400]
    model, three = models.load("lenet", data), 3
    seen = data.images[batched_logits(model, data.images).argmax(1) == three][:40]
    rest, source = nn.Sequential(*model[5:]), f"LeNet and {data.source}"
    sizes, pool = (14, 10, 6), seen.__getitem__
    return Subject(
        model, "4", "1", rest, (three,), seen, source, *sizes, lambda: data.images, HOW_DIGITS, pool
    )


def shuffled(model: nn.Module, images: Tensor, seed: int = 0) -> nn.Module:
    """A copy whose weights are shuffled within each tensor: it has learned nothing.

    Batch normalisation, where there is any, is fitted again to these images.
    """
    twin, generator = deepcopy(model), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in twin.parameters():
            order = torch.randperm(weights.numel(), generator=generator)
            weights.copy_(weights.flatten()[order].view_as(weights))
        norms = [module for module in twin.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.train().momentum = 1.0
        twin(images)
    return twin.eval()


def name(subject: Subject) -> str:
    """The name of its table."""
    return f"craft-{records.slug(subject.source)}"
