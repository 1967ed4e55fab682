"""Lesson 14: channels and neurons of two layers, drawn by MACO, computed once and stored.

DRAWN, LAYERS, CHANNELS   the table with its sheet, and the units that are in it
until                     the network up to a layer: all that such a unit needs
frame                     what a place of a layer sees
Exciting                  the places of photographs that excite units most
Drawer                    draws a unit, and measures how much the picture excites it and its neighbours

``python -m steerlens_lessons.l14_channels.units`` (``make tables``) draws what is missing: 2 s a unit.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from steerlens import objectives
from steerlens.data import photos
from steerlens.maco.spectra import Spectrum, magnitude_spectrum
from steerlens.maco.visualization import maco

from ..common.activations import activations
from ..common.sheets import Drawn, Sheet, weights_digest
from ..common.squeezenet import NETWORK, network_and_photographs

DRAWN = Sheet(f"drawn-{NETWORK}-units", ("layer", "kind", "channel"), tile=96, across=16)
LAYERS = (
    "1.features.5.expand3x3",
    "1.features.9.expand3x3",
)  # before the ReLU: after it many have no gradient
SEEN = {LAYERS[0]: (5, 4, 35), LAYERS[1]: (9, 8, 91)}  # pixels: middle of the first place, step, width
COUNT = 32  # channels of each layer, evenly by number
CANVAS, PHOTOGRAPHS = 96, 160  # pixels: what is drawn, and the photographs that excite
SETTINGS = {"steps": 80, "crops": 1, "sides": (1.0, 0.8), "noise": 0.05, "rate": 0.2, "seed": 0}
KINDS = {"channel": objectives.channel, "neuron": objectives.neuron}
EARLY = 8  # step whose score another machine finds within some percent


def until(model: nn.Module, layer: str) -> nn.Module:
    """The network up to the block of a layer, under the same names."""
    number = int(layer.split(".")[2])
    front = nn.Module()
    front.features = model[1].features[: number + 1]
    front.forward = front.features.forward
    return nn.Sequential(model[0], front).eval()


def frame(layer: str, row: int, column: int) -> tuple[int, int, int]:
    """Top, left and side, in pixels, of the square that a place of a layer sees; it may leave the image."""
    first, step, wide = SEEN[layer]
    return first + step * row - wide // 2, first + step * column - wide // 2, wide


def channels_of(model: nn.Module, layer: str) -> list[int]:
    """The numbers of the channels that are drawn."""
    count = model.get_submodule(layer).out_channels
    return list(range(0, count, count // COUNT))


@dataclass(frozen=True)
class Exciting:
    """Photographs (channels, k) by their greatest activation, the values, and its row and column there."""

    photographs: Tensor
    values: Tensor
    rows: Tensor
    columns: Tensor


def exciting(found: Tensor, count: int) -> Exciting:
    """The photographs whose greatest activation is largest, for each channel of (n, channels, h, w)."""
    values, places = found.flatten(2).max(2)
    best, order = values.topk(count, dim=0)
    place = places.gather(0, order)
    width = found.shape[-1]
    return Exciting(order.T, best.T, (place // width).T, (place % width).T)


@dataclass(frozen=True)
class Drawer:
    """What draws a unit: the network's fronts, the spectrum, and what photographs do to each layer."""

    fronts: dict[str, nn.Module]
    spectrum: Spectrum
    known: dict[str, Tensor]

    @classmethod
    def at_hand(cls) -> "Drawer":
        """SqueezeNet and the photographs. Raises FileNotFoundError where they are not there."""
        model, data = network_and_photographs(PHOTOGRAPHS)
        fronts = {layer: until(model, layer) for layer in LAYERS}
        known = {layer: activations(front, layer, data.images) for layer, front in fronts.items()}
        return cls(fronts, magnitude_spectrum(photos(CANVAS).images), known)

    def draw(self, layer: str, kind: str, channel: int) -> Drawn:
        """What is measured on the picture of a unit, and the picture (3, height, width)."""
        goal = KINDS[kind](self.fronts[layer], layer, channel)
        found = maco(goal, self.spectrum, **SETTINGS, progress=False)
        scores = {"early_score": found.scores[0, EARLY].item(), "last_score": found.scores[0, -1].item()}
        return self.measures(found.images, layer, kind, channel) | scores, found.images[0]

    def measures(self, image: Tensor, layer: str, kind: str, channel: int) -> dict[str, Any]:
        """How much an image (1, 3, h, w) excites a unit, beside the photographs and the other channels.

        ``activation`` is the mean over places of a channel, or the value in the middle for a neuron; ``most``
        is the largest of such means over the photographs, or of such values over all their places. ``place``
        is that of the channel among all of the layer (1 first), by deviations from what photographs give.
        """
        here, known = activations(self.fronts[layer], layer, image)[0], self.known[layer]
        if kind == "channel":
            values, photographs = here.mean((1, 2)), known.mean((2, 3))
        else:
            values = here[:, here.shape[1] // 2, here.shape[2] // 2]
            photographs = known.movedim(1, -1).flatten(0, 2)
        scaled = (values - photographs.mean(0)) / photographs.std(0)
        row = {"activation": values[channel], "most": photographs[:, channel].max()}
        row |= {"deviations": scaled[channel], "place": (scaled > scaled[channel]).sum() + 1}
        return {name: value.item() for name, value in row.items()}


def main() -> None:
    """Draw what is missing, and write the table, its sheet and the record that vouches for both."""
    drawer, work = Drawer.at_hand(), Path("build") / DRAWN.name / "table.csv"
    units = [
        (layer, kind, channel)
        for layer in LAYERS
        for kind in KINDS
        for channel in channels_of(drawer.fronts[layer], layer)
    ]
    rows = DRAWN.compute(work, units, drawer.draw)
    record: dict[str, Any] = {"network": NETWORK, "canvas": CANVAS, "settings": SETTINGS}
    record |= {"weights_sha256": weights_digest(NETWORK)}
    record |= {"photographs": str(drawer.spectrum), "torch": torch.__version__, "command": "make tables"}
    DRAWN.keep(work, units, record, quality=80)
    print(f"wrote {DRAWN.path}: {len(rows)} units")


if __name__ == "__main__":
    main()
