"""SqueezeNet and the photographs that stored tables are made of."""

from torch import nn

from steerlens import imagenet
from steerlens.data import ImageData, photos
from steerlens.data.files import data_root

NETWORK = "squeezenet1_0"


def network_and_photographs(size: int) -> tuple[nn.Module, ImageData]:
    """The network, and 100 photographs (100, 3, size, size). Raises FileNotFoundError without both."""
    model, data = imagenet.pretrained(NETWORK), photos(size)
    if model is None or len(data) != 100:
        raise FileNotFoundError(f"expected the weights of {NETWORK} and 100 photographs in {data_root()}")
    return model, data
