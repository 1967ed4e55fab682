"""Frozen paths: a sweep is what its images are one by one, and both are Eq. 9-11 written out."""

import pytest
import torch

from steerlens import Fourier, Pixels, SteerablePyramid
from steerlens.morphs.gradients import gradient_step
from steerlens.morphs.paths import FrozenParts, FrozenPath
from steerlens.morphs.steps import AMPLITUDES, amplitude_gain, phasor
from steerlens.morphs.weights import edit_weights

SHAPE = (9, 12)
TRANSFORMS = [SteerablePyramid(SHAPE, 2, 3, padding=1), Fourier(SHAPE), Pixels(SHAPE)]
each_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)


def path_of(transform, images, amplitude, dtype=torch.float64):
    x, gradient = images(5, 2, *SHAPE, dtype=dtype), images(5, 2, *SHAPE, dtype=dtype, seed=1) - 0.5
    parts = FrozenParts.at(x, gradient, transform, edit_weights(transform, x), 0.2, amplitude)
    return x, gradient, FrozenPath(parts, transform, amplitude)


@each_transform
@pytest.mark.parametrize("amplitude", AMPLITUDES)
@pytest.mark.parametrize("together", [1, 2, 50])
@pytest.mark.parametrize("k", [list(range(1, 8)), [0.1, 0.5, 0.9, 4.0, 40.0]], ids=["whole", "real"])
def test_a_sweep_is_its_images_one_by_one(transform, amplitude, together, k, images):
    _, _, path = path_of(transform, images, amplitude)
    frames = torch.cat(list(path.sweep(slice(1, 4), k, together)))
    assert frames.shape == (len(k), 3, 2, *SHAPE)
    for position, images_there in zip(k, frames, strict=True):
        alone = path(torch.arange(1, 4), torch.full((3,), position))
        assert torch.allclose(images_there, alone, atol=1e-12)


@each_transform
@pytest.mark.parametrize("amplitude", AMPLITUDES)
def test_against_the_equations(transform, amplitude, images):
    x, gradient, path = path_of(transform, images, amplitude)
    k = torch.tensor([0.0, 1.0, 2.5, 7.0, 30.0], dtype=torch.float64)
    source, uphill = transform.analyze(x), transform.analyze(gradient) * edit_weights(transform, x)
    bands = []
    for S, g in zip(source.bands, uphill.bands, strict=True):
        z = gradient_step(S, g / 2, 0.2)
        each = k[:, None, None, None, None]
        A = S.abs() * amplitude_gain(z.abs(), each, amplitude)
        bands.append(torch.polar(A, S.angle() + each * z.angle()))
    pairs = zip(source.residuals, uphill.residuals, strict=True)
    residuals = [r + k[:, None, None, None] * 0.2 * g for r, g in pairs]
    expected = transform.synthesize(type(source)(tuple(bands), tuple(residuals))).clamp(0, 1)
    assert torch.allclose(path(torch.arange(5), k), expected, atol=1e-12)


def test_many_turns_in_single_precision(images):
    """The product of a thousand unit factors stays as near to exp(i k arg z) as float32 can tell."""
    _, _, path = path_of(TRANSFORMS[0], images, "constant", torch.float32)
    *_, last = path.sweep(slice(0, 5), range(1, 1001), 100)
    assert (last[-1] - path(torch.arange(5), torch.full((5,), 1000.0))).abs().max() < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_phasor_is_the_complex_exponential(dtype, tolerance):
    angle = torch.linspace(-30, 30, 1001, dtype=dtype).view(7, 143)
    assert (phasor(angle) - torch.polar(torch.ones_like(angle), angle)).abs().max() <= tolerance[dtype]
    assert phasor(angle.T).shape == (143, 7)
    assert torch.equal(phasor(angle.T), phasor(angle).T)
