"""Lesson 10: its measures, networks, figures and widget, and the checks of the exercises."""

import hashlib
import json
import math

import pytest
import torch
from steerlens_lessons.l10_linear import figures, widgets
from steerlens_lessons.l10_linear import measures as lesson
from steerlens_lessons.l10_linear import networks as nets
from torch import nn

from steerlens import SteerablePyramid
from steerlens.data import records
from steerlens.linear import LinearInterpreter, rules


@pytest.fixture
def subject(images):
    """A small classifier with its normalisation, four images and ten classes."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 10))
    normalize = nn.BatchNorm2d(3).eval()
    normalize.running_mean.fill_(0.4)
    shown = images(4, 3, 8, 8, dtype=torch.float32)
    full = nn.Sequential(normalize, network)
    labels = full(shown).argmax(1)
    return lesson.Subject(full, network, normalize, shown, labels, tuple("abcdefghij"), False)


@pytest.fixture
def upscaler():
    """A trained network on a grey ramp with a step in it, 12 x 12."""
    ramp = torch.linspace(0.1, 0.6, 12).expand(1, 1, 12, 12).clone()
    ramp[..., 6:, :] += 0.3
    return LinearInterpreter(nets.load("super_resolution"), ramp)


def test_shares_sum_to_one_and_name_their_layers(subject):
    names, table = lesson.shares(subject.full, subject.images)
    assert names == ("input", "0 batch_norm", "1.0 conv2d", "1.3 linear") and table.shape == (4, 4)
    assert torch.allclose(table.sum(1), torch.ones(4), atol=1e-4)
    _, inner = lesson.shares(subject.network, subject.normalize(subject.images))
    assert torch.allclose(inner[:, 0], table[:, 0] + table[:, 1], atol=1e-4)
    assert torch.allclose(inner[:, 1:], table[:, 2:], atol=1e-4)


def test_an_attack_is_one_signed_step_up_in_the_loss(subject):
    hostile = lesson.attacked(subject.full, subject.images, subject.labels, 0.05)
    step = (hostile - subject.images).abs()
    inside = (hostile > 0) & (hostile < 1)
    full = (step - 0.05).abs() < 1e-6  # nothing moves where there is no gradient
    assert step.max() <= 0.05 + 1e-6 and (full | (step == 0))[inside].all() and full.double().mean() > 0.8
    loss = nn.functional.cross_entropy
    assert loss(subject.full(hostile), subject.labels) > loss(subject.full(subject.images), subject.labels)


def test_recognised_images_and_their_election(subject):
    shown, labels = lesson.recognised(subject, 2)
    assert torch.equal(shown, subject.images[:2]) and torch.equal(labels, subject.labels[:2])
    blind = subject._replace(labels=(subject.labels + 1) % 10)
    assert torch.equal(lesson.recognised(blind, 3)[0], subject.images[:3])
    found = lesson.election(subject, subject.images[0], subject.labels[0])
    votes = LinearInterpreter(subject.network, subject.normalize(subject.images[:1])).pixel_votes()
    label = subject.labels[0].item()
    assert found.seen == label and found.share == pytest.approx((votes == label).double().mean().item())
    assert found.won == (votes.flatten().bincount(minlength=10).argmax().item() == label)
    few = lesson.election(subject, subject.images[0], (subject.labels[0] + 3) % 10, candidates=2)
    assert few.seen == label and 0 <= few.share <= 1  # the true class stands for election all the same
    assert torch.equal(found.mask[:, votes == label], subject.images[0][:, votes == label])


def test_spread_reach_coherence_and_shared_sources():
    filters = torch.zeros(2, 3, 9, 9)
    filters[0, 1, 4, 4] = 2.0
    filters[1, :, 4, 2:6] = -1.0
    assert torch.allclose(lesson.spread_of(filters), torch.tensor([1.0, 4.0]))
    assert torch.allclose(lesson.reach_of(filters, [(4, 4), (4, 2)], 1.5), torch.tensor([0.0, 0.5]))
    assert torch.allclose(lesson.coherence(filters), torch.ones(2))
    filters[1, :, 4, 2:4] = 1.0
    assert lesson.coherence(filters)[1].item() == pytest.approx(0)
    copied = torch.rand(3, 1, 20, 20, generator=torch.Generator().manual_seed(0)) * 0.01
    assert lesson.shared_source(copied, [(5, 5), (5, 14), (14, 5)], 3).abs().max() < 0.2
    copied[:, :, 17:, 17:] = 1.0  # the same far place in all rows
    assert lesson.shared_source(copied, [(5, 5), (5, 14), (14, 5)], 3).min() > 0.9


def test_keys_weights_are_those_of_torch():
    impulses = torch.eye(12, dtype=torch.float64)[:, None, None]
    up = nn.functional.interpolate(impulses.expand(-1, 1, 4, -1), scale_factor=3, mode="bicubic")[:, 0, 5]
    for phase in range(9, 27):
        first, weights = lesson.keys_weights(phase)
        assert weights.sum().item() == pytest.approx(1)
        assert torch.allclose(up[first : first + 4, phase], weights, atol=1e-14)


def test_only_adaptive_systems_have_columns_that_vary(upscaler):
    cubic = LinearInterpreter(nn.Upsample(scale_factor=3, mode="bicubic"), upscaler.x0)
    places = [(5, 5), (6, 7), (5, 6)]
    assert lesson.adaptivity(cubic, places, 3) < 1e-5
    assert lesson.adaptivity(upscaler, places, 3) > 1e-3


def test_bands_split_the_inner_product_exactly(images):
    pyramid = SteerablePyramid((32, 32), scales=2, orientations=4)
    rows, x = images(3, 3, 32, 32) - 0.5, images(3, 3, 32, 32, seed=1)
    energy, products, names = lesson.band_shares(pyramid, rows, x)
    assert len(names) == energy.shape[1] == products.shape[1] == 10
    assert names[0] == "high-pass" and names[1] == "scale 0, 0°" and names[-1] == "low-pass"
    assert torch.allclose(energy.sum(1), torch.ones(3, dtype=energy.dtype))
    assert torch.allclose(products.sum(1), (rows * x).sum((1, 2, 3)), atol=1e-10)


def test_shares_of_classifiers_without_weights(monkeypatch, subject):
    def found(name):
        print("a line that the lesson's table replaces")
        return None if name == "absent" else nn.Sequential(subject.normalize, subject.network)

    monkeypatch.setattr(lesson.imagenet, "pretrained", found)
    shares = lesson.torchvision_shares(["absent", "there"], subject.images)
    assert shares["absent"] is None and shares["there"].shape == (4,)


def test_the_subject_without_weights_is_lenet(monkeypatch):
    monkeypatch.setattr(lesson.imagenet, "pretrained", lambda name: None)
    found = lesson.subject()
    assert not found.real and len(found.images) == 20 and len(found.classes) == 10
    with torch.no_grad():
        assert torch.equal(found.full(found.images).argmax(1), found.labels)


@pytest.mark.parametrize("name", nets.RECIPES)
def test_checkpoints_are_what_their_records_say(name):
    path = records.committed("checkpoints") / f"linear-{name}.safetensors"
    record = json.loads(path.with_suffix(".json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    assert path.stat().st_size < 1_000_000
    assert record["test_error"]["network"] < record["test_error"]["without"]
    assert not nets.load(name).training
    with pytest.raises(
        ValueError, match="name: expected one of 'super_resolution', 'translator', got 'edsr'"
    ):
        nets.load("edsr")


def test_a_missing_checkpoint_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    with pytest.raises(ValueError, match=r"linear-translator.json: expected a record, got FileNotFoundError"):
        nets.load("translator")


def test_the_networks_shapes_and_pairs(images):
    shown = images(2, 3, 24, 24, dtype=torch.float32)
    low, high = nets.low_and_high(shown)
    assert low.shape == (2, 1, 8, 8) and high.shape == (2, 1, 24, 24)
    assert nets.super_resolution()(low).shape == nets.bicubic(low).shape == high.shape
    painted = nets.painted(shown)
    assert nets.translator()(shown).shape == painted.shape == shown.shape
    assert painted.abs().max() <= 1 and nets.luminance(torch.ones(1, 3, 2, 2)).mean().item() == pytest.approx(
        1
    )
    assert nets.held_out(10).tolist() == [True, *[False] * 4] * 2 and nets.held_out(2).all()


def test_a_painting_is_flat_and_keeps_its_edges():
    step = torch.zeros(1, 3, 16, 16)
    step[..., 8:] = 1.0
    noisy = step + 0.1 * torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    painted = nets.painted(noisy)
    for half in (painted[..., 1:7], painted[..., 9:15]):
        assert half.std() < 0.3 * (painted[..., 9:].mean() - painted[..., :7].mean())
    assert painted[..., 8:].mean() > 0.4 and painted[..., :8].mean() < -0.4


def test_training_is_repeatable_and_learns(images):
    shown = images(6, 3, 60, 60, dtype=torch.float32)
    first, again = (nets.train("super_resolution", shown, steps=8) for _ in range(2))
    pairs = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    longer = nets.train("super_resolution", shown, steps=30)
    errors = [nets.errors_on("super_resolution", net, shown)["network"] for net in (first, longer)]
    assert errors[1] < errors[0]


def test_the_three_freezes_of_the_translator(images):
    image = images(1, 3, 48, 48, dtype=torch.float32)
    painter = nets.load("translator")
    deviation = dict.fromkeys(rules.NORMS, rules.standard_deviation)
    paper, other = (LinearInterpreter(painter, image, rules=r) for r in (None, deviation))
    assert torch.allclose(paper(image), other(image), atol=1e-4)
    corner = lesson.reach_of(paper.row(0), [(0, 0)], 42), lesson.reach_of(other.row(0), [(0, 0)], 42)
    assert corner[0] == 0 and corner[1] > 0


def test_tiles_and_what_they_show():
    filters = torch.zeros(3, 4, 4)
    filters[0, 0, 0], filters[1, 3, 3] = 2.0, -0.5
    colours = figures.signed(filters)
    assert colours[0, 0, 0] > colours[2, 0, 0] and colours[2, 3, 3] > colours[0, 3, 3]
    assert (figures.signed(filters, 0.25)[:, 3, 3] < colours[:, 3, 3] + 1e-6).all()
    cross = figures.marked(torch.full((1, 8, 8), 0.5), 2, 3)
    assert torch.equal(cross[:, 2, 3], torch.full((3,), 0.5)) and torch.equal(cross[:, 1, 3], figures.RED)
    with pytest.raises(ValueError, match="row: expected an integer from 0 to 7, got 8"):
        figures.marked(torch.zeros(1, 8, 8), 8, 0)
    grid = torch.arange(81.0).view(1, 9, 9)
    assert torch.equal(figures.zoomed(grid, 4, 4, 1), grid[:, 3:6, 3:6])
    assert torch.equal(figures.zoomed(grid, 0, 8, 1), grid[:, :3, 6:])
    drawn = figures.tiles({"a": [("x", filters), ("y", filters)], "b": [("z", filters)]})
    assert [axis.get_title() for axis in drawn.axes] == ["x", "y", "z", ""]


def test_bars_and_bands_draw_means():
    shares = torch.tensor([[0.5, 0.3, 0.2], [0.7, 0.1, 0.2]])
    bars = figures.layer_shares(["input", "a", "b"], {"clean": shares, "one": shares[:1]}).axes
    assert [bar.get_width() for bar in bars[0].patches] == pytest.approx([0.6, 0.2, 0.2])
    lines = figures.bands(["fine", "middle", "coarse"], {"row": shares}).axes[0].lines
    assert lines[0].get_ydata() == pytest.approx([0.6, 0.2, 0.2])


def test_the_picker_follows_its_sliders(upscaler):
    box = widgets.pixel_picker(upscaler)
    row, column, picture, caption = box.children
    assert (picture.value, caption.value) == widgets.pixel_view(upscaler, 6, 6)
    row.value, column.value = 11, 0
    assert (picture.value, caption.value) == widgets.pixel_view(upscaler, 11, 0)
    assert "row: sum" in caption.value and "column: sum" in caption.value
    bundle = box._repr_mimebundle_()
    assert bundle["image/png"] and "Two sliders" in bundle["text/plain"]


def test_the_panels_show_the_chosen_row_and_column(upscaler):
    (_, shown), (_, receptive), _, (_, projective) = widgets.panels(upscaler, 6, 5)
    assert torch.equal(shown, figures.marked(upscaler.x0[0], 6, 5))
    row, column = upscaler.row(18 * 36 + 15)[0], upscaler.column(6 * 12 + 5)[0]
    assert torch.equal(receptive, figures.signed(figures.zoomed(row, 6, 5, 5), 0.5))
    assert torch.equal(projective, figures.signed(figures.zoomed(column, 18, 15, 15), 0.5))


def test_check_origin(says):
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    x0, origin = torch.randn(2, 1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    frozen = LinearInterpreter(model, x0)
    right = (frozen.matrix() @ origin[0] + frozen.residual[0])[1]
    case = frozen, origin, 1
    assert says(widgets.check_origin, ..., *case) == "Open"
    assert says(widgets.check_origin, right, *case) == "Right"
    assert says(widgets.check_origin, right.item(), *case) == "Right"
    wrong = frozen.residual[0, 1], frozen.output[0, 1], right - frozen.residual[0, 1], -right, "0.5", None
    for answer in wrong:
        assert says(widgets.check_origin, answer, *case) == "Not yet"


def test_check_rule(says):
    model, x0 = nn.Sequential(nn.Linear(4, 3), nn.Softplus()).double(), torch.rand(1, 4, dtype=torch.float64)
    case = model, x0, "softplus"
    assert says(widgets.check_rule, ..., *case) == "Open"

    def mask(function, x, *args, **kwargs):
        return x * (function(x, *args, **kwargs) / x).detach()

    assert says(widgets.check_rule, mask, *case) == "Right"
    assert says(widgets.check_rule, rules.as_is, *case) == "Right"
    wrong = (
        lambda function, x, *_: x,
        lambda function, x, *_: x.relu(),
        lambda function, x, *_: function(x).detach(),
        lambda function, x: function(x).exp(),
        "ratio",
        None,
    )
    for answer in wrong:
        assert says(widgets.check_rule, answer, *case) == "Not yet"


def test_check_printed_sigma(says):
    case = 5.0, 100.0
    assert says(widgets.check_printed_sigma, ..., *case) == "Open"
    assert says(widgets.check_printed_sigma, math.sqrt(20), *case) == "Right"
    assert says(widgets.check_printed_sigma, torch.tensor(20.0).sqrt(), *case) == "Right"
    for answer in (5.0, 20, math.sqrt(5), math.sqrt(21), "4.47", None):
        assert says(widgets.check_printed_sigma, answer, *case) == "Not yet"


def test_check_layer(says):
    names, shares = ("input", "a", "b", "c"), torch.tensor([[0.5, 0.1, 0.3, 0.1], [0.9, 0.0, -0.1, 0.2]])
    case = names, shares
    assert says(widgets.check_layer, ..., *case) == "Open"
    assert says(widgets.check_layer, "c", *case) == "Right"
    for answer in ("input", "a", "b", 3, None):
        assert says(widgets.check_layer, answer, *case) == "Not yet"
