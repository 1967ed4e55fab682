"""Morphs: a class gradient turned into a change of phase, and followed.

scores       what a model says, and the score that is raised (Eq. 1)
objectives   scores of hidden layers
views        random views, over which a gradient is averaged
gradients    Wirtinger gradients of the score (Eq. 1, 3-9)
steps        which coefficients are edited, and one step
frozen       the path of one gradient, amplified (Eq. 2, 10-11, Appendix B)
morph        `Morph`, its frames and distances; `extrapolate`, along that path
steering     `steer`: the gradient anew at every step
"""

from .frozen import extrapolate
from .gradients import gradient_step, polar_gradient, wirtinger_gradient
from .morph import Morph
from .steering import steer

__all__ = ["Morph", "extrapolate", "gradient_step", "polar_gradient", "steer", "wirtinger_gradient"]
