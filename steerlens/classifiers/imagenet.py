"""Classifiers trained on ImageNet, for images in [0, 1]: normalisation is their first layer."""

import contextlib
import io
import logging
import pickle
from http.client import HTTPException

import torch
from torch import nn
from torchvision import models
from torchvision.transforms import Normalize

from .._internal.checks import check_choice
from ..data.files import data_root, impatient_sockets

log = logging.getLogger(__name__)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of most of them


def pretrained(name: str = "squeezenet1_0") -> nn.Module | None:
    """A classifier (batch, 3, height, width) in [0, 1] to logits (batch, 1000), in eval mode.

    The weights are ``imagenet/NAME.pth`` in the folder of the data, else torchvision's own, from its cache or
    downloaded once.

    Args:
        name: of one of torchvision's classifiers, "resnet18" for instance.

    Returns:
        ``nn.Sequential`` of the normalisation that its weights want, and the network; None, and a line that
        says so, where there are none.

    Raises:
        ValueError: an unknown name, or a file of weights that does not fit the network.
    """
    check_choice("name", name, models.list_models(module=models))
    path = data_root() / "imagenet" / f"{name}.pth"
    if path.is_file():
        slow = name in ("googlenet", "inception_v3")  # to initialise; weights follow anyway
        network = models.get_model(name, **({"init_weights": False} if slow else {}))
        try:
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except (RuntimeError, pickle.UnpicklingError, EOFError, TypeError) as error:
            found = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise ValueError(f"{path}: expected the weights of {name}, got {found}") from error
    else:
        try:
            with impatient_sockets(), contextlib.redirect_stderr(io.StringIO()):  # torch.hub announces it
                network = models.get_model(name, weights="DEFAULT")
        except (OSError, RuntimeError, HTTPException):
            log.warning(f"The weights of {name} are not in {path.parent} and cannot be downloaded.")
            return None
    return nn.Sequential(normalization(name), network).eval()


def normalization(name: str) -> Normalize:
    """The first layer: means and deviations of the colours that the network's weights were trained with."""
    transforms = models.get_model_weights(name).DEFAULT.transforms()
    return Normalize(transforms.mean, transforms.std)
