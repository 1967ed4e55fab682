"""The public names, for type checkers and for lazy_loader."""

from .app import Explorer
from .opening import explore
from .settings import Domain, Settings, make_morph
from .uploads import opened

__all__ = ["Domain", "Explorer", "Settings", "explore", "make_morph", "opened"]
