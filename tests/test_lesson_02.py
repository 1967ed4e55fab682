"""Lesson 02: checks of exercises, motion by phase, and the widgets' callbacks."""

import math

import pytest
import torch
from steerlens_lessons.l02_pyramid import checks, figures, measures, widgets

from steerlens import SteerablePyramid
from steerlens.data import disks
from steerlens.evaluation import center_of_mass

SMALL = SteerablePyramid((64, 64), 3, 4)


@pytest.fixture(autouse=True)
def double_precision():
    """As in the lesson."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def disk():
    return disks(torch.zeros(1), torch.zeros(1))


def shift_x(image):
    return center_of_mass(image)[0, 0, 1].item()


def test_check_shift(images, says, tells, solved):
    x, shift = images(1, 1, 24, 24), (-2.5, 7.0)
    assert says(checks.check_shift, measures.fourier_shift(x, *shift), x, *shift) == "Right"
    for wrong in (
        measures.fourier_shift(x, 2.5, -7.0),  # the wrong sign
        measures.fourier_shift(x, 7.0, -2.5),  # height and width swapped
        measures.fourier_shift(x, -5.0, 14.0),  # a factor of 2
        measures.fourier_shift(x, -2.5 / (2 * math.pi), 7 / (2 * math.pi)),  # cycles for radians
        x[0],
        "moved",
    ):
        assert says(checks.check_shift, wrong, x, *shift) == "Not yet"
    tells(checks.check_shift, x, *shift)
    assert "Right" in solved("02", 1, parrot=images(1, 1, 128, 128))


def test_check_steering(says, tells, solved):
    gap = math.radians(20) - math.pi * torch.arange(3) / 3
    right = (1 + 2 * torch.cos(2 * gap)) / 3
    assert says(checks.check_steering, right, 20) == "Right"
    assert says(checks.check_steering, right.tolist(), 20) == "Right"
    for wrong in (
        2 * right,
        (1 + 2 * torch.cos(2 * (gap + math.radians(-40)))) / 3,  # the wrong sign of the angle
        (torch.cos(gap) + torch.cos(3 * gap)) / 2,  # those of four orientations
        2 * torch.cos(2 * gap) / 3,  # the constant forgotten
        torch.exp(2j * gap) / 3,  # the conjugate frequency forgotten
    ):
        assert says(checks.check_steering, wrong, 20) == "Not yet"
    tells(checks.check_steering, 20)
    assert "Right" in solved("02", 2)


def test_check_without(images, says, tells, solved):
    x = images(1, 1, 64, 64)
    c = SMALL.analyze(x)

    def result(weights, residual=1.0):
        keep = torch.tensor(weights)[:, None, None]
        return SMALL.synthesize(c.map(lambda S: S * keep, lambda r: residual * r))

    assert says(checks.check_without, result([0.0, 1, 1, 1]), SMALL, x, 0) == "Right"
    for wrong in (
        result([0.0, 1, 1, 1], residual=0.0),  # the residuals forgotten
        result([1.0, 0, 0, 0]),  # kept instead of removed
        result([1.0, 1, 0, 1]),  # the perpendicular one
        result([0.5, 1, 1, 1]),
    ):
        assert says(checks.check_without, wrong, SMALL, x, 0) == "Not yet"
    tells(checks.check_without, SMALL, x, 0)
    assert "Right" in solved("02", 3, pyramid=SMALL, parrot=x, c=c)


def test_check_move(disk, says, tells, solved):
    c, shift = SMALL.analyze(disk), (-3.0, -2.0)

    def result(*arguments, **options):
        return SMALL.synthesize(measures.move(SMALL, c, *arguments, **options))

    assert says(checks.check_move, result(shift), SMALL, disk, *shift) == "Right"
    for wrong in (
        result((3.0, 2.0)),  # the conjugate turn
        result((-6.0, -4.0)),
        result((-2.0, -3.0)),
        result(shift, lowpass=False),  # the low-pass residual forgotten
        measures.fourier_shift(disk, *shift),  # the truth, but not made by phases
    ):
        assert says(checks.check_move, wrong, SMALL, disk, *shift) == "Not yet"
    tells(checks.check_move, SMALL, disk, *shift)

    def turned(pyramid, c, dy, dx):
        return measures.move(pyramid, c, (dy, dx), lowpass=False)

    def with_lowpass(pyramid, c, dy, dx):
        return measures.move(pyramid, c, (dy, dx), scales=())

    ways = {"turned": turned, "with_lowpass": with_lowpass}
    assert "Right" in solved("02", 4, small=SMALL, disk=disk, d=c, **ways)


def test_an_unchanged_image_is_told(images, capsys):
    x = images(1, 1, 16, 16)
    checks.check_shift(x, x, 1.0, 0.0)
    assert "Not yet: nothing has changed." in capsys.readouterr().out


def test_only_chosen_bands_turn(images):
    c = SMALL.analyze(images(1, 1, 64, 64))
    moved = measures.move(SMALL, c, (2.0, 3.0), scales=[1], orientations=[2], lowpass=False)
    for scale, (a, b) in enumerate(zip(c.bands, moved.bands, strict=True)):
        assert torch.allclose(a.abs(), b.abs())
        turned = ((a - b).abs().amax((0, 1, 3, 4)) > 1e-9).tolist()
        assert turned == [scale == 1 and b == 2 for b in range(4)]
    assert all(torch.equal(a, b) for a, b in zip(c.residuals, moved.residuals, strict=True))


@pytest.mark.parametrize(("radians", "drift"), [(0.1, 0.012), (0.5, 0.12), (1.0, 0.35), (2.0, 0.73)])
def test_amplitudes_drift_after_random_turns(disk, radians, drift):
    generator, c = torch.Generator().manual_seed(0), SMALL.analyze(disk)
    turned = c.map(
        lambda S: S * torch.exp(1j * radians * torch.randn(S.shape, generator=generator)), lambda r: r
    )
    after = SMALL.analyze(SMALL.synthesize(turned))
    before, now, held = (torch.cat([S.abs().flatten() for S in k.bands]) for k in (c, after, turned))
    assert torch.allclose(held, before)
    assert ((now - before).norm() / before.norm()).item() == pytest.approx(drift, rel=0.25)


def test_photographs_are_grey_and_square():
    for photograph in measures.photographs(48):
        assert photograph.shape == (1, 1, 48, 48)
        assert photograph.min() >= 0 and photograph.max() <= 1 and photograph.std() > 0.1


def test_photographs_without_plenoptic(monkeypatch, capsys):
    monkeypatch.setattr(measures, "find_spec", lambda name: None)
    assert all(photograph.shape == (1, 1, 32, 32) for photograph in measures.photographs(32))
    assert "a pagoda and a flower stand in" in capsys.readouterr().out


def test_colours_fit_what_is_shown():
    angles = torch.tensor([[-math.pi, math.pi, 0.0]])
    first, last, middle = figures.phase(torch.polar(torch.ones(1, 3), angles))[:, 0].T
    assert (first - last).abs().max() < 0.02  # cyclic
    assert (first - middle).abs().max() > 0.3
    faded = figures.phase(torch.polar(torch.tensor([[0.0, 1.0, 1.0]]), angles))[:, 0, 0]
    assert faded.tolist() == pytest.approx([figures.FADED] * 3)
    dark, bright = figures.amplitude(torch.tensor([[0.0, 2.0]]))[:, 0].T
    assert dark.max() < 0.1 and bright.max() > 0.9


def test_band_filter_is_the_pyramids():
    impulse = torch.zeros(1, 1, 64, 64)
    impulse[..., 0, 0] = 64
    band = SMALL.analyze(impulse).bands[0][0, 0, 1]
    mask = torch.fft.ifftshift(measures.band_filter((64, 64), 0, 1, 4))
    assert torch.allclose(torch.fft.fft2(band, norm="ortho").abs(), mask, atol=1e-12)


def test_explorer_shows_the_chosen_band(images):
    x = images(1, 1, 64, 64)
    c = SMALL.analyze(x)
    pictures = [widgets.band_picture(SMALL, c, s, b) for s in range(3) for b in range(4)]
    assert all(picture.shape == (3, 2 * widgets.TILE + 6, 2 * widgets.TILE + 6) for picture in pictures)
    assert all(picture.min() >= 0 and picture.max() <= 1 for picture in pictures)
    assert all((a - b).abs().max() > 0.1 for i, a in enumerate(pictures) for b in pictures[:i])
    caption = widgets.band_caption(c, 2, 1, 4)
    assert "scale 2, 16x16 coefficients, wavelength about 16 pixels, varies along 45°" in caption

    box = widgets.band_explorer(SMALL, x)
    (scale, orientation), picture, text = box.children[0].children, box.children[2], box.children[3]
    before = picture.value
    scale.value, orientation.value = 2, 1
    assert picture.value != before
    assert text.value == caption


def test_turner_moves_the_image(disk):
    c = SMALL.analyze(disk)
    moved = SMALL.synthesize(measures.move(SMALL, c, (0.0, 4.0)))
    assert shift_x(moved) == pytest.approx(4, abs=0.4)
    still = SMALL.synthesize(measures.move(SMALL, c, (0.0, 4.0), scales=[], lowpass=False))
    assert (still - disk).abs().max() < 1e-12
    caption_of_all = widgets.turned_caption(disk, moved, (0.0, 4.0), [0, 1, 2], True)
    assert "scale 0 + 1 + 2, low-pass too: commanded 0.0 down, 4.0 right" in caption_of_all

    box = widgets.phase_turner(SMALL, disk)
    down, right = box.children[0].children
    lowpass, picture, caption = box.children[1].children[-1], box.children[3], box.children[4]
    before = picture.value
    right.value = 4.0
    after = picture.value
    assert after != before
    assert caption.value == caption_of_all
    lowpass.value = False
    assert picture.value != after
    down.value, right.value = 0.0, 0.0
    assert picture.value == before


def test_an_exception_in_a_callback_is_shown(monkeypatch, disk):
    box = widgets.phase_turner(SMALL, disk)

    def broken(*arguments, **options):
        raise ValueError("no <such> band")

    monkeypatch.setattr(widgets, "move", broken)
    box.children[0].children[0].value = 1.0
    assert box.children[-1].value == "<b>ValueError</b>: no &lt;such&gt; band"


@pytest.mark.parametrize("make", [widgets.band_explorer, widgets.phase_turner])
def test_widgets_leave_a_still_picture(disk, make):
    bundle = make(SMALL, disk)._repr_mimebundle_()
    assert bundle["image/png"]
    assert "still picture" in bundle["text/plain"]
