"""Lesson 10: its measures, networks, figures and widget, and the checks of the exercises."""

import hashlib
import io
import json
import math
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from steerlens_lessons.l10_linear import checks, figures, measures, networks, widgets
from torch import nn

from steerlens import SteerablePyramid, plot
from steerlens.data import records
from steerlens.linear import LinearInterpreter, rules


@pytest.fixture
def model():
    """A normalisation, and a small classifier of ten classes behind it."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 10))
    normalize = nn.BatchNorm2d(3).eval()
    normalize.running_mean.fill_(0.4)
    return nn.Sequential(normalize, network)


@pytest.fixture
def shown(images):
    """Four images."""
    return images(4, 3, 8, 8, dtype=torch.float32)


@pytest.fixture
def upscaler():
    """A trained network on a grey ramp with a step in it, 12 x 12."""
    ramp = torch.linspace(0.1, 0.6, 12).expand(1, 1, 12, 12).clone()
    ramp[..., 6:, :] += 0.3
    return LinearInterpreter(networks.load("super_resolution"), ramp)


def test_shares_sum_to_one_and_name_their_layers(model, shown):
    normalize, network = model
    names, table = measures.shares(model, shown)
    assert names == ("input", "0 batch_norm", "1.0 conv2d", "1.3 linear") and table.shape == (4, 4)
    assert torch.allclose(table.sum(1), torch.ones(4), atol=1e-4)
    _, inner = measures.shares(network, normalize(shown))
    assert torch.allclose(inner[:, 0], table[:, 0] + table[:, 1], atol=1e-4)
    assert torch.allclose(inner[:, 1:], table[:, 2:], atol=1e-4)


def test_an_attack_is_one_signed_step_up_in_the_loss(model, shown):
    labels = model(shown).argmax(1)
    hostile = measures.attacked(model, shown, labels, 0.05)
    step = (hostile - shown).abs()
    inside = (hostile > 0) & (hostile < 1)
    full = (step - 0.05).abs() < 1e-6  # nothing moves where there is no gradient
    assert step.max() <= 0.05 + 1e-6 and (full | (step == 0))[inside].all() and full.double().mean() > 0.8
    loss = nn.functional.cross_entropy
    assert loss(model(hostile), labels) > loss(model(shown), labels)


def test_the_true_class_stands_for_election_all_the_same():
    scores = torch.tensor([0.1, 0.9, 0.5, 0.3])
    assert measures.eligible(scores, torch.tensor(2), 2).tolist() == [1, 2]
    assert measures.eligible(scores, torch.tensor(0), 2).tolist() == [1, 0]
    assert measures.eligible(scores, torch.tensor(0)).tolist() == [1, 2, 3, 0]


def test_spread_reach_coherence_and_shared_sources():
    filters = torch.zeros(2, 3, 9, 9)
    filters[0, 1, 4, 4] = 2.0
    filters[1, :, 4, 2:6] = -1.0
    assert torch.allclose(measures.spread_of(filters), torch.tensor([1.0, 4.0]))
    assert torch.allclose(measures.reach_of(filters, [(4, 4), (4, 2)], 1.5), torch.tensor([0.0, 0.5]))
    assert torch.allclose(measures.coherence(filters), torch.ones(2))
    filters[1, :, 4, 2:4] = 1.0
    assert measures.coherence(filters)[1].item() == pytest.approx(0)
    copied = torch.rand(3, 1, 20, 20, generator=torch.Generator().manual_seed(0)) * 0.01
    assert measures.shared_source(copied, [(5, 5), (5, 14), (14, 5)], 3).abs().max() < 0.2
    copied[:, :, 17:, 17:] = 1.0  # the same far place in all rows
    assert measures.shared_source(copied, [(5, 5), (5, 14), (14, 5)], 3).min() > 0.9


def test_keys_weights_are_those_of_torch():
    impulses = torch.eye(12, dtype=torch.float64)[:, None, None]
    up = nn.functional.interpolate(impulses.expand(-1, 1, 4, -1), scale_factor=3, mode="bicubic")[:, 0, 5]
    for phase in range(9, 27):
        first, weights = measures.keys_weights(phase)
        assert weights.sum().item() == pytest.approx(1)
        assert torch.allclose(up[first : first + 4, phase], weights, atol=1e-14)


def test_only_adaptive_systems_have_columns_that_vary(upscaler):
    cubic = LinearInterpreter(nn.Upsample(scale_factor=3, mode="bicubic"), upscaler.x0)
    places = [(5, 5), (6, 7), (5, 6)]
    assert measures.adaptivity(cubic, places, 3) < 1e-5
    assert measures.adaptivity(upscaler, places, 3) > 1e-3


def test_bands_split_the_inner_product_exactly(images):
    pyramid = SteerablePyramid((32, 32), scales=2, orientations=4)
    rows, x = images(3, 3, 32, 32) - 0.5, images(3, 3, 32, 32, seed=1)
    energy, products, names = measures.band_shares(pyramid, rows, x)
    assert len(names) == energy.shape[1] == products.shape[1] == 10
    assert names[0] == "high-pass" and names[1] == "scale 0, 0°" and names[-1] == "low-pass"
    assert torch.allclose(energy.sum(1), torch.ones(3, dtype=energy.dtype))
    assert torch.allclose(products.sum(1), (rows * x).sum((1, 2, 3)), atol=1e-10)


def test_shares_of_classifiers_without_weights(monkeypatch, capsys, model, shown):
    def found(name):
        for stream in (sys.stdout, sys.stderr):
            print("a line that the lesson's table replaces", file=stream)
        return None if name == "absent" else model

    monkeypatch.setattr(measures.imagenet, "pretrained", found)
    shares = measures.torchvision_shares(["absent", "there"], shown)
    assert shares["absent"] is None and shares["there"].shape == (4,) and capsys.readouterr() == ("", "")


def test_the_subject_without_weights_is_lenet(monkeypatch):
    monkeypatch.setattr(measures.imagenet, "pretrained", lambda name: None)
    lenet, digits, real = measures.subject()
    assert not real and len(digits) == 20 and len(digits.classes) == 10
    with torch.no_grad():
        assert torch.equal(lenet(digits.images).argmax(1), digits.labels)


@pytest.mark.parametrize("name", networks.RECIPES)
def test_checkpoints_are_what_their_records_say(name):
    path = records.committed("checkpoints") / f"linear-{name}.safetensors"
    record = json.loads(path.with_suffix(".json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    assert path.stat().st_size < 1_000_000
    assert record["test_error"]["network"] < record["test_error"]["without"]
    assert not networks.load(name).training
    with pytest.raises(
        ValueError, match="name: expected one of 'super_resolution', 'translator', got 'edsr'"
    ):
        networks.load("edsr")


def test_a_missing_checkpoint_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    with pytest.raises(ValueError, match=r"linear-translator.json: expected a record, got FileNotFoundError"):
        networks.load("translator")


def test_the_networks_shapes_and_pairs(images):
    shown = images(2, 3, 24, 24, dtype=torch.float32)
    low, high = networks.low_and_high(shown)
    assert low.shape == (2, 1, 8, 8) and high.shape == (2, 1, 24, 24)
    assert networks.super_resolution()(low).shape == networks.bicubic(low).shape == high.shape
    painted = networks.painted(shown)
    assert networks.translator()(shown).shape == painted.shape == shown.shape
    assert painted.abs().max() <= 1 and networks.luminance(
        torch.ones(1, 3, 2, 2)
    ).mean().item() == pytest.approx(1)
    assert networks.held_out(10).tolist() == [True, *[False] * 4] * 2 and networks.held_out(2).all()


def test_a_painting_is_flat_and_keeps_its_edges():
    step = torch.zeros(1, 3, 16, 16)
    step[..., 8:] = 1.0
    noisy = step + 0.1 * torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    painted = networks.painted(noisy)
    for half in (painted[..., 1:7], painted[..., 9:15]):
        assert half.std() < 0.3 * (painted[..., 9:].mean() - painted[..., :7].mean())
    assert painted[..., 8:].mean() > 0.4 and painted[..., :8].mean() < -0.4


def test_training_is_repeatable_and_learns(images):
    shown = images(6, 3, 60, 60, dtype=torch.float32)
    first, again = (networks.train("super_resolution", shown, steps=8) for _ in range(2))
    pairs = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    longer = networks.train("super_resolution", shown, steps=30)
    errors = [networks.errors_on("super_resolution", net, shown)["network"] for net in (first, longer)]
    assert errors[1] < errors[0]


def test_the_three_freezes_of_the_translator(images):
    image = images(1, 3, 48, 48, dtype=torch.float32)
    painter = networks.load("translator")
    deviation = dict.fromkeys(rules.NORMS, rules.standard_deviation)
    paper, other = (LinearInterpreter(painter, image, rules=r) for r in (None, deviation))
    assert torch.allclose(paper(image), other(image), atol=1e-4)
    corner = measures.reach_of(paper.row(0), [(0, 0)], 42), measures.reach_of(other.row(0), [(0, 0)], 42)
    assert corner[0] == 0 and corner[1] > 0


def test_what_the_tiles_show():
    filters = torch.zeros(3, 4, 4)
    filters[0, 0, 0], filters[1, 3, 3] = 4.0, -0.25
    assert torch.equal(figures.root(filters)[0, [0, 3, 1], [0, 3, 1]], torch.tensor([2.0, -0.5, 0.0]))
    image, voters = torch.rand(3, 4, 4), filters[0] > 0
    seen = figures.voted(image, voters)
    assert torch.equal(seen[:, voters], image[:, voters]) and (seen[:, ~voters] >= 0.85).all()


def test_a_pixel_is_marked_and_its_surroundings_cut_out():
    cross = widgets.marked(torch.full((1, 8, 8), 0.5), 2, 3)
    assert torch.equal(cross[:, 2, 3], torch.full((3,), 0.5)) and torch.equal(cross[:, 1, 3], widgets.RED)
    assert (cross == widgets.RED[:, None, None]).all(0).sum() == 8
    with pytest.raises(ValueError, match="row: expected an integer from 0 to 7, got 8"):
        widgets.marked(torch.zeros(1, 8, 8), 8, 0)
    grid = torch.arange(81.0).view(1, 9, 9)
    assert torch.equal(widgets.zoomed(grid, 4, 4, 1), grid[:, 3:6, 3:6])
    corner = widgets.zoomed(grid, 0, 8, 1)
    assert torch.equal(corner[:, 1:, :2], grid[:, :2, 7:]) and (corner[:, 0] == 0).all()


def test_bars_draw_means_and_deviations():
    shares = torch.tensor([[0.5, 0.3, 0.2], [0.7, 0.1, 0.2]])
    (bars,) = figures.layer_shares(["input", "a", "b"], {"clean": shares}).axes
    assert [bar.get_width() for bar in bars.patches] == pytest.approx([0.6, 0.2, 0.2])
    (first, *_) = bars.collections[0].get_segments()
    assert first[1, 0] - first[0, 0] == pytest.approx(2 * shares[:, 0].std().item())
    assert [label.get_text() for label in bars.get_yticklabels()] == ["input", "a", "b"]


def test_the_picker_follows_its_sliders(upscaler):
    box = widgets.pixel_picker(upscaler)
    row, column, picture, caption = box.children
    assert (picture.value, caption.value) == widgets.pixel_view(upscaler, 6, 6)
    row.value, column.value = 11, 0
    assert (picture.value, caption.value) == widgets.pixel_view(upscaler, 11, 0)
    assert "row: sum" in caption.value and "column: sum" in caption.value
    bundle = box._repr_mimebundle_()
    assert bundle["image/png"] and "Two sliders" in bundle["text/plain"]


def test_the_view_shows_the_chosen_row_and_column(upscaler):
    png, caption = widgets.pixel_view(upscaler, 6, 5)
    pixels = torch.from_numpy(np.array(Image.open(io.BytesIO(png)))).movedim(-1, 0).double() / 255
    row, column = upscaler.row(18 * 36 + 15)[0], upscaler.column(6 * 12 + 5)[0]
    side, pitch = widgets.TILE, widgets.TILE + 8
    for place, image in (
        ((0, 0), widgets.marked(upscaler.x0[0], 6, 5)),
        ((0, 1), plot.signed(figures.root(widgets.zoomed(row, 6, 5, 5)))),
        ((1, 0), widgets.marked(upscaler.output[0], 18, 15)),
        ((1, 1), plot.signed(figures.root(widgets.zoomed(column, 18, 15, 15)))),
    ):
        top, left = (4 + pitch * index for index in place)
        found = pixels[:, top : top + side, left : left + side]
        expected = nn.functional.interpolate(image[None].double(), (side, side))[0]
        assert (found - expected).abs().max() < 0.01
    assert f"row: sum {row.sum():.2f}" in caption and f"column: sum {column.sum():.2f}" in caption


def test_check_origin(says):
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    x0, origin = torch.randn(2, 1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    frozen = LinearInterpreter(model, x0)
    right = (frozen.matrix() @ origin[0] + frozen.residual[0])[1]
    case = frozen, origin, 1
    assert says(checks.check_origin, ..., *case) == "Open"
    assert says(checks.check_origin, right, *case) == "Right"
    assert says(checks.check_origin, right.item(), *case) == "Right"
    wrong = frozen.residual[0, 1], frozen.output[0, 1], right - frozen.residual[0, 1], -right, "0.5", None
    for answer in wrong:
        assert says(checks.check_origin, answer, *case) == "Not yet"


def test_check_rule(says):
    model, x0 = nn.Sequential(nn.Linear(4, 3), nn.Softplus()).double(), torch.rand(1, 4, dtype=torch.float64)
    case = model, x0, "softplus"
    assert says(checks.check_rule, ..., *case) == "Open"

    def mask(function, x, *args, **kwargs):
        return x * (function(x, *args, **kwargs) / x).detach()

    assert says(checks.check_rule, mask, *case) == "Right"
    assert says(checks.check_rule, rules.as_is, *case) == "Right"
    wrong = (
        lambda function, x, *_: x,
        lambda function, x, *_: x.relu(),
        lambda function, x, *_: function(x).detach(),
        lambda function, x: function(x).exp(),
        "ratio",
        None,
    )
    for answer in wrong:
        assert says(checks.check_rule, answer, *case) == "Not yet"


def test_check_printed_sigma(says):
    case = 5.0, 100.0
    assert says(checks.check_printed_sigma, ..., *case) == "Open"
    assert says(checks.check_printed_sigma, math.sqrt(20), *case) == "Right"
    assert says(checks.check_printed_sigma, torch.tensor(20.0).sqrt(), *case) == "Right"
    for answer in (5.0, 20, math.sqrt(5), math.sqrt(21), "4.47", None):
        assert says(checks.check_printed_sigma, answer, *case) == "Not yet"


def test_check_layer(says):
    names, shares = ("input", "a", "b", "c"), torch.tensor([[0.5, 0.1, 0.3, 0.1], [0.9, 0.0, -0.1, 0.2]])
    case = names, shares
    assert says(checks.check_layer, ..., *case) == "Open"
    assert says(checks.check_layer, "c", *case) == "Right"
    for answer in ("input", "a", "b", 3, None):
        assert says(checks.check_layer, answer, *case) == "Not yet"
