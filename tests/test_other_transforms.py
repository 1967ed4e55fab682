"""The dual-tree wavelets and the Gabor frame that lessons compare the pyramid with."""

import math

import pytest
import torch
from steerlens_lessons.common.local_phases import DualTree, GaborFrame, half_sample_pair, local_phases

import steerlens as sl
from steerlens.transforms.base import check_transform

SIZES = [(32, 32), (28, 28), (31, 45), (33, 20), (5, 12)]
BOTH = ("DTCWT", "Gabor")

each = pytest.mark.parametrize("name", BOTH)


def made(name, shape, scales=3, padding=0):
    most = sl.SteerablePyramid.max_scales(shape)
    return local_phases(shape, min(scales, most), padding)[name]


def turned(coefficients, seed=0):
    """Other coefficients of the same shapes, at random."""
    generator = torch.Generator().manual_seed(seed)
    return coefficients.map(
        *(lambda part: torch.randn(part.shape, generator=generator, dtype=part.dtype) for _ in range(2))
    )


def product(one, other):
    return sum((a.conj() * b).real.sum() for a, b in zip(one.parts, other.parts, strict=True))


def wave(shape, fx, fy, dx=0.0, width=None):
    """A wave with fx and fy radians a pixel, within a Gaussian if a width is given, moved dx to the right."""
    y, x = (torch.arange(n, dtype=torch.float64) - n // 2 for n in shape)
    y, x = torch.meshgrid(y, x - dx, indexing="ij")
    window = torch.exp(-(x**2 + y**2) / (2 * width**2)) if width else 1
    return (window * torch.cos(fx * x + fy * y))[None, None]


# What makes them transforms.
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@each
@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_reconstruction_and_parseval(shape, padding, name, dtype, images, tolerance):
    x = images(2, 3, *shape, dtype=dtype)
    transform = made(name, shape, padding=padding)
    c = transform.analyze(x)
    assert check_transform(transform) == shape and {part.dtype for part in c.residuals} == {dtype}
    assert len(c.residuals) == len(transform.residual_policy)
    assert (transform.synthesize(c) - x).abs().max() <= tolerance[dtype]
    energy = x.square().flatten(1).sum(1)
    assert ((c.energy() - energy) / energy).abs().max() <= 10 * tolerance[dtype]


@each
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_synthesize_is_the_adjoint(shape, name, images):
    x, transform = images(2, 3, *shape), made(name, shape)
    c = transform.analyze(x)
    other = turned(c)
    assert product(c, other).item() == pytest.approx((x * transform.synthesize(other)).sum().item(), abs=1e-9)


@each
def test_wirtinger_gradient_is_half_of_autograd_s(name, classifier, images):
    x, transform = images(2, 3, 13, 18), made(name, (13, 18), 2)
    model, targets = classifier((13, 18), channels=3), torch.tensor([1, 3])
    found = sl.wirtinger_gradient(model, x, targets, transform)
    leaves = [part.detach().requires_grad_() for part in transform.analyze(x).parts]
    c = sl.Coefficients.of(leaves, transform.scales)
    log_p = model(transform.synthesize(c)).log_softmax(1)
    wanted = torch.autograd.grad(log_p.gather(1, targets[:, None]).sum(), leaves)
    for n, (ours, torch_s) in enumerate(zip(found.parts, wanted, strict=True)):
        torch.testing.assert_close(ours, torch_s / 2 if n < transform.scales else torch_s, rtol=0, atol=1e-12)


@each
def test_channels_are_transformed_each_by_itself(name, images):
    x, transform = images(2, 3, 20, 16), made(name, (20, 16), 2)
    whole = transform.analyze(x)
    for channel in range(3):
        alone = transform.analyze(x[:, channel : channel + 1])
        for one, all_of_them in zip(alone.parts, whole.parts, strict=True):
            torch.testing.assert_close(one[:, 0], all_of_them[:, channel])


@each
def test_morphs_take_them(name, classifier, images):
    x, transform = images(2, 3, 16, 16, dtype=torch.float32), made(name, (16, 16), 2)
    model, before = classifier((16, 16), channels=3, dtype=torch.float32), x.clone()
    for morph in (
        sl.extrapolate(model, x, 2, transform, alpha=0.1, steps=4),
        sl.steer(model, x, 2, transform, steps=4, residuals="fixed", progress=False),
    ):
        assert morph.frames.shape == (2, 5, 3, 16, 16) and torch.equal(morph.frames[:, 0], x)
        assert (morph.target_probabilities[:, -1] > morph.target_probabilities[:, 0]).all()
    assert torch.equal(x, before)


# What makes their phases local.
@pytest.mark.parametrize("name, scale, orientation", [("DTCWT", 1, 2), ("DTCWT", 2, 3), ("Gabor", 1, 0)])
def test_phases_turn_by_frequency_times_displacement(name, scale, orientation):
    transform, frequency = made(name, (64, 64)), 0.75 * math.pi / 2**scale
    still, moved = (transform.analyze(wave((64, 64), frequency, 0, d, 10)) for d in (0.0, 0.8))
    before, after = (c.bands[scale][0, 0, orientation] for c in (still, moved))
    turn = (before.conj() * after).sum().angle().abs().item()
    assert turn == pytest.approx(0.8 * frequency, abs=0.05)
    energies = [c.bands[scale].abs().square().sum((0, 1, 3, 4)) for c in (still, moved)]
    assert all(energy[orientation] > 0.3 * energy.sum() for energy in energies)


@each
def test_a_motion_changes_phases_more_than_moduli(name):
    """An edge that moves by a pixel, in the coarsest scale."""
    square = torch.zeros(1, 1, 64, 64, dtype=torch.float64)
    square[..., 20:44, 20:44] = 1
    transform = made(name, (64, 64))
    still, moved = (transform.analyze(x).bands[-1] for x in (square, square.roll(1, -1)))
    of_moduli = (moved.abs() - still.abs()).norm()
    assert of_moduli < 0.3 * (moved - still).norm()


@each
def test_orientations_are_told_apart(name):
    transform = made(name, (64, 64))
    degrees = (15, 45, 75, 105, 135, 165) if name == "DTCWT" else (0, 45, 90, 135)
    strongest = []
    for angle in map(math.radians, degrees):
        fx, fy = math.cos(angle), math.sin(angle)
        size = 3 * math.pi / 8 / max(abs(fx), abs(fy))  # separable bands have square borders
        c = transform.analyze(wave((64, 64), size * fx, size * fy, width=12))
        strongest.append(int(c.bands[1].abs().square().sum((0, 1, 3, 4)).argmax()))
    assert sorted(strongest) == list(range(len(degrees)))


def test_filters_are_orthonormal_and_half_a_sample_apart():
    pair = half_sample_pair()
    for taps in pair:
        lags = [(taps[2 * k :] * taps[: len(taps) - 2 * k]).sum().item() for k in range(len(taps) // 2)]
        assert lags == pytest.approx([1, *[0] * (len(lags) - 1)], abs=1e-12)
        assert taps.sum().item() == pytest.approx(2**0.5, abs=1e-12)
    first, second = (torch.fft.fft(taps, 256) for taps in pair)
    w = 2 * math.pi * torch.arange(64) / 256  # up to half of Nyquist
    delay = (second * first.conj())[:64].angle()
    assert (delay + w / 2).abs().max() < 0.03


# What they refuse.
@pytest.mark.parametrize("kind", [DualTree, GaborFrame])
def test_bad_settings(kind):
    with pytest.raises(ValueError, match="scales: expected an integer from 1 to 3, got 4"):
        kind((16, 20), scales=4)
    with pytest.raises(TypeError, match=r"scales: expected an integer from 1 to 3, got 1\.5"):
        kind((16, 20), scales=1.5)


@each
def test_bad_images_and_coefficients(name, images):
    transform = made(name, (16, 20), 2)
    with pytest.raises(ValueError, match="images: expected"):
        transform.analyze(images(1, 1, 16, 16))
    c = transform.analyze(images(1, 1, 16, 20))
    with pytest.raises(ValueError, match="coefficients: expected bands"):
        transform.synthesize(sl.Coefficients(c.bands[:1], c.residuals))


@each
def test_settings_are_part_of_the_state(name):
    ours, other = made(name, (16, 20), 2), made(name, (16, 20), 1)
    ours.load_state_dict(made(name, (16, 20), 2).state_dict())
    with pytest.raises(ValueError, match="state_dict: expected settings"):
        ours.load_state_dict(other.state_dict())
