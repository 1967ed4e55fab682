"""Steerlens: what change would turn this image into that class? Class gradients as motion in phase.

>>> import steerlens as sl
>>> disks = sl.data.arcade(4, seed=0)
>>> model = sl.models.load("arcade", disks)
>>> pyramid = sl.SteerablePyramid((64, 64), scales=3, orientations=4)
>>> morph = sl.extrapolate(model, disks.images, 0, pyramid, alpha=1.0, steps=12)
>>> tuple(morph.frames.shape)
(4, 13, 1, 64, 64)
"""

from . import color, data, evaluation, imagenet, linear, maco, models, objectives, spectra
from .explorer import explore
from .gradients import gradient_step, polar_gradient, wirtinger_gradient
from .morph import Morph, extrapolate
from .plot import filmstrip
from .pyramid import SteerablePyramid
from .steering import steer
from .transforms import Coefficients, Fourier, Pixels

__all__ = [
    "Coefficients",
    "Fourier",
    "Morph",
    "Pixels",
    "SteerablePyramid",
    "color",
    "data",
    "evaluation",
    "explore",
    "extrapolate",
    "filmstrip",
    "gradient_step",
    "imagenet",
    "linear",
    "maco",
    "models",
    "objectives",
    "polar_gradient",
    "spectra",
    "steer",
    "wirtinger_gradient",
]
