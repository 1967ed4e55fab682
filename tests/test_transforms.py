"""Fourier and pixels: exact bases with the pyramid's interface; arithmetic of coefficients."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from steerlens import Coefficients, Fourier, Pixels, SteerablePyramid
from steerlens.transforms.base import _half_plane

SIZES = [(28, 28), (31, 45), (64, 48), (5, 4), (4, 5), (1, 1), (1, 6), (6, 1)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("transform", [Fourier, Pixels])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_reconstruction_and_parseval(shape, transform, dtype, images, tolerance):
    x = images(2, 3, *shape, dtype=dtype)
    t = transform(shape)
    c = t.analyze(x)
    assert (t.synthesize(c) - x).abs().max() <= tolerance[dtype]
    energy = x.square().flatten(1).sum(1)
    assert ((c.energy() - energy) / energy).abs().max() <= 1e-6


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**31))
def test_any_phase_edit_keeps_fourier_magnitudes_and_reality(height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(1, 1, height, width, dtype=torch.float64, generator=generator)
    fourier = Fourier((height, width))
    c = fourier.analyze(x)
    (band,) = c.bands
    turn = torch.polar(
        torch.ones(band.shape).double(), 7 * torch.randn(band.shape, generator=generator).double()
    )
    y = fourier.synthesize(Coefficients((band * turn,), c.residuals))
    assert y.dtype == torch.float64
    assert torch.allclose(torch.fft.fft2(y).abs(), torch.fft.fft2(x).abs(), atol=1e-10)


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_fourier_has_as_many_free_numbers_as_pixels(shape, images):
    c = Fourier(shape).analyze(images(1, 1, *shape) + 0.1)
    free, own = c.bands[0].abs() > 1e-12, c.residuals[0].abs() > 1e-12
    assert 2 * free.sum() + own.sum() <= math.prod(shape)
    weights, _, own_weights = _half_plane(shape, torch.float64, torch.device("cpu"))
    assert 2 * (weights > 0).sum() + own_weights.sum() == math.prod(shape)


def test_fourier_ignores_what_stands_at_entries_that_are_not_free(images):
    x, fourier = images(1, 1, 6, 8), Fourier((6, 8))
    c = fourier.analyze(x)
    band, own = c.bands[0].clone(), c.residuals[0].clone()
    band[band == 0] = 5 + 3j
    own[own == 0] = 7
    assert torch.allclose(fourier.synthesize(Coefficients((band,), (own,))), x, atol=1e-12)


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_synthesize_is_the_adjoint(shape, images):
    x, z = images(1, 2, *shape), images(1, 2, *shape, seed=1)
    fourier = Fourier(shape)
    a, b = fourier.analyze(x), fourier.analyze(z)
    other = b.map(lambda band: band * (0.3 + 2j), lambda residual: residual * -1.7)
    product = (a.bands[0].conj() * other.bands[0]).real.sum() + (a.residuals[0] * other.residuals[0]).sum()
    assert product == pytest.approx((x * fourier.synthesize(other)).sum().item(), abs=1e-10)


@pytest.mark.parametrize(
    "transform",
    [Fourier((4, 5)), Pixels((4, 5)), SteerablePyramid((6, 5), 1, 2)],
    ids=lambda t: type(t).__name__,
)
def test_gradcheck(transform, images):
    x = images(1, 1, *transform.shape).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: transform.synthesize(transform.analyze(x)), x)


def test_fourier_gradcheck_of_synthesis(images):
    fourier = Fourier((5, 4))
    c = fourier.analyze(images(1, 1, 5, 4))
    parts = (c.bands[0].requires_grad_(), c.residuals[0].requires_grad_())
    assert torch.autograd.gradcheck(lambda b, r: fourier.synthesize(Coefficients((b,), (r,))), parts)


def test_coefficients_rows_products_and_energy(images):
    c = SteerablePyramid((16, 16), 2, 3).analyze(images(4, 1, 16, 16))
    rows = c[torch.tensor([2, 0])]
    assert torch.equal(rows.bands[1], c.bands[1][[2, 0]])
    doubled = c * c.map(lambda band: torch.tensor(2.0), lambda residual: torch.tensor(2.0))
    assert torch.allclose(doubled.energy(), 4 * c.energy())
