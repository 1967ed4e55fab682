"""Memory for large results on a CPU, used again: to touch a new page costs more than what is computed on it.

    uninitialized   a tensor whose memory may have been another's, and goes on to the next when it is freed

It is NumPy's, which asks the system for huge pages. Up to `KEPT` bytes wait for their next use.
"""

import math
import weakref
from collections import defaultdict

import numpy as np
import torch
from torch import Tensor

KEPT = 2**28
BLOCK = 2**21  # blocks are multiples of it, a huge page; what is smaller is left to torch

_free: defaultdict[int, list[np.ndarray]] = defaultdict(list)  # by size; only its atomic methods are used

# What torch frees of its own memory, the C library gives back to the system at once, to fetch each page anew
# the next time, unless it has seen a larger block freed.
torch.empty(2**25 - 2**16, dtype=torch.uint8, device="cpu")


def uninitialized(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """A contiguous tensor of a shape, of the type and on the device of another, with any values."""
    size = math.prod(shape) * like.element_size()
    if like.device.type != "cpu" or size < BLOCK:
        return like.new_empty(shape)
    block = _block(math.ceil(size / BLOCK) * BLOCK)
    memory = block[:size].view(torch.empty(0, dtype=like.dtype).numpy().dtype).reshape(shape)
    weakref.finalize(memory, _release, block).atexit = False
    return torch.from_numpy(memory)  # which lives as long as anything that shares its values


def _block(size: int) -> np.ndarray:
    try:
        return _free[size].pop()
    except IndexError:
        block = np.empty(size, np.uint8)
        block[::4096] = 0  # by one thread: two that meet on a new page wait long
        return block


def _release(block: np.ndarray) -> None:
    _free[block.nbytes].append(block)
    for blocks in list(_free.values()):  # the sizes that came first go first
        while blocks and sum(size * len(kept) for size, kept in list(_free.items())) > KEPT:
            blocks.pop()
