"""Lesson 11: the figure of scores against k."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from steerlens.morphs.morph import Morph
from steerlens.plot.figures import WIDTH, closed


def scores_against_k(morphs: Mapping[str, Morph]) -> Figure:
    """One panel a method: the probability of the target against k (logarithmic), a line an image.

    The thick line is the median. The source, at k = 0, stands at the left border.

    Args:
        morphs: by the name of the method.
    """
    figure, axes = plt.subplots(
        1, len(morphs), figsize=(WIDTH, 2.6), sharey=True, layout="constrained", squeeze=False
    )
    for axis, (name, morph) in zip(axes[0], morphs.items(), strict=True):
        k, p = morph.steps.clone(), morph.target_probabilities
        k[0] = k[1] / 2
        axis.plot(k, p.T, color="0.75", linewidth=1)
        axis.plot(k, p.median(0).values, color="C0", linewidth=2.5)
        axis.set_xscale("log", base=2)
        axis.set(title=name, xlabel="k", ylim=(-0.02, 1.02))
        axis.xaxis.set_major_formatter("{x:g}")
    axes[0, 0].set_ylabel("probability of the target")
    return closed(figure)
