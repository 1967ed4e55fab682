"""Orthonormal FFTs of the last two axes that keep their last digit at any size.

In float32 an FFT of a size with a large prime factor loses about a digit (Bluestein's algorithm); such sizes
are transformed in float64 and given back in the precision in which they came.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

LARGEST_PRIME = 47  # factor of a size at which float32 is left to itself


def fft2(images: Tensor) -> Tensor:
    """Complex spectrum of real or complex images (..., height, width)."""
    return _precise(torch.fft.fft2, images, images.shape[-2:])


def ifft2(spectrum: Tensor) -> Tensor:
    """Complex images of a spectrum (..., height, width)."""
    return _precise(torch.fft.ifft2, spectrum, spectrum.shape[-2:])


def rfft2(images: Tensor) -> Tensor:
    """The half of the spectrum of real images (..., height, width) that is not redundant."""
    return _precise(torch.fft.rfft2, images, images.shape[-2:])


def irfft2(half: Tensor, s: tuple[int, int]) -> Tensor:
    """Real images (..., *s) of the half of a Hermitian spectrum that `rfft2` returns."""
    return _precise(torch.fft.irfft2, half, s)


def _precise(transform: Callable[..., Tensor], x: Tensor, size: Sequence[int]) -> Tensor:
    single = x.dtype in (torch.float32, torch.complex64)
    if not single or x.device.type == "mps" or max(map(_largest_prime, size)) <= LARGEST_PRIME:
        return transform(x, s=tuple(size), norm="ortho")
    wide = transform(x.to(torch.promote_types(x.dtype, torch.float64)), s=tuple(size), norm="ortho")
    return wide.to(torch.complex64 if wide.is_complex() else torch.float32)


@lru_cache(maxsize=256)
def _largest_prime(size: int) -> int:
    """Largest prime factor of a size."""
    factor = 2
    while factor * factor <= size:
        if size % factor:
            factor += 1
        else:
            size //= factor
    return size
