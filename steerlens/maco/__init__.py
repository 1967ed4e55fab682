"""MACO: pictures of what a network looks for, by phases alone under a fixed spectrum of magnitudes.

visualization   `maco`: the ascent, and its baselines
objectives      what is looked for: a class, a channel, a neuron, a direction, an image's activations
spectra         magnitude spectra of photographs
"""

from . import objectives, spectra
from .visualization import Visualization, maco

__all__ = ["Visualization", "maco", "objectives", "spectra"]
