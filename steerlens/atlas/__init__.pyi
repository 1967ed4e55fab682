"""The public names of the atlas, each loaded when it is first used."""

from .run import atlas

__all__ = ["atlas"]
