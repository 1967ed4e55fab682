"""MACO: pictures of what a network looks for, by phases alone under a fixed spectrum of magnitudes.

visualization   `maco`: the ascent, and its baselines
spectra         magnitude spectra of photographs
"""

from ..morphs import objectives
from . import spectra
from .visualization import Visualization, maco

__all__ = ["Visualization", "maco", "objectives", "spectra"]
