"""The atlas: every image of a data set on its way to other classes, and a page to look at it.

site    static HTML of an atlas's folder, which works from the file system
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # the names of __init__.pyi
