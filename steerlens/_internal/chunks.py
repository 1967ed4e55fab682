"""Work on a batch a few rows at a time: what stays in the cache costs no page faults.

images_at_once  how many images the memory allows
too_large       whether one image's coefficients are more than that
row_slices      slices of a batch, of about equal length
in_chunks       a function of a batch, applied to slices of it
"""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

CPU_MEMORY, OTHER_MEMORY = 64, 1024  # MiB: about a processor's cache; a share of a GPU's memory
LARGE = 1024  # MiB for the coefficients of one image, unless told otherwise
TRANSFORM = 64  # bytes for each of an image: its coefficients in a pyramid, their changes, spectra and frames
MODEL = 256  # and with a classifier's activations


def images_at_once(images: Tensor, memory: float | None = None, bytes_each: int = MODEL) -> int:
    """How many of these images, at least one, are worked on within ``memory`` MiB (None: as is fastest)."""
    if memory is None:
        memory = CPU_MEMORY if images.device.type == "cpu" else OTHER_MEMORY
    return max(1, int(memory * 2**20 / (bytes_each * images[:1].nbytes)))


def too_large(images: Tensor, memory: float | None = None) -> bool:
    """Whether what is made of one of these images in a transform exceeds ``memory`` MiB (None: a GiB)."""
    return TRANSFORM * images[:1].nbytes > (LARGE if memory is None else memory) * 2**20


def row_slices(batch: int, most: int) -> list[slice]:
    """Slices of ``batch`` rows, each of at most ``most`` (and at least one)."""
    count = math.ceil(batch / max(1, most))
    size = math.ceil(batch / count)
    return [slice(start, min(start + size, batch)) for start in range(0, batch, size)]


def in_chunks(function: Callable[..., Any], inputs: tuple[Any, ...], most: int) -> Any:
    """``function(*inputs)``, which treats every row alone, applied to at most ``most`` rows at a time.

    Args:
        function: returns tensors, or anything made of them that torch knows (tuples, `Coefficients`).
        inputs: whatever rows can be chosen of; all as long as the first.
        most: how many rows.
    """
    batch = len(inputs[0])
    if batch <= most:
        return function(*inputs)
    whole: list[Tensor] = []
    for rows in row_slices(batch, most):
        parts, structure = pytree.tree_flatten(function(*(each[rows] for each in inputs)))
        whole = whole or [part.new_empty((batch, *part.shape[1:])) for part in parts]
        for into, part in zip(whole, parts, strict=True):
            into[rows] = part
    return pytree.tree_unflatten(whole, structure)
