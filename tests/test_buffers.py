"""Buffers: tensors like any other, whose memory is never another's while anything of them lives."""

import gc
import threading

import pytest
import torch

from steerlens._internal import buffers
from steerlens._internal.buffers import BLOCK, uninitialized

LIKE = torch.zeros(1)
SHAPE = (3, BLOCK // 4)  # float32: three blocks


@pytest.fixture(autouse=True)
def nothing_free(monkeypatch):
    gc.collect()
    monkeypatch.setattr(buffers, "_free", type(buffers._free)(list))


def kept():
    gc.collect()
    return sum(size * len(blocks) for size, blocks in buffers._free.items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.complex128])
@pytest.mark.parametrize("shape", [(1,), (3, 5), (70, 64, 65), (1, 5, 0)], ids=str)
def test_a_tensor_like_any_other(dtype, shape):
    memory = uninitialized(shape, torch.zeros(2, dtype=dtype))
    assert memory.dtype == dtype and memory.shape == shape and memory.is_contiguous()
    memory.fill_(1)
    assert memory.all()
    assert torch.equal(memory.clone(), memory)


def test_memory_is_used_again():
    first = uninitialized(SHAPE, LIKE)
    address = first.data_ptr()
    del first
    assert kept() == 3 * BLOCK
    assert uninitialized(SHAPE[::-1], LIKE.double()[:0].float()).data_ptr() == address


@pytest.mark.parametrize(
    "part",
    [
        lambda t: t[1:, ::7],
        lambda t: t.numpy()[0],
        lambda t: torch.from_dlpack(t),
        lambda t: t.view(torch.int32),
        lambda t: t.detach().requires_grad_().square(),
    ],
    ids=["view", "numpy", "dlpack", "other type", "graph"],
)
def test_never_while_a_part_of_it_lives(part):
    whole = uninitialized(SHAPE, LIKE)
    whole.fill_(7)
    held = part(whole)
    before = torch.as_tensor(held).detach().clone()
    del whole
    for _ in range(3):
        uninitialized(SHAPE, LIKE).fill_(-1)
    assert torch.equal(torch.as_tensor(held).detach(), before)
    del held
    assert kept() >= 3 * BLOCK


def test_what_waits_is_bounded(monkeypatch):
    monkeypatch.setattr(buffers, "KEPT", 7 * BLOCK)
    held = [uninitialized((blocks, BLOCK // 4), LIKE) for blocks in (1, 2, 3, 3)]
    held.clear()
    assert 3 * BLOCK < kept() <= 7 * BLOCK
    del held[:], monkeypatch
    large = uninitialized((8, BLOCK // 4), LIKE)
    del large
    assert kept() <= 7 * BLOCK


def test_threads_do_not_share():
    """Each writes its own number into buffers of one size, over and over."""
    wrong = []

    def work(number):
        for _ in range(50):
            memory = uninitialized(SHAPE, LIKE)
            memory.fill_(number)
            if not (memory == number).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
