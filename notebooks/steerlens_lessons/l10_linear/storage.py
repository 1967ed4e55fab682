"""Lesson 10: what it would cost to store a network's decisions (the paper's Tables 1 and 2).

PAPER          the networks of Table 1: how each is built, the input, what is printed
relu_entries   how many values all ReLUs of a network give, found from shapes alone; entries_of an input
kept_bytes     what a frozen network's graph holds
milliseconds   how long a row of F takes
"""

import timeit
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torchvision import models

from steerlens.linear import LinearInterpreter

from .networks import Residual

UNIT = 1024 * 1000  # bytes: with this one the printed digits of Table 1 come out


class Skip(nn.Sequential):
    """Layers beside the identity."""

    def forward(self, features: Tensor) -> Tensor:
        """Any shape that the layers keep."""
        return features + super().forward(features)


def edsr(channels: int = 256, blocks: int = 32) -> nn.Sequential:
    """The 4x super-resolution network EDSR (Lim et al., 2017)."""

    def convolution(before: int, after: int) -> nn.Conv2d:
        return nn.Conv2d(before, after, 3, padding=1)

    def block() -> Skip:
        return Skip(convolution(channels, channels), nn.ReLU(), convolution(channels, channels))

    doubled = [layer for _ in "12" for layer in (convolution(channels, 4 * channels), nn.PixelShuffle(2))]
    body = Skip(*(block() for _ in range(blocks)), convolution(channels, channels))
    return nn.Sequential(convolution(3, channels), body, *doubled, convolution(channels, 3))


def cyclegan(channels: int = 64, blocks: int = 9) -> nn.Sequential:
    """CycleGAN's generator for images of 256 x 256 (Zhu et al., 2017)."""
    wide, wider = 2 * channels, 4 * channels
    halved = [nn.Conv2d(a, 2 * a, 3, 2, 1) for a in (channels, wide)]
    doubled = [nn.ConvTranspose2d(a, a // 2, 3, 2, 1, 1) for a in (wider, wide)]

    def normed(layer: nn.Module, after: int) -> tuple[nn.Module, ...]:
        return layer, nn.InstanceNorm2d(after), nn.ReLU()

    return nn.Sequential(
        *normed(nn.Conv2d(3, channels, 7, padding=3), channels),
        *(*normed(halved[0], wide), *normed(halved[1], wider)),
        *(Residual(wider) for _ in range(blocks)),
        *(*normed(doubled[0], wide), *normed(doubled[1], channels)),
        *(nn.Conv2d(channels, 3, 7, padding=3), nn.Tanh()),
    )


PAPER: dict[str, tuple[Callable[[], nn.Module], tuple[int, int], int]] = {
    "VGG-19": (models.vgg19, (224, 224), 58),
    "CycleGAN": (cyclegan, (256, 256), 90),
    "EDSR": (edsr, (270, 480), 4147),
}


def relu_entries(build: Callable[[], nn.Module], size: tuple[int, int]) -> int:
    """How many values the ReLUs of a network give for one RGB image; it takes neither weights nor memory."""
    with torch.device("meta"):
        return entries_of(build().eval(), torch.zeros(1, 3, *size))


@torch.no_grad()
def entries_of(model: nn.Module, x: Tensor) -> int:
    """How many values the ReLUs of a network, modules of their own, give for an input."""
    counts: list[int] = []
    units = [unit for unit in model.modules() if isinstance(unit, nn.ReLU)]
    hooks = [unit.register_forward_hook(lambda *called: counts.append(called[-1].numel())) for unit in units]
    model(x)
    for hook in hooks:
        hook.remove()
    return sum(counts)


def kept_bytes(model: nn.Module, x0: Tensor) -> int:
    """Bytes that the graph of a `LinearInterpreter` keeps for calls of ``transpose``, weights left out."""
    own = {tensor.untyped_storage().data_ptr() for tensor in model.state_dict().values()}
    found: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        memory = tensor.untyped_storage()
        if memory.data_ptr() not in own:
            found[memory.data_ptr()] = memory.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        view = LinearInterpreter(model, x0)
    total = sum(found.values())
    del view  # until here its graph held what was counted
    return total


def milliseconds(view: LinearInterpreter, repeat: int = 5) -> float:
    """How long the first row of F takes, the shortest time of several."""
    return 1000 * min(timeit.repeat(lambda: view.row(0), number=1, repeat=repeat))
