"""Transforms: images to coefficients with phases, and back. All are tight frames.

base      `Coefficients`, the protocol `Transform`, and the two simplest: `Fourier`, `Pixels`
pyramid   `SteerablePyramid`
masks     its radial and angular filters
fft       orthonormal FFTs that keep their last digit at any size
color     YIQ
"""

from . import color
from .base import Fourier, Pixels, Transform
from .coefficients import Coefficients
from .pyramid import SteerablePyramid

__all__ = ["Coefficients", "Fourier", "Pixels", "SteerablePyramid", "Transform", "color"]
