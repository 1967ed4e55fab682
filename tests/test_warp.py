"""Smooth-warp energy: true warps are explained, noise is not, and the fit is a true minimum."""

import pytest
import torch

from steerlens.data import disks
from steerlens.evaluation import fit_warp, warp_energy
from steerlens.evaluation import warp as solver
from steerlens.evaluation.space import blurred

SHAPE = (28, 28)


def shapes(n, seed=0, size=28, dtype=torch.float32):
    """Smooth bright blobs on black, like thick strokes."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(n, 1, size, size, generator=generator, dtype=torch.float64)
    smooth = blurred(noise, 2.0)
    window = disks(torch.zeros(1), torch.zeros(1), size, size / 2 - 4).double()
    return (smooth / smooth.abs().amax((1, 2, 3), keepdim=True) * 3).clamp(0, 1).mul(window).to(dtype)


def random_fields(n, size, kinds=2, seed=1, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(n, kinds * 64, generator=generator, dtype=torch.float64).to(dtype)


def warped(sources, fields):
    kinds = fields.shape[1] // 64
    return solver.WarpProblem.of(sources, sources, 8, kinds).warped(fields)


@pytest.mark.parametrize("gain", [False, True])
@pytest.mark.parametrize("size", [0.3, 0.6])
def test_true_warps_are_explained(gain, size):
    sources = shapes(20)
    images = warped(sources, random_fields(20, size, 3 if gain else 2))
    fit = fit_warp(sources, images, gain=gain)
    assert fit.energy.median() > 0.99
    assert fit.energy.quantile(0.1) > 0.98
    torch.testing.assert_close(warp_energy(sources, images, gain=gain), fit.energy)


@pytest.mark.parametrize("dy, dx", [(1.0, 0.0), (0.0, -1.5), (2.0, 1.0)])
def test_a_translation_and_its_displacement(dy, dx):
    """An inverse warp looks where the image comes from."""
    n = 4
    center = torch.linspace(-2, 2, n)
    sources, images = (disks(center + a, -center + b, 32, 6.0) for a, b in ((0, 0), (dy, dx)))
    fit = fit_warp(sources, images)
    assert fit.energy.min() > 0.995
    edge = (images - sources).abs() > 0.2
    found = fit.displacement.movedim(1, -1)[edge[:, 0]].median(0).values
    torch.testing.assert_close(found, torch.tensor([-dy, -dx]), atol=0.3, rtol=0)
    assert fit.gain.abs().max() == 0


def test_noise_is_not_explained():
    sources = shapes(20)
    noise = torch.randn(sources.shape, generator=torch.Generator().manual_seed(2))
    noise = 2 * noise / noise.flatten(1).norm(dim=1)[:, None, None, None]
    for gain in (False, True):
        assert warp_energy(sources, sources + noise, gain=gain).median() < 0.25


def test_twice_the_steps_change_little():
    sources = shapes(20)
    images = (warped(sources, random_fields(20, 0.5)) + 0.5 * shapes(20, seed=9)).clamp(0, 1)
    few, many = (warp_energy(sources, images, steps=steps) for steps in (12, 24))
    assert (few.median() - many.median()).abs() < 0.01


def test_deterministic_and_each_image_for_itself():
    sources = shapes(70, dtype=torch.float64)
    images = shapes(70, seed=3, dtype=torch.float64)
    whole = fit_warp(sources, images, gain=True, steps=3)
    again = fit_warp(sources, images, gain=True, steps=3)
    some = fit_warp(sources[60:66], images[60:66], gain=True, steps=3)
    for name in ("energy", "displacement", "gain", "images"):
        assert torch.equal(getattr(whole, name), getattr(again, name))
        torch.testing.assert_close(getattr(whole, name)[60:66], getattr(some, name), atol=1e-8, rtol=1e-8)


def test_energy_is_what_its_images_say():
    sources, images = shapes(10), shapes(10, seed=5)
    fit = fit_warp(sources, images, gain=True)
    left, spent = ((images - part).square().sum((1, 2, 3)) for part in (fit.images, sources))
    torch.testing.assert_close(fit.energy, 1 - left / spent)
    assert ((fit.energy >= 0) & (fit.energy <= 1)).all()
    assert fit.gain.abs().max() <= 1


def test_no_edit_and_empty_images():
    sources = shapes(3)
    assert torch.equal(warp_energy(sources, sources), torch.ones(3))
    black = torch.zeros_like(sources)
    fit = fit_warp(black, sources, gain=True)
    assert torch.equal(fit.energy, torch.zeros(3))  # nothing to warp
    assert all(part.isfinite().all() for part in (fit.displacement, fit.gain, fit.images))


@pytest.mark.parametrize("channels, shape", [(1, (28, 28)), (3, (17, 22))])
@pytest.mark.parametrize("kinds", [2, 3])
def test_derivatives_against_differences(images, channels, shape, kinds):
    sources, target = images(2, channels, *shape), images(2, channels, *shape, seed=1)
    problem = solver.WarpProblem.of(sources, target, 8, kinds)
    fields = random_fields(2, 0.7, kinds, dtype=torch.float64)
    along = torch.randn(fields.shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    residual, jacobian = problem.linearized(fields)
    step = 1e-6
    numeric = (problem.linearized(fields + step * along)[0] - residual) / step
    torch.testing.assert_close((jacobian @ along[:, :, None])[..., 0], numeric, atol=1e-4, rtol=1e-4)
    assert torch.equal(problem.warped(0 * fields), sources)


def test_colour_and_odd_sizes(images):
    sources = images(3, 3, 21, 16, dtype=torch.float32)
    fit = fit_warp(sources, sources.roll(1, -1), steps=3)
    assert fit.displacement.shape == (3, 2, 21, 16)
    assert fit.images.shape == sources.shape
    assert (fit.energy > 0.2).all()


def test_bending_is_zero_for_straight_fields():
    _, bending = solver._grid(8, SHAPE, torch.float64, torch.device("cpu"))
    y, x = torch.meshgrid(*[torch.arange(8.0, dtype=torch.float64)] * 2, indexing="ij")
    for field in (torch.ones_like(x), x, y, 2 * x - y):
        assert (bending @ field.flatten()).abs().max() < 1e-12
    assert torch.linalg.eigvalsh(bending).min() > -1e-12
