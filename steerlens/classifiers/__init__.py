"""Classifiers, for images in [0, 1].

    networks   the small ones of the lessons
    training   fitting and scoring them
    models     checkpoints: `load`
    imagenet   torchvision's, with their normalisation

Each is loaded when it is first used, since torchvision takes long.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # the names of __init__.pyi
