"""Lesson 07: the Fourier figures, what is measured on edits, pixel ascent, widget and checks."""

import math
from types import SimpleNamespace

import pytest
import torch
from steerlens_lessons.l03_arcade import measures as arcade
from steerlens_lessons.l04_mnist import measures as mnist
from steerlens_lessons.l07_baselines import checks, measures, widgets

from steerlens import Coefficients, Fourier, extrapolate
from steerlens.data import ImageData


@pytest.fixture
def model(classifier):
    return classifier((28, 28), classes=10, dtype=torch.float32)


@pytest.fixture
def x(images):
    """Blobs on a black ground."""
    return torch.nn.functional.pad(images(4, 1, 12, 12, dtype=torch.float32), [8] * 4)


@pytest.fixture
def disks_model():
    """Reads the direction of the centre of mass."""

    class Reader(torch.nn.Module):
        def forward(self, images):
            y, x = arcade.center_of_mass(images)[:, 0].unbind(-1)
            return torch.stack([-y, y, -x, x], 1)

    return Reader()


def test_figure_8_has_the_rows_of_figure_2_in_the_fourier_domain(disks_model):
    data = arcade.arcade(60, seed=1)
    morphs = measures.figure_8(disks_model, data)
    sources, targets = arcade.figure_2_cases(disks_model, data)
    assert list(morphs) == ["frozen", "live"]
    case = (disks_model, sources, targets, Fourier((64, 64)))
    frozen = extrapolate(*case, alpha=0.5, steps=60)
    assert torch.allclose(morphs["frozen"].frames, frozen.frames)
    for morph in morphs.values():
        assert torch.equal(morph.frames[:, 0], sources) and torch.equal(morph.targets, targets)


def test_figure_9_has_the_rows_of_figure_3(model, images):
    shown = images(40, 1, 28, 28, dtype=torch.float32)
    bias = torch.zeros(10)
    with torch.no_grad():
        bias = -model(shown).mean(0)
        model[-1].bias += bias
        labels = model(shown).argmax(1)
        for digit in range(10):  # every class is seen somewhere
            if not (labels == digit).any():
                labels[digit] = digit

    class Told(torch.nn.Module):
        def forward(self, images):
            return model(images) + 100 * torch.nn.functional.one_hot(nearest(images), 10)

    def nearest(images):
        return labels[torch.cdist(images.detach().flatten(1), shown.flatten(1)).argmin(1)]

    data = ImageData(shown, labels, tuple("0123456789"), "random")
    morphs = measures.figure_9(Told(), data)
    assert list(morphs) == ["frozen", "live, phase", "live, joint"]
    for morph in morphs.values():
        assert list(zip(morph.sources.tolist(), morph.targets.tolist(), strict=True)) == list(mnist.PAIRS)


def test_participation_of_known_edits(images):
    pixel = torch.zeros(1, 1, 28, 28)
    pixel[0, 0, 3, 4] = -2.0
    wave = torch.cos(2 * math.pi * 3 * torch.arange(28) / 28).expand(1, 1, 28, 28)
    noise = torch.randn(1, 1, 200, 200, generator=torch.Generator().manual_seed(0))
    for edit, spread in (
        (pixel, 1 / 784),
        (wave, 2 / 3),
        (torch.ones(1, 1, 28, 28), 1),
        (torch.zeros(1, 1, 28, 28), 0),
    ):
        assert measures.participation(edit).item() == pytest.approx(spread, abs=1e-5)
    assert measures.participation(noise).item() == pytest.approx(1 / 3, abs=0.01)


def test_spectrum_and_brightening(images):
    edits = images(3, 1, 28, 28, dtype=torch.float32) - 0.5
    shares = measures.spectrum(edits)
    assert shares.shape == (3, 5) and torch.allclose(shares.sum(1), torch.ones(3))
    blur = torch.ones(1, 1, 28, 28)
    assert measures.spectrum(blur).argmax() == 4
    checkers = (-1.0) ** (torch.arange(28)[:, None] + torch.arange(28)).expand(1, 1, 28, 28)
    assert measures.spectrum(checkers).argmax() == 0
    assert measures.brightening(blur).item() == pytest.approx(1)
    assert measures.brightening(checkers).item() == pytest.approx(0, abs=1e-6)


def test_away_counts_what_lies_beyond_two_pixels():
    source, edit = torch.zeros(1, 1, 28, 28), torch.zeros(1, 1, 28, 28)
    source[0, 0, 10, 10] = 1
    edit[0, 0, 10, 12], edit[0, 0, 10, 13] = 1.0, 2.0
    assert measures.away(source, edit).item() == pytest.approx(4 / 5)


def test_translation_is_found_and_explains_itself(x):
    shifts = torch.tensor([[1.0, -2.0], [0.5, 0.25], [-1.35, 0.0], [0.1, 0.1]])
    moved = measures.translated(x, shifts)
    explained, found = measures.translation(x, moved)
    assert torch.allclose(found, shifts, atol=1e-4)
    assert (explained > 0.98).all()
    assert torch.allclose(
        measures.translated(x, shifts.round()[:1].expand(4, 2))[0], x[0].roll((1, -2), (1, 2)), atol=1e-5
    )
    noisy = x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    assert (measures.translation(x, noisy)[0] < 0.05).all()
    assert (measures.translation(x, x)[0] == 0).all()


def test_references_are_of_one_length(x):
    known = measures.references(x, x.flip(0), 1.5)
    assert list(known) == ["noise", "translation", "blend"]
    for images in known.values():
        assert torch.allclose((images - x).flatten(1).norm(dim=1), torch.tensor(1.5), atol=1e-3)
    assert (measures.translation(x, known["translation"])[0] > 0.9).all()
    again = measures.references(x, x.flip(0), 1.5)
    assert torch.equal(known["noise"], again["noise"])


def test_all_that_is_measured_is_a_number_an_edit(x):
    y = measures.references(x, x.flip(0), 1.0)["noise"]
    assert all(values.shape == (4,) for values in measures.measured(x, y).values())


def test_one_wave_fills_the_frame_and_one_wavelet_does_not(x):
    for setting in widgets.STILL:
        wave, local = widgets.one_turned(x[:1], *setting)
        assert wave.shape == local.shape == (1, 1, 28, 28)
        assert measures.participation(wave).item() == pytest.approx(2 / 3, abs=1e-3)
        assert measures.participation(local).item() < 0.3
    for change in widgets.one_turned(x[:1], 1, 1, 14, 14, 360):
        assert change.abs().max() < 1e-5


def test_a_turned_coefficient_is_the_one_that_was_chosen(x):
    _, local = widgets.one_turned(x[:1], 1, 2, 10, 15, 180)
    c = mnist.PYRAMID.analyze(x[:1])
    c.bands[1][0, 0, 2, 6, 8] *= -1  # two pixels of padding, every second pixel
    assert torch.allclose(
        mnist.PYRAMID.synthesize(Coefficients(c.bands, c.residuals)) - x[:1], local, atol=1e-5
    )
    entries = {widgets.fourier_entry(s, b) for s in range(3) for b in range(4)}
    assert len(entries) == 12 and all(0 <= ky < 28 and 0 <= kx < 15 for ky, kx in entries)
    free = measures.FOURIER.analyze(torch.rand(1, 1, 28, 28)).bands[0][0, 0, 0]
    assert all(free[entry].abs() > 0 for entry in entries)


def test_coefficient_picker_follows_its_sliders(x):
    box = widgets.coefficient_picker(x[:1])
    (scale, orientation), (row, _) = (line.children for line in box.children[:2])
    picture, caption = box.children[-2:]
    assert (picture.value, caption.value) == widgets.coefficient_view(x[:1], 1, 1, 14, 12, 90)
    scale.value, orientation.value, row.value = 2, 3, 5
    assert (picture.value, caption.value) == widgets.coefficient_view(x[:1], 2, 3, 5, 12, 90)
    assert "Fourier: largest change" in caption.value and "pyramid: largest change" in caption.value
    bundle = box._repr_mimebundle_()
    assert bundle["image/png"] and "Five sliders" in bundle["text/plain"]


def test_the_picker_takes_a_place_without_any_energy():
    png, caption = widgets.coefficient_view(torch.zeros(1, 1, 28, 28), 0, 0, 27, 27, 90)
    assert png.startswith(b"\x89PNG") and "spread 0.00" in caption


def test_still_picture_has_a_row_a_setting(x):
    axes = widgets.coefficient_rows(x[:1], widgets.STILL).axes
    assert [axis.get_title() for axis in axes[:3]] == list(widgets.TITLES)
    assert [axis.get_ylabel() for axis in axes[::3]] == ["scale 0\n135°", "scale 1\n45°", "scale 2\n0°"]


def test_check_participation(says, images, tells, solved):
    edits = images(5, 1, 28, 28) - 0.5
    energy = edits.flatten(1).square()
    right = energy.sum(1) ** 2 / (784 * energy.square().sum(1))
    assert says(checks.check_participation, right, edits) == "Right"
    assert says(checks.check_participation, right.tolist(), edits) == "Right"
    for wrong in (784 * right, right.mean(), 1 / right, energy.sum(1), right[:4], "0.5", None):
        assert says(checks.check_participation, wrong, edits) == "Not yet"
    tells(checks.check_participation, edits)
    live = SimpleNamespace(at_distance=lambda _: (edits, None))
    assert "Right" in solved("07", 1, live={"Fourier, phase": live}, x=edits * 0)


def test_check_moved(says, x, tells, solved):
    image, w = x[:1], 2 * torch.pi * torch.fft.fftfreq(28)

    def moved(down, right):
        ramp = torch.exp(-1j * (down * w[:, None] + right * w))
        return torch.fft.ifft2(torch.fft.fft2(image) * ramp).real

    assert says(checks.check_moved, moved(4, 6), image, 4, 6) == "Right"
    for wrong in (moved(-4, -6), moved(6, 4), moved(4, 0), image, moved(4, 6)[0], None):
        assert says(checks.check_moved, wrong, image, 4, 6) == "Not yet"
    tells(checks.check_moved, image, 4, 6)
    assert "Right" in solved("07", 2, three=image)


def test_check_dead(says, x, tells, solved):
    u = mnist.PYRAMID.synthesize(mnist.PYRAMID.analyze(x))
    share = ((u < 0) | (u > 1)).double().mean()
    assert says(checks.check_dead, share, u) == "Right"
    assert says(checks.check_dead, share.item(), u) == "Right"
    for wrong in (0, 1 - share, 100 * share, (x == 0).double().mean(), "half", None):
        assert says(checks.check_dead, wrong, u) == "Not yet"
    tells(checks.check_dead, u)
    assert "Right" in solved("07", 3, pyramid=mnist.PYRAMID, x=x)


def test_check_most_translated(says, tells, solved):
    explained = torch.tensor([0.1, 0.4, 0.2])
    assert says(checks.check_most_translated, 1, explained) == "Right"
    assert says(checks.check_most_translated, torch.tensor(1), explained) == "Right"
    for wrong in (0, 2, 0.4, 1.5, "one", None):
        assert says(checks.check_most_translated, wrong, explained) == "Not yet"
    tells(checks.check_most_translated, explained)
    lesson = {
        "found": {2.0: {"Fourier, phase": {"moved": explained}}},
        "labels": explained,
        "targets": explained,
        "x": explained,
    }
    strip = SimpleNamespace(filmstrip=lambda *_, **__: None)
    assert "Right" in solved("07", 4, sl=strip, five=lambda *_: {"Fourier, phase": None}, **lesson)
