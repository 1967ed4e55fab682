"""The public names, for type checkers and for lazy_loader, which loads each when it is first used."""

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
