"""The modules, for type checkers and for lazy_loader."""

from . import imagenet, models, networks, training

__all__ = ["imagenet", "models", "networks", "training"]
