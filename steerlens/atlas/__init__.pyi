"""The public names of the atlas, each loaded when it is first used."""

from .site import site

__all__ = ["site"]
