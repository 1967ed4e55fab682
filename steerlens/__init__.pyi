"""The public names, for type checkers and for lazy_loader, which loads each when it is first used."""

from . import atlas, data, evaluation, linear, maco, plot
from .classifiers import imagenet, models
from .explorer import explore
from .maco import spectra
from .morphs import objectives
from .morphs.frozen import extrapolate
from .morphs.gradients import gradient_step, polar_gradient, wirtinger_gradient
from .morphs.morph import Morph
from .morphs.steering import steer
from .morphs.views import Views
from .plot.morphs import filmstrip
from .transforms import color
from .transforms.base import Fourier, Pixels
from .transforms.coefficients import Coefficients
from .transforms.pyramid import SteerablePyramid

__all__ = [
    "Coefficients",
    "Fourier",
    "Morph",
    "Pixels",
    "SteerablePyramid",
    "Views",
    "atlas",
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
    "plot",
    "polar_gradient",
    "spectra",
    "steer",
    "wirtinger_gradient",
]
