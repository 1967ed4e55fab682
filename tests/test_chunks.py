"""Chunks: every row once and in order, none larger than asked for, as many images as memory allows."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from steerlens._internal.chunks import images_at_once, in_chunks, row_slices


@given(st.integers(1, 300), st.integers(-1, 400))
def test_slices_cover_the_batch(batch, most):
    slices = row_slices(batch, most)
    rows = [row for part in slices for row in range(batch)[part]]
    assert rows == list(range(batch))
    lengths = [part.stop - part.start for part in slices]
    assert max(lengths) <= max(1, most)
    assert max(lengths) - min(lengths) <= max(lengths) / 2 or len(slices) > len(set(lengths))


@pytest.mark.parametrize("most", [1, 3, 7, 100])
def test_in_chunks_is_the_function_itself(most):
    a, b = torch.arange(14.0).view(7, 2), torch.arange(7).double()
    seen = []

    def function(a, b):
        seen.append(len(a))
        return a.T.contiguous().T * 2, torch.complex(b, -b)

    doubled, both = in_chunks(function, (a, b), most)
    assert torch.equal(doubled, 2 * a)
    assert torch.equal(both, torch.complex(b, -b))
    assert max(seen) <= most and sum(seen) == 7


def test_as_many_images_as_the_memory_holds():
    images = torch.zeros(5, 1, 32, 32)
    assert images_at_once(images, 8) * 2 == images_at_once(images, 16)
    assert images_at_once(images, 8) == 2 * images_at_once(images.double(), 8)
    assert images_at_once(images, 1e-9) == 1
    assert images_at_once(images) == images_at_once(images, 64) == images_at_once(images, 16, 64)
