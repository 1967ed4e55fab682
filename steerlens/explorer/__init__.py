"""The explorer: a widget in which anyone can play with morphs, on the lessons' data or their own.

    explore       the widget
    opened        a picture file as an image for a classifier
    Settings      what its controls say, as one value; ``make_morph`` makes the morph of it

Imports go one way: settings, pictures and galleries, then export and controls, then layout, then app.
"""

from .app import Explorer, explore
from .galleries import opened
from .settings import Domain, Settings, make_morph

__all__ = ["Domain", "Explorer", "Settings", "explore", "make_morph", "opened"]
