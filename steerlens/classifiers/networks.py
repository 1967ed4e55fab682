"""The networks of the classifiers, untrained: images in [0, 1] to logits.

lenet, arcade_net   two convolutions and two linear layers each
face_net            five convolutions and two linear layers
mlp, resnet         judges of lesson 08: no convolution, and convolutions with shortcuts
vit                 a small transformer of torchvision's, whose layers are made of tokens
smooth_twin         a trained net without kinks, on which finite differences mean something
"""

from copy import deepcopy

from torch import Tensor, nn


def lenet(classes: int = 10, channels: int = 1, size: int = 28) -> nn.Sequential:
    """LeNet-like net (Sec. 4.2): logits (batch, classes) of (batch, channels, size, size); 4 divides size."""
    return nn.Sequential(
        *(nn.Conv2d(channels, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * (size // 4 - 2) ** 2, 128), nn.ReLU(), nn.Linear(128, classes)),
    )


def arcade_net(classes: int = 4) -> nn.Sequential:
    """CNN for the 64x64 Arcade images (Sec. 4.1): logits (batch, classes) of (batch, 1, 64, 64)."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 8 * 8, 64), nn.ReLU(), nn.Linear(64, classes)),
    )


def face_net(classes: int = 2) -> nn.Sequential:
    """CNN for 48x48 faces (Sec. 4.4): logits (batch, classes) of (batch, 1, 48, 48)."""

    def convolution(before: int, after: int) -> tuple[nn.Module, ...]:
        return nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()

    return nn.Sequential(
        *(*convolution(1, 32), nn.MaxPool2d(2)),
        *(*convolution(32, 64), *convolution(64, 64), nn.MaxPool2d(2)),
        *(*convolution(64, 128), *convolution(128, 128), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(128 * 6 * 6, 128), nn.ReLU()),
        *(nn.Dropout(0.5), nn.Linear(128, classes)),
    )


def mlp(classes: int = 10) -> nn.Sequential:
    """Two hidden layers of 512 units for 28x28 images: logits (batch, classes) of (batch, 1, 28, 28)."""
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(28 * 28, 512), nn.ReLU()),
        *(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, classes)),
    )


def resnet(classes: int = 10) -> nn.Sequential:
    """Small residual net (He et al., 2016) for grey images of any size: logits (batch, classes)."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
        *(ResidualBlock(16, 32), ResidualBlock(32, 64), ResidualBlock(64, 64)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes)),
    )


def vit(classes: int = 10) -> nn.Module:
    """Small vision transformer for grey 28x28 images: logits (batch, classes) of (batch, 1, 28, 28).

    torchvision's `VisionTransformer` (Dosovitskiy et al., 2021) with four layers of four heads. Its tokens
    are the class token, number 0, and 4 x 4 patches of 7x7 pixels, row by row. The layers
    ``encoder.layers.encoder_layer_0`` to ``_3`` give (batch, 17, 64), and their ``mlp.1``, the units behind
    the GELU, (batch, 17, 128).
    """
    from torchvision.models import VisionTransformer  # takes long, and only this network needs it

    width = 64
    network = VisionTransformer(28, 7, 4, 4, width, 128, num_classes=classes)
    network.conv_proj = nn.Conv2d(1, width, 7, stride=7)  # its own, and its stems, begin with three channels
    return network


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, the first of stride 2, beside a 1x1 shortcut of stride 2."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.shortcut = nn.Conv2d(before, after, 1, stride=2, bias=False)
        self.body = nn.Sequential(
            *(nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()),
            *(nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)),
        )

    def forward(self, images: Tensor) -> Tensor:
        """(batch, before, height, width) to (batch, after, half the height, half the width)."""
        return nn.functional.relu(self.shortcut(images) + self.body(images))


def smooth_twin(network: nn.Module, sharpness: float = 4.0) -> nn.Module:
    """A copy in float64 with softplus for each ``nn.ReLU`` and average for each ``nn.MaxPool2d``.

    It has the same weights and infinitely many derivatives, so that a finite difference and a gradient must
    agree anywhere; of the network itself they disagree within a step of a kink.

    Args:
        network: with its units as modules; functional ones stay as they are.
        sharpness: of softplus, log(1 + exp(sharpness x)) / sharpness.
    """
    twin = deepcopy(network).double()
    for parent in list(twin.modules()):
        for name, unit in parent.named_children():
            if isinstance(unit, nn.ReLU):
                setattr(parent, name, nn.Softplus(sharpness, threshold=100))  # beyond rounding errors
            elif isinstance(unit, nn.MaxPool2d):
                setattr(parent, name, nn.AvgPool2d(unit.kernel_size, unit.stride, unit.padding))
    return twin
