"""Lesson 10: its figures.

root           a filter's values, the weak ones drawn stronger
voted          the pixels of an image that vote for a class
layer_shares   what input and layers contribute, in units of the score
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from steerlens.plot.figures import WIDTH, closed, styled


def root(values: Tensor) -> Tensor:
    """Square root of a filter (channels, height, width), summed over channels, with its sign: (1, ...)."""
    total = values.sum(0, keepdim=True)
    return total.sign() * total.abs().sqrt()


def voted(image: Tensor, voters: Tensor) -> Tensor:
    """The image (channels, height, width), nearly white but for the voters, (height, width) bool."""
    return image.where(voters, 0.15 * image + 0.85)


@styled
def layer_shares(names: Sequence[str], found: Mapping[str, Tensor]) -> Figure:
    """Mean and standard deviation of each layer's share of the top score: a panel for each group of images.

    Args:
        names: of input and layers.
        found: shares (n, names), by name of the group.
    """
    shape = {"sharex": True, "sharey": True, "squeeze": False, "figsize": (WIDTH, 0.15 * len(names) + 0.6)}
    figure, axes = plt.subplots(1, len(found), **shape)
    for axis, (group, shares) in zip(axes[0], found.items(), strict=True):
        error = {"xerr": shares.std(0).tolist(), "error_kw": {"linewidth": 1, "ecolor": "0.3"}}
        axis.barh(range(len(names)), shares.mean(0).tolist(), **error)
        axis.axvline(0, color="0.6", linewidth=0.8)
        axis.set(title=group, xlabel="share of the score", ylim=(len(names) - 0.4, -0.6))
    axes[0, 0].set_yticks(range(len(names)), labels=names)
    return closed(figure)
