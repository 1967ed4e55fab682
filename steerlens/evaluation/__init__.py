"""Which images are morphed, and what a morph did to them.

first_correct      the first images of a class that the model gets right
center_of_mass     where the brightness of an image lies
editors            pixels, Fourier, pyramid and warp, live and frozen, each with the same pace and objective
matched_edit       their images at exactly one L2 distance
warp_energy        the share of an edit that a smooth warp of its source explains
median_interval    a median with its bootstrap interval; median_difference, mean_difference: of two,
                   paired by source
"""

from .bootstrap import mean_difference, median_difference, median_interval, resamples
from .matched import Editor, editors, matched_edit
from .selection import first_correct
from .space import center_of_mass
from .warp import fit_warp, warp_energy

__all__ = [
    "Editor",
    "center_of_mass",
    "editors",
    "first_correct",
    "fit_warp",
    "matched_edit",
    "mean_difference",
    "median_difference",
    "median_interval",
    "resamples",
    "warp_energy",
]
