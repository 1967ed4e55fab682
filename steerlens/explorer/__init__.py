"""The explorer: a widget in which anyone can play with morphs, on the lessons' data or their own.

    explore       the widget
    opened        a picture file as an image for a classifier
    Settings      what its controls say, as one value; ``make_morph`` makes the morph of it

Imports go one way: settings, uploads and views, pictures and galleries, export and controls, layout, app.
Each is loaded when it is first used: `explore` (opening) shows a picture before torch is there.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # the names of __init__.pyi
