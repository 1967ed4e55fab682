"""Which images are morphed, and what a morph did to them.

first_correct    the first images of a class that the model gets right
center_of_mass   where the brightness of an image lies
warp_energy      the share of an edit that a smooth warp of its source explains
"""

from .selection import first_correct
from .space import center_of_mass
from .warp import fit_warp, warp_energy

__all__ = ["center_of_mass", "first_correct", "fit_warp", "warp_energy"]
