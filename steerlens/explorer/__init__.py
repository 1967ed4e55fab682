"""The explorer: a widget in which anyone can play with morphs, on the lessons' data or their own.

    explore       the widget
    opened        a picture file as an image for a classifier
    ChosenBands   a pyramid of which only some bands are edited
    Settings      what its controls say, as one value; ``make_morph`` makes the morph of it

Imports go one way: settings and cells, then views, pictures and plots, then galleries, presets, code and
export, then the widgets (panel, picker, stage, controls), then the explorer (app).
"""

from .app import Explorer, explore
from .cells import ChosenBands
from .galleries import opened
from .settings import Domain, Settings, make_morph

__all__ = ["ChosenBands", "Domain", "Explorer", "Settings", "explore", "make_morph", "opened"]
