"""Work on a batch a few rows at a time: what stays in the cache costs no page faults.

images_at_once  how many images the memory allows
row_slices      slices of a batch, of about equal length
in_chunks       a function of a batch, applied to slices of it
"""

import math
from collections.abc import Callable

from torch import Tensor

from .buffers import uninitialized

CPU_MEMORY, OTHER_MEMORY = 64, 1024  # MiB: about a processor's cache; a share of a GPU's memory
TRANSFORM = 64  # bytes for each of an image: its coefficients in a pyramid, their changes, spectra and frames
MODEL = 256  # and with a classifier's activations


def images_at_once(images: Tensor, memory: float | None = None, bytes_each: int = MODEL) -> int:
    """How many of these images, at least one, are worked on within ``memory`` MiB (None: as is fastest)."""
    if memory is None:
        memory = CPU_MEMORY if images.device.type == "cpu" else OTHER_MEMORY
    return max(1, int(memory * 2**20 / (bytes_each * images[:1].nbytes)))


def row_slices(batch: int, most: int) -> list[slice]:
    """Slices of ``batch`` rows, each of at most ``most`` (and at least one)."""
    count = math.ceil(batch / max(1, most))
    size = math.ceil(batch / count)
    return [slice(start, min(start + size, batch)) for start in range(0, batch, size)]


def in_chunks(
    function: Callable[..., tuple[Tensor, ...]], inputs: tuple[Tensor, ...], most: int
) -> tuple[Tensor, ...]:
    """``function(*inputs)``, which treats every row alone, applied to at most ``most`` rows at a time."""
    batch = len(inputs[0])
    if batch <= most:
        return function(*inputs)
    whole = None
    for rows in row_slices(batch, most):
        parts = function(*(tensor[rows] for tensor in inputs))
        whole = whole or tuple(uninitialized((batch, *part.shape[1:]), part) for part in parts)
        for into, part in zip(whole, parts, strict=True):
            into[rows] = part
    return whole
