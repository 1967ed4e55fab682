"""Steerlens: what change would turn this image into that class? Class gradients as motion in phase.

>>> import steerlens as sl
>>> disks = sl.data.arcade(4, seed=0)
>>> model = sl.models.load("arcade", disks)
>>> pyramid = sl.SteerablePyramid((64, 64), scales=3, orientations=4)
>>> morph = sl.extrapolate(model, disks.images, 0, pyramid, alpha=1.0, steps=12)
>>> tuple(morph.frames.shape)
(4, 13, 1, 64, 64)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # the names of __init__.pyi
