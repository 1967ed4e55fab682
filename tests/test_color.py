"""Colour: exact inverses, the standard's matrix, editing in YIQ, hues."""

import pytest
import torch
from skimage.color import rgb2yiq

import steerlens as sl
from steerlens.morphs.gradients import image_gradient
from steerlens.transforms.color import YIQ, hue, hue_difference, rgb_to_yiq, yiq_to_rgb

SHAPE = (12, 16)
EXACT = {torch.float32: 2e-6, torch.float64: 1e-14}
each_transform = pytest.mark.parametrize(
    "transform", [sl.SteerablePyramid(SHAPE, 2, 3), sl.Fourier(SHAPE), sl.Pixels(SHAPE)]
)


@pytest.mark.parametrize("dtype", EXACT)
@pytest.mark.parametrize("shape", [(12, 16), (1, 1), (7, 9)])
def test_there_and_back(images, dtype, shape):
    x = images(4, 3, *shape, dtype=dtype)
    for there, back in ((rgb_to_yiq, yiq_to_rgb), (yiq_to_rgb, rgb_to_yiq)):
        assert there(x).dtype == dtype
        torch.testing.assert_close(back(there(x)), x, atol=EXACT[dtype], rtol=0)


def test_the_matrix_is_that_of_scikit_image(images):
    x = images(2, 3, *SHAPE)
    expected = torch.as_tensor(rgb2yiq(x.movedim(1, -1).numpy())).movedim(-1, 1)
    torch.testing.assert_close(rgb_to_yiq(x), expected, atol=1e-14, rtol=0)


def test_grey_has_no_chrominance_and_every_channel_its_range(images):
    x = images(1, 1, *SHAPE)
    grey = rgb_to_yiq(x.expand(-1, 3, -1, -1))
    torch.testing.assert_close(grey[:, :1], x, atol=1e-8, rtol=0)
    assert grey[:, 1:].abs().max() < 1e-7
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 3)
    y, i, q = rgb_to_yiq(corners[:, :, None, None]).flatten(1).unbind(1)
    assert (y.min(), y.max()) == (0, pytest.approx(1))
    assert i.abs().max() == pytest.approx(0.5959, abs=1e-4)
    assert q.abs().max() == pytest.approx(0.5227, abs=1e-4)


@each_transform
def test_a_transform_in_yiq_reconstructs(images, transform):
    x = images(2, 3, *SHAPE)
    yiq = YIQ(transform)
    torch.testing.assert_close(yiq.synthesize(yiq.analyze(x)), x, atol=1e-13, rtol=0)
    assert (yiq.shape, yiq.residual_policy) == (transform.shape, transform.residual_policy)


@each_transform
def test_gradient_in_yiq(classifier, images, transform):
    """By the chain rule: the analysis of the pixel gradient times the transposed inverse matrix."""
    model, x = classifier(SHAPE, channels=3), images(2, 3, *SHAPE)
    found = sl.wirtinger_gradient(model, x, 1, YIQ(transform))
    pixel_gradient, _ = image_gradient(model, x, torch.tensor([1, 1]))
    eye = torch.eye(3, dtype=torch.float64)[:, :, None, None]
    inverse = yiq_to_rgb(eye).flatten(1).T  # its columns are the colours of Y, I and Q
    expected = transform.analyze(torch.einsum("ji,bjhw->bihw", inverse, pixel_gradient))
    for a, b in zip(found.bands, expected.bands, strict=True):
        torch.testing.assert_close(a, b / 2, atol=1e-12, rtol=1e-10)
    for a, b in zip(found.residuals, expected.residuals, strict=True):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=1e-10)


@each_transform
def test_adjoint_of_synthesis(images, transform):
    """<synthesize c, x> = <c, adjoint x>, the real inner product of complex bands."""
    yiq, c, x = YIQ(transform), YIQ(transform).analyze(images(2, 3, *SHAPE)), images(2, 3, *SHAPE, seed=1)
    back = yiq.synthesize_adjoint(x)
    right = sum((a.conj() * b).real.sum() for a, b in zip(c.parts, back.parts, strict=True))
    torch.testing.assert_close((yiq.synthesize(c) * x).sum(), right)


def test_only_tight_frames():
    with pytest.raises(ValueError, match="transform: expected a tight frame such as Fourier, got YIQ"):
        YIQ(YIQ(sl.Fourier(SHAPE)))


@pytest.mark.parametrize("edit", [sl.extrapolate, sl.steer])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_amplifiers_choose_the_channels_of_yiq(classifier, images, edit, channel):
    """Away from black and white, where nothing is clipped, only the chosen plane changes."""
    model, x = classifier(SHAPE, channels=3), 0.4 + 0.2 * images(2, 3, *SHAPE)
    amplifiers = [float(c == channel) for c in range(3)]
    morph = edit(model, x, 1, YIQ(sl.SteerablePyramid(SHAPE, 2, 3)), steps=2, amplifiers=amplifiers)
    change = (rgb_to_yiq(morph.frames[:, -1]) - rgb_to_yiq(x)).abs().amax((0, 2, 3))
    assert change[channel] > 1e-4
    others = [c for c in range(3) if c != channel]
    assert change[others].max() < 1e-12


def test_black_channels_stay_black_under_edits_of_phase_and_amplitude(classifier, images):
    """No factor on a coefficient of zero makes energy: a red image stays red."""
    model, x = classifier(SHAPE, channels=3), images(2, 3, *SHAPE)
    x[:, 1:] = 0
    for direction in ("phase", "joint", "wirtinger"):
        how = {"direction": direction, "steps": 3, "residuals": "fixed"}
        morph = sl.steer(model, x, 1, sl.SteerablePyramid(SHAPE, 2, 3), **how)
        assert morph.distances[:, -1].min() > 1e-3
        assert morph.frames[:, :, 1:].abs().max() == 0


@pytest.mark.parametrize("name, degrees", list(zip(sl.data.COLORS, (0, 120, 240, 300, 60, 180), strict=True)))
def test_hues_of_the_palette(images, name, degrees):
    shade = images(3, 1, *SHAPE)
    painted = shade * torch.tensor(sl.data.COLORS[name])[:, None, None]
    assert hue_difference(painted, painted.flip(0)).max() < 1e-3
    torch.testing.assert_close(hue(painted) % 359.9999, torch.full((3,), float(degrees)).double())


def test_hue_is_that_of_the_light_whatever_its_strength_and_white(images):
    x = images(4, 3, *SHAPE)
    torch.testing.assert_close(hue(x / 3), hue(x))
    torch.testing.assert_close(hue(0.5 * x + 0.5), hue(x), atol=1e-6, rtol=0)
    turned = hue(x.roll(1, dims=1))  # red becomes green: 120 degrees on
    torch.testing.assert_close((turned - hue(x)) % 360, torch.full((4,), 120.0).double())


def test_grey_has_no_hue(images):
    grey = images(2, 1, *SHAPE).expand(-1, 3, -1, -1)
    assert hue(grey).isnan().all()
    assert hue(torch.zeros(1, 3, 2, 2)).isnan().all()


def test_hue_difference_is_the_smaller_angle():
    angles = torch.tensor([10.0, 350.0, 90.0, 0.0]), torch.tensor([350.0, 10.0, 300.0, 180.0])
    lit = [torch.stack([torch.cos(torch.deg2rad(a - o)) for o in (0, 120, 240)], 1) for a in angles]
    lit = [1 + x[:, :, None, None] for x in lit]
    torch.testing.assert_close(
        hue_difference(*lit), torch.tensor([20.0, 20.0, 150.0, 180.0]), atol=1e-3, rtol=0
    )
