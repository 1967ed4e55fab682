"""The public names of the atlas, each loaded when it is first used."""

from .run import atlas
from .site import site

__all__ = ["atlas", "site"]
