"""Which images are morphed, and what a morph did to them.

first_correct      the first images of a class that the model gets right
center_of_mass     where the brightness of an image lies
editors            pixels, Fourier, pyramid and warp, live and frozen, each with the same pace and objective
matched_edit       their images at exactly one L2 distance
held_editors       those that hold the distance and go on, with a smoothed gradient
reference_editors  noise, smooth noise and the nearest example: what a score is worth
band_probe         what moving one band by the gradient gains over moving it at random
warp_energy        the share of an edit that a smooth warp of its source explains
median_interval    a median with its bootstrap interval; median_difference, mean_difference: of two,
                   paired by source
"""

from .bootstrap import mean_difference, median_difference, median_interval, resamples
from .held import Smoothed, held_editors
from .matched import Editor, editors, matched_edit
from .probes import BandProbe, band_probe
from .selection import first_correct
from .space import center_of_mass
from .straight import reference_editors, straight_edit
from .warp import fit_warp, warp_energy

__all__ = [
    "BandProbe",
    "Editor",
    "Smoothed",
    "band_probe",
    "center_of_mass",
    "editors",
    "first_correct",
    "fit_warp",
    "held_editors",
    "matched_edit",
    "mean_difference",
    "median_difference",
    "median_interval",
    "reference_editors",
    "resamples",
    "straight_edit",
    "warp_energy",
]
