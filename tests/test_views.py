"""Random views: the same draws for a seed and for every image, nothing when all is off, right gradients."""

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

import steerlens as sl

OFF = {"count": 3, "crops": (1.0, 1.0), "mirror": 0.0, "motion": 0, "noise": 0.0}
MOVED = {**OFF, "count": 40, "motion": 2}
VARIED = {"count": 5, "crops": (0.4, 0.9), "mirror": 0.5, "motion": 3, "noise": 0.1, "seed": 4}
BOTH = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


@BOTH
def test_nothing_happens_when_everything_is_off(images, dtype):
    x = images(2, 3, 9, 13, dtype=dtype)
    found = sl.Views(**OFF)(x)
    assert found.dtype == dtype and torch.allclose(found, x.repeat_interleave(3, 0), atol=1e-6)


@pytest.mark.parametrize("size", [None, 12, (5, 20)])
@BOTH
def test_shapes(images, dtype, size):
    found = sl.Views(**VARIED, size=size)(images(2, 3, 9, 13, dtype=dtype))
    expected = {None: (9, 13), 12: (12, 12)}.get(size, size)
    assert found.shape == (10, 3, *expected) and found.dtype == dtype and found.isfinite().all()


def test_a_seed_repeats_and_calls_differ(images):
    x, views = images(2, 3, 9, 13), sl.Views(**VARIED)
    first, second = views(x), views(x)
    assert not torch.allclose(first, second)
    for again in (sl.Views(**VARIED), views.restarted(), views.restarted()):
        assert torch.equal(again(x), first) and torch.equal(again(x), second)
    assert not torch.allclose(sl.Views(**{**VARIED, "seed": 5})(x), first)


def test_both_precisions_see_the_same(images):
    x, views = images(2, 3, 9, 13), sl.Views(**VARIED)
    assert torch.allclose(views(x), views.restarted()(x.float()).double(), atol=1e-5)


def test_neighbours_and_chunks_change_nothing(images):
    x, views = images(4, 1, 12, 12), sl.Views(**VARIED)
    parts = [views.restarted()(part) for part in (x[:1], x[1:])]
    assert torch.allclose(views(x), torch.cat(parts), atol=1e-12)


def test_other_draws_and_the_image_stay_as_they_were(images):
    x = images(1, 1, 12, 12)
    before, kept = torch.get_rng_state(), x.clone()
    sl.Views(**VARIED)(x)
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(x, kept)


def test_motion_moves_by_whole_pixels_and_no_farther(images):
    x = images(1, 1, 8, 8)
    around = nn.functional.pad(x, [2] * 4, mode="replicate")
    shifts = {(i, j): around[0, 0, i : i + 8, j : j + 8] for i in range(5) for j in range(5)}
    seen = set()
    for view in sl.Views(**MOVED)(x)[:, 0]:
        seen |= {shift for shift, moved in shifts.items() if torch.allclose(view, moved, atol=1e-6)}
    assert len(seen) > 10 and {i for i, _ in seen} == {j for _, j in seen} == set(range(5))


def test_mirrored_or_not(images):
    x = images(1, 1, 8, 8)
    assert torch.allclose(sl.Views(**{**OFF, "mirror": 1})(x), x.flip(-1), atol=1e-6)
    found = sl.Views(**{**OFF, "count": 40, "mirror": 0.5})(x)
    flipped = [torch.allclose(view, x[0].flip(-1), atol=1e-6) for view in found]
    assert 8 < sum(flipped) < 32


def test_crops_are_windows_of_the_image_enlarged(images):
    x = images(1, 1, 8, 8)
    views = sl.Views(**{**OFF, "count": 20, "crops": (0.5, 0.5)})
    windows = [x[..., i : i + 4, j : j + 4] for i in range(5) for j in range(5)]
    whole = torch.cat([interpolate(w, (8, 8), mode="bilinear", antialias=True) for w in windows])
    nearest = (views(x)[:, None] - whole[None]).abs().amax((2, 3, 4)).min(1)
    assert (nearest.values < 1e-6).all() and len(nearest.indices.unique()) > 8


def test_noise_has_its_deviation_and_is_shared(images):
    x, noise = images(2, 3, 32, 32), 0.2
    found = (sl.Views(**{**OFF, "noise": noise})(x) - x.repeat_interleave(3, 0)).view(2, 3, -1)
    assert found.std().item() == pytest.approx(noise, rel=0.05)
    assert torch.allclose(found[0], found[1], atol=1e-6) and not torch.allclose(found[0, 0], found[0, 1])


def test_the_gradient_is_the_adjoint(images):
    """Views are linear in the image but for the noise: <w, V d> = <V^T w, d>."""
    x, d = images(2, 3, 9, 13).requires_grad_(), images(2, 3, 9, 13, seed=1)
    views = sl.Views(**VARIED)
    found = views(x)
    w = images(*found.shape, seed=2)
    (gradient,) = torch.autograd.grad((w * found).sum(), x)
    forward = views.restarted()(x + d) - found
    assert (w * forward).sum().item() == pytest.approx((gradient * d).sum().item(), rel=1e-9)


WRONG = [
    ("count", 0, ValueError),
    ("count", 2.0, TypeError),
    ("crops", (0.0, 1.0), ValueError),
    ("crops", (0.9, 0.5), ValueError),
    ("crops", (0.5, 1.5), ValueError),
    ("crops", (0.5, None), TypeError),
    ("crops", 0.5, TypeError),
    ("crops", "ab", TypeError),
    ("crops", (0.5,), TypeError),
    ("mirror", 1.5, ValueError),
    ("mirror", True, TypeError),
    ("motion", -1, ValueError),
    ("motion", 0.5, TypeError),
    ("noise", -0.1, ValueError),
    ("noise", float("nan"), ValueError),
    ("size", 0, ValueError),
    ("size", (3, 4, 5), TypeError),
    ("size", "large", TypeError),
    ("seed", -1, ValueError),
]


@pytest.mark.parametrize(("name", "value", "error"), WRONG)
def test_wrong_arguments(name, value, error):
    with pytest.raises(error, match=f"^{name}: expected"):
        sl.Views(**{name: value})


@pytest.mark.parametrize("x", [None, torch.zeros(1, 8, 8), torch.zeros(1, 1, 8, 8, dtype=torch.uint8)])
def test_wrong_images(x):
    with pytest.raises((TypeError, ValueError), match="images: expected"):
        sl.Views()(x)
