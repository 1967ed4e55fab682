"""MACO: spectra against plain FFTs, the constraint in every bin, known optima, objectives, bad input."""

import hashlib

import pytest
import torch
from torch import nn
from torchvision.transforms.functional import to_pil_image

from steerlens import Coefficients, Fourier, SteerablePyramid
from steerlens import objectives as ob
from steerlens.data import ImageData
from steerlens.maco.spectra import MARGIN, Spectrum, magnitude_spectrum
from steerlens.maco.visualization import FREE, maco, random_views

SHAPES = [(12, 16), (15, 11), (16, 9)]
QUICK = {"steps": 4, "crops": 2, "progress": False}
EVERY_BIN = 1e-10


@pytest.fixture
def mean():
    """The plainest objective."""
    return ob.Objective(lambda views: views.mean((1, 2, 3)))


@pytest.fixture
def photos(images):
    return 0.05 + 0.9 * images(6, 3, 12, 16)


@pytest.fixture
def net(classifier):
    return classifier((12, 12), channels=3)


def all_bins(canvas):
    return torch.fft.fft2(canvas, norm="ortho")


def wanted_bins(spectrum, canvases):
    """E|F|, and |E F| at the entries that are their own conjugates, over the whole plane."""
    found = all_bins(canvases)
    height, width = canvases.shape[-2:]
    rows, columns = torch.arange(height), torch.arange(width)
    own = ((2 * rows) % height == 0)[:, None] & ((2 * columns) % width == 0)
    return torch.where(own, found.mean(0).abs(), found.abs().mean(0))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_magnitudes_are_those_of_plain_ffts_in_every_bin(shape, channels, images):
    x = images(5, channels, *shape)
    spectrum = magnitude_spectrum(x)
    wanted = wanted_bins(spectrum, spectrum.canvas_of(x))
    phases = tuple(7 * images(2, *r.shape[1:]) for r in spectrum.magnitudes)
    realised = all_bins(spectrum.synthesize(phases)).abs()
    assert (realised - wanted).abs().max() < EVERY_BIN


@pytest.mark.parametrize("free", FREE)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_phases_alone_are_optimised(shape, channels, free, images, classifier):
    """At every step; the baselines do leave the constraint."""
    x, net = images(5, channels, *shape), classifier((8, 8), channels=channels)
    spectrum, canvases = magnitude_spectrum(x), []
    found = maco(
        ob.logit(net, [0, 3]), spectrum, free=free, size=8, watch=lambda _, c: canvases.append(c), **QUICK
    )
    wanted = wanted_bins(spectrum, spectrum.canvas_of(x))
    errors = [(all_bins(c).abs() - wanted).abs().max() for c in [*canvases, found.canvas]]
    assert len(canvases) == QUICK["steps"] and not torch.allclose(canvases[0], found.canvas, atol=1e-3)
    assert max(errors) < EVERY_BIN if free == "phase" else min(errors) > 1e-3
    assert (found.magnitude_error() < EVERY_BIN) == (free == "phase")
    assert torch.allclose(found.images, spectrum.images_of(found.canvas))
    assert ((found.images > 0) & (found.images < 1)).all()


def test_single_precision_holds_magnitudes_to_1e_5(photos, net):
    spectrum = magnitude_spectrum(photos.float())
    found = maco(ob.logit(net.float(), 0), spectrum, size=12, **QUICK)
    assert found.images.dtype == torch.float32 and found.magnitude_error() < 1e-5


def test_contrast_of_the_canvas_is_given_by_the_magnitudes(photos, net):
    """Parseval: to standardise the canvas at each step is to multiply by one constant."""
    spectrum = magnitude_spectrum(photos)
    energy = sum(r.square().sum() for r in (*spectrum.magnitudes, *spectrum.residuals))
    canvases = []
    maco(ob.logit(net, 1), spectrum, size=12, watch=lambda _, c: canvases.append(c), **QUICK)
    assert torch.allclose(torch.stack([c.square().sum() for c in canvases]), energy.expand(4))
    louder = maco(ob.logit(net, 1), spectrum, size=12, contrast=2, **QUICK).canvas
    held = sum(r.square().sum() for r in spectrum.magnitudes)
    assert louder.square().sum() - 4 * held == pytest.approx((energy - held).item(), abs=1e-9)


def test_pyramid_holds_the_amplitudes_that_it_synthesises(photos, images):
    pyramid = SteerablePyramid((12, 16), 2, 4)
    spectrum = magnitude_spectrum(photos, pyramid)
    c = pyramid.analyze(spectrum.canvas_of(photos))
    phases = [7 * images(2, *band.shape[1:]) for band in c.bands]
    bands = tuple(
        torch.polar(band.abs().mean(0).expand_as(phase).contiguous(), phase)
        for band, phase in zip(c.bands, phases, strict=True)
    )
    residuals = tuple(part.mean(0).expand(2, *part.shape[1:]) for part in c.residuals)
    expected = pyramid.synthesize(Coefficients(bands, residuals))
    assert torch.allclose(spectrum.synthesize(tuple(phases)), expected, atol=1e-12)


def test_one_image_comes_back_from_its_own_phases(photos):
    spectrum = magnitude_spectrum(photos[:1])
    phases = [band.angle() for band in spectrum.transform.analyze(spectrum.canvas_of(photos[:1])).bands]
    assert torch.allclose(spectrum.images_of(spectrum.synthesize(tuple(phases))), photos[:1], atol=1e-12)


def test_colours_are_decorrelated_and_come_back(photos):
    spectrum = magnitude_spectrum(photos)
    canvas = spectrum.canvas_of(photos)
    pixels = canvas.movedim(1, 0).flatten(1)
    assert torch.allclose(pixels.mean(1), torch.zeros(3, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(pixels @ pixels.T / pixels.shape[1], torch.eye(3, dtype=torch.float64), atol=1e-10)
    assert torch.allclose(spectrum.images_of(canvas), photos, atol=1e-12)
    extreme = spectrum.canvas_of(torch.cat([0 * photos, 0 * photos + 1]))
    assert spectrum.images_of(extreme).unique().tolist() == pytest.approx([MARGIN, 1 - MARGIN], abs=1e-9) or (
        (spectrum.images_of(extreme) - MARGIN).abs().min() < 1e-9
    )


def test_moved_photographs_have_the_same_magnitudes(photos):
    spectrum, moved = magnitude_spectrum(photos), magnitude_spectrum(photos.roll((3, -5), (2, 3)))
    for r, other in zip(spectrum.magnitudes, moved.magnitudes, strict=True):
        assert torch.allclose(r, other, atol=1e-10)


def test_provenance(photos, tmp_path):
    data = ImageData(photos.float(), torch.zeros(6, dtype=torch.long), ("a",), "six photographs")
    spectrum = magnitude_spectrum(data)
    assert spectrum.sha256 == hashlib.sha256(photos.float().numpy().tobytes()).hexdigest()
    assert (spectrum.count, spectrum.source, spectrum.shape) == (6, "six photographs", (12, 16))
    assert "6 images of 12x16 (six photographs)" in str(spectrum)
    other = photos.float().clone()
    other[0, 0, 0, 0] += 0.01
    assert magnitude_spectrum(other).sha256 != spectrum.sha256

    square = photos.float()[..., :12]
    for i, image in enumerate(square):
        to_pil_image(image).save(tmp_path / f"{i}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    found = magnitude_spectrum(tmp_path, size=12)
    rounded = (square * 255).floor() / 255
    assert found.count == 6 and found.source == tmp_path.name
    assert torch.allclose(found.magnitudes[0], magnitude_spectrum(rounded).magnitudes[0], atol=1e-5)


def test_deterministic_and_each_visualisation_is_what_it_would_be_alone(photos, net):
    spectrum = magnitude_spectrum(photos)
    both = maco(ob.logit(net, [2, 4]), spectrum, size=12, **QUICK)
    again = maco(ob.logit(net, [2, 4]), spectrum, size=12, **QUICK)
    assert torch.equal(both.images, again.images) and torch.equal(both.scores, again.scores)
    for row, label in enumerate([2, 4]):
        alone = maco(ob.logit(net, label), spectrum, size=12, **QUICK)
        assert torch.allclose(alone.images, both.images[row : row + 1], atol=1e-9)
        assert torch.allclose(alone.transparency, both.transparency[row : row + 1], atol=1e-9)
    other = maco(ob.logit(net, [2, 4]), spectrum, size=12, seed=1, **QUICK)
    assert (other.images - both.images).abs().max() > 0.01
    before = torch.get_rng_state()
    maco(ob.logit(net, 2), spectrum, size=12, **QUICK)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_linear_score_has_the_optimum_that_theory_says(images):
    """max <w, F^-1(r e^{i phi})> is at phi = arg F(w); with little contrast the sigmoid is linear."""
    spectrum, w = magnitude_spectrum(images(5, 1, 12, 12)), images(1, 1, 12, 12, seed=1) - 0.5
    score = ob.Objective(lambda views: (views * w).sum((1, 2, 3)))
    found = maco(score, spectrum, steps=150, crops=0, noise=0, contrast=1e-3, progress=False)
    best = tuple(band.angle() for band in spectrum.transform.analyze(w).bands)
    still = spectrum.synthesize(best, 1e-12)  # what has no phase
    moving, optimum = found.canvas - still, spectrum.synthesize(best, 1e-3) - still
    assert (moving * optimum).sum() / (moving.norm() * optimum.norm()) > 0.99


@pytest.mark.parametrize("transform", [Fourier((12, 12)), SteerablePyramid((12, 12), 2, 3)], ids=["F", "P"])
def test_gradient_by_phases_against_finite_differences(transform, images, net):
    spectrum = magnitude_spectrum(images(4, 3, 12, 12), transform)
    phases = [(7 * images(1, *r.shape[1:])).requires_grad_() for r in spectrum.magnitudes]

    def score():
        return ob.logit(net, 2)(spectrum.images_of(spectrum.synthesize(tuple(phases)))).sum()

    gradients = torch.autograd.grad(score(), phases)
    for phase, gradient in zip(phases, gradients, strict=True):
        place = gradient.abs().flatten().argmax()
        values = []
        for step in (1e-5, -1e-5):
            with torch.no_grad():
                phase.view(-1)[place] += step
                values.append(score())
                phase.view(-1)[place] -= step
        slope = (values[0] - values[1]) / 2e-5
        assert slope.item() == pytest.approx(gradient.flatten()[place].item(), rel=1e-6)


def test_transparency_is_the_sum_of_absolute_gradients(images, mean):
    spectrum = magnitude_spectrum(images(4, 3, 12, 12))
    found = maco(mean, spectrum, steps=5, crops=0, progress=False)
    assert torch.allclose(found.transparency, torch.full((1, 12, 12), 5 / 144, dtype=torch.float64))
    looked = maco(mean, spectrum, steps=40, crops=8, sides=(0.4, 0.4), progress=False).transparency[0]
    assert looked[5:7, 5:7].mean() > 3 * looked[:2].mean()  # crops look at the middle, whatever the score
    rgba = maco(mean, spectrum, **QUICK).shown()
    assert rgba.shape == (1, 4, 12, 12) and rgba.min() >= 0 and rgba.max() <= 1
    assert (rgba[:, 3] == 1).double().mean() == pytest.approx(0.2, abs=0.02)


def test_views(images):
    generator = torch.Generator().manual_seed(0)
    x = images(2, 3, 16, 16)
    assert torch.equal(random_views(x, 0, 0.5, 16, 0.0, generator), x)
    assert random_views(x, 0, 0.5, 8, 0.0, generator).shape == (2, 3, 8, 8)
    assert torch.allclose(random_views(0 * x + 0.3, 5, 0.3, 9, 0.0, generator), torch.tensor(0.3).double())
    ramp = torch.linspace(0, 1, 64, dtype=torch.float64).expand(1, 1, 64, 64)
    crops = random_views(ramp, 200, 0.3, 16, 0.0, generator)
    widths = crops[..., -1] - crops[..., 0]
    assert crops.min() >= 0 and crops.max() <= 1
    assert widths.mean() == pytest.approx(0.3 * 15 / 16, abs=0.02)
    assert crops.mean((1, 2, 3)).std() == pytest.approx(0.15, abs=0.03)
    pair = random_views(torch.cat([ramp, ramp]), 3, 0.3, 16, 0.1, generator)
    assert torch.equal(pair[:3], pair[3:])  # the same places and noise for each image
    noise = random_views(0 * x, 0, 1.0, 16, 0.08, generator)
    assert noise.std() == pytest.approx(0.08, abs=0.01)


def test_the_model_is_given_back_as_it_was(photos, classifier):
    net = nn.Sequential(nn.Dropout(0.5), classifier((12, 12), channels=3)).train()
    spectrum = magnitude_spectrum(photos)
    first, second = (maco(ob.logit(net, 0), spectrum, size=12, **QUICK) for _ in range(2))
    assert torch.equal(first.images, second.images)
    assert net.training and all(p.grad is None for p in net.parameters())


def test_objectives_are_what_they_say(images):
    net = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 100, 5)).double()
    x = images(4, 3, 12, 12)
    a = net[1](net[0](x)).detach()
    two = (2, 2)
    logits = net(x).detach()
    assert torch.allclose(ob.logit(net, [1, 4])(x), logits[range(4), [1, 1, 4, 4]].view(two))
    assert torch.allclose(ob.channel(net, "1", [0, 5])(x), a.mean((2, 3))[range(4), [0, 0, 5, 5]].view(two))
    assert torch.allclose(ob.neuron(net, "1", [0, 5])(x), a[range(4), [0, 0, 5, 5], 5, 5].view(two))
    assert torch.allclose(ob.neuron(net, "1", 2, (0, 9))(x), a[:, 2, 0, 9].view(1, 4))
    axis = 3 * torch.eye(6, dtype=torch.float64)[[0, 5]]
    assert torch.allclose(ob.direction(net, "1", axis)(x), ob.channel(net, "1", [0, 5])(x))
    same = ob.inversion(net, "1", x[:2])(x.repeat_interleave(2, 0)[:4])
    assert torch.allclose(same, torch.zeros(two, dtype=torch.float64), atol=1e-12)
    assert (ob.inversion(net, "1", x[:2])(x[[2, 3, 2, 3]]) < -1e-3).all()
    assert torch.allclose(
        ob.inversion(net, "1", x[:1])(0 * x[:1]) * (a[0] ** 2).sum(),
        -(net[1](net[0](0 * x[:1])) - a[:1]).square().sum().view(1, 1),
    )


class Tokens(nn.Module):
    """A transformer's layer and its head: (batch, 3, 12, 12) to tokens (batch, n, 6), and the first one."""

    def __init__(self, count):
        super().__init__()
        self.layer = nn.Sequential(
            nn.Flatten(), nn.Linear(3 * 144, 6 * count), nn.Unflatten(1, (count, 6))
        ).double()

    def forward(self, images):
        return self.layer(images)[:, 0]


@pytest.mark.parametrize("others", [0, 1, 2, 5])
def test_places_of_tokens(others, images):
    """Every place is a tensor's index; the image's tokens are the last ones, a square of them."""
    net, x = Tokens(others + 16), images(2, 3, 12, 12)
    tokens = net.layer(x).detach()
    grid = tokens[:, others:].unflatten(1, (4, 4))
    for place, expected in {
        0: tokens[:, 0],
        (3, 1): grid[:, 3, 1],
        others + 13: grid[:, 3, 1],
        "image": grid.mean((1, 2)),
        None: tokens.mean(1),
    }.items():
        assert torch.allclose(ob.channel(net, "layer", 4, place)(x)[0], expected[:, 4])
        unit = ob.direction(net, "layer", torch.ones(6), place)
        assert torch.allclose(unit(x)[0], expected.sum(1) / 6**0.5)
        if place not in ("image", None):
            assert torch.allclose(ob.neuron(net, "layer", 4, place)(x)[0], expected[:, 4])
    assert torch.allclose(ob.neuron(net, "layer", 4)(x)[0], grid[:, 2, 2, 4])


def test_places_of_maps_and_of_no_places(net, images):
    """A place of a map is (row, column), and all of its places are the image's; a vector has none."""
    x = images(2, 3, 12, 12)
    a = net[0](x).detach()
    assert torch.allclose(ob.channel(net, "0", 2, (4, 7))(x)[0], a[:, 2, 4, 7])
    assert torch.allclose(ob.channel(net, "0", 2, "image")(x), ob.channel(net, "0", 2)(x))
    assert torch.allclose(ob.neuron(net, "0", 2)(x)[0], a[:, 2, 6, 6])
    axis = ob.direction(net, "3", torch.eye(5)[1])(x)
    assert torch.allclose(ob.channel(net, "3", 1)(x), ob.logit(net, 1)(x)) and torch.allclose(
        axis, ob.logit(net, 1)(x)
    )


def test_objectives_add_and_scale(net, images):
    x = images(4, 3, 12, 12)
    one, other = ob.logit(net, [0, 1]), ob.channel(net, "0", [2, 3])
    both = 2 * one - 0.5 * other + other * 1
    assert torch.allclose(both(x), 2 * one(x) + 0.5 * other(x))
    with pytest.raises(ValueError, match="expected another of 2 visualisations, got 1"):
        one + ob.logit(net, 0)
    for wrong in (lambda: one + 1, lambda: one * "a", lambda: one - 3):
        with pytest.raises(TypeError):
            wrong()


def test_bad_objectives(net, images):
    x, ten = images(2, 3, 12, 12), Tokens(10)
    for make, error, message in [
        (lambda: ob.logit(net, [5])(x), ValueError, "classes: expected an integer from 0 to 4, got 5"),
        (lambda: ob.logit(net, []), ValueError, "classes: expected"),
        (lambda: ob.logit(net, "a"), TypeError, "classes: expected"),
        (lambda: ob.channel(net, "9", 0)(x), ValueError, "layer: expected one of 0, 1, 2, 3, got '9'"),
        (lambda: ob.channel(net, "0", 6)(x), ValueError, "channels: expected an integer from 0 to 5"),
        (lambda: ob.neuron(net, "3", 0)(x), ValueError, "layer: expected activations"),
        (lambda: ob.neuron(net, "0", 0, (12, 0))(x), ValueError, "row: expected an integer from 0 to 11"),
        (lambda: ob.neuron(net, "0", 0, 3)(x), ValueError, r"place: expected \(row, column\), got 3"),
        (lambda: ob.channel(net, "0", 0, "class")(x), ValueError, "place: expected 'image', .* got 'class'"),
        (lambda: ob.channel(net, "0", 0, (1, 2, 3))(x), ValueError, r"place: expected .* got \(1, 2, 3\)"),
        (lambda: ob.neuron(net, "0", 0, ())(x), ValueError, r"place: expected \(row, column\), got \(\)"),
        (lambda: ob.channel(net, "0", 0, (0.5, 1))(x), TypeError, "row: expected an integer from 0 to 11"),
        (lambda: ob.channel(net, "3", 0, "image")(x), ValueError, "layer: expected activations"),
        (lambda: ob.neuron(ten, "layer", 0, "image")(x), ValueError, "or a token's number, got 'image'"),
        (lambda: ob.neuron(ten, "layer", 0, 10)(x), ValueError, "token: expected an integer from 0 to 9"),
        (lambda: ob.neuron(ten, "layer", 0, True)(x), TypeError, "token: expected an integer from 0 to 9"),
        (
            lambda: ob.channel(Tokens(15), "layer", 0, "image")(x),
            ValueError,
            "place: expected a token's number, for 15 tokens do not end in a square grid, got 'image'",
        ),
        (lambda: ob.direction(net, "0", torch.ones(5))(x), ValueError, "vectors: expected 6 channels, got 5"),
        (lambda: ob.direction(net, "0", torch.zeros(6)), ValueError, "vectors: expected"),
        (lambda: ob.inversion(net, "0", x + 1), ValueError, "expected finite values in"),
        (
            lambda: ob.inversion(net[:2], "0", x)(x[..., :8]),
            ValueError,
            "views: expected those of the images",
        ),
        (lambda: ob.Objective(lambda v: v.sum())(x), ValueError, r"expected scores of shape \(2,\)"),
        (lambda: ob.Objective(lambda v: v.sum((1, 2, 3)) / 0)(x), ValueError, "expected finite scores"),
    ]:
        with pytest.raises(error, match=message):
            make()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, ValueError, "steps: expected an integer >= 1, got 0"),
        ({"crops": -1}, ValueError, "crops: expected an integer >= 0"),
        ({"sides": 0.5}, ValueError, "sides: expected two shares"),
        ({"sides": (0.5, 1.2)}, ValueError, r"sides: expected shares in \(0, 1\]"),
        ({"noise": -0.1}, ValueError, "noise: expected a number >= 0"),
        ({"free": "phases"}, ValueError, "free: expected one of 'phase', 'spectrum', 'pixels'"),
        ({"contrast": 0}, ValueError, "contrast: expected a finite positive number"),
        ({"rate": -1}, ValueError, "rate: expected a finite positive number"),
        ({"seed": -1}, ValueError, "seed: expected an integer"),
        ({"size": 0}, ValueError, "size: expected an integer >= 1"),
        ({"progress": 1}, TypeError, "progress: expected True or False"),
        ({"objective": len}, TypeError, "objective: expected one of steerlens.objectives"),
        ({"spectrum": None}, TypeError, "spectrum: expected one of steerlens.spectra"),
    ],
)
def test_bad_arguments(options, error, message, mean, photos):
    good = {"objective": mean, "spectrum": magnitude_spectrum(photos), **QUICK}
    with pytest.raises(error, match=message):
        maco(**{**good, **options})


def test_bad_images(photos, tmp_path):
    (tmp_path / "broken.png").write_text("no picture")
    for images, options, error, message in [
        (photos + 1, {}, ValueError, r"expected finite values in \[0, 1\]"),
        (photos[0], {}, ValueError, "images: expected shape"),
        ([1, 2], {}, TypeError, "images: expected a torch tensor"),
        (0 * photos, {}, ValueError, "expected colours that vary in every channel"),
        (photos[:, :1].expand(-1, 3, -1, -1), {}, ValueError, "expected colours that vary"),
        (photos, {"transform": Fourier((9, 9))}, ValueError, "images: expected shape"),
        (photos, {"transform": "Fourier"}, TypeError, "transform: expected"),
        (photos, {"size": 8}, ValueError, "size: expected None"),
        (tmp_path / "none", {"size": 8}, ValueError, "expected a folder of pictures"),
        (tmp_path, {"size": 8}, ValueError, "broken.png: expected a picture"),
        (tmp_path, {}, TypeError, "size: expected an integer >= 8"),
    ]:
        with pytest.raises(error, match=message):
            magnitude_spectrum(images, **options)
    assert isinstance(magnitude_spectrum(photos), Spectrum)
