"""Lesson 10: its measures, election, networks and widget, and the checks of the exercises."""

import hashlib
import io
import json
import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from steerlens_lessons.common import squeezenet
from steerlens_lessons.l10_linear import (
    checks,
    figures,
    measures,
    networks,
    relatives,
    storage,
    trained,
    votes,
    widgets,
)
from torch import nn

from steerlens import plot
from steerlens.data import ImageData, records
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


def test_spread_reach_and_shared_sources():
    filters = torch.zeros(2, 3, 9, 9)
    filters[0, 1, 4, 4] = 2.0
    filters[1, :, 4, 2:6] = -1.0
    assert torch.allclose(measures.spread_of(filters), torch.tensor([1.0, 4.0]))
    assert torch.allclose(measures.reach_of(filters, [(4, 4), (4, 2)], 1.5), torch.tensor([0.0, 0.5]))
    copied = torch.rand(3, 1, 20, 20, generator=torch.Generator().manual_seed(0)) * 0.01
    assert measures.shared_source(copied, [(5, 5), (5, 14), (14, 5)], 3).abs().max() < 0.2
    copied[:, :, 17:, 17:] = 1.0  # the same far place in all rows
    assert measures.shared_source(copied, [(5, 5), (5, 14), (14, 5)], 3).min() > 0.9


def test_how_alike_images_are(images):
    a, b = images(2, 3, 5, 5), images(2, 3, 5, 5).flip(0)
    expected = [np.corrcoef(x.flatten(), y.flatten())[0, 1] for x, y in zip(a, b, strict=True)]
    assert np.allclose(measures.cosine(a, b), expected)
    assert torch.allclose(measures.cosine(a, 3 * a + 1), torch.ones(2, dtype=a.dtype))
    assert (measures.cosine(a, torch.ones_like(a)).abs() < 1e-6).all()


def test_rows_of_an_images_class_and_the_likeliest_others(model, shown):
    labels = torch.tensor([3, 1, 4, 1])
    rows = measures.rows_of(model, shown, labels, 3)
    assert rows.shape == (4, 3, *shown.shape[1:])
    view = LinearInterpreter(model, shown[2:3])
    others = [k for k in view.output[0].argsort(descending=True).tolist() if k != 4][:2]
    assert torch.allclose(rows[2], view.row([4, *others]))


@pytest.fixture
def chain():
    """A chain of layers with biases, in float64, and three images in [0, 1]."""
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 9, 3)
    return nn.Sequential(*layers).double(), torch.rand(3, 1, 8, 8, dtype=torch.float64)


def test_lrp_without_epsilon_is_the_row_times_the_image(chain):
    net, shown = chain
    entries = torch.tensor([2, 0, 1])
    found = relatives.back(net, shown, entries, *relatives.RELATIVES["LRP-0"])
    for image, entry, each in zip(shown.split(1), entries, found, strict=True):
        assert torch.allclose(each, (LinearInterpreter(net, image).row(entry) * image)[0], atol=1e-7)
    damped = relatives.back(net, shown, entries, *relatives.RELATIVES["LRP-epsilon"])
    assert not torch.allclose(damped, found, atol=1e-3)


def test_deep_taylor_is_positive_and_conservative(chain):
    net, shown = chain
    with torch.no_grad():
        net[4].bias.fill_(1.0)
    scores, entries = net(shown).max(1)
    assert (scores > 0).all()
    found = relatives.back(net, shown, entries, *relatives.RELATIVES["Deep Taylor"])
    assert found.min() > -1e-12 and torch.allclose(found.sum((1, 2, 3)), scores)


def test_guided_gradients_and_deconvolution(chain):
    net, shown = chain
    entries = torch.tensor([2, 0, 1])
    guided, deconvolved = (
        relatives.back(net, shown, entries, *relatives.RELATIVES[name])
        for name in ("guided backprop", "deconvolution")
    )
    signal = net[4].weight[entries].view(3, 4, 3, 3)
    x = shown.clone().requires_grad_()
    hidden = net[0](x)
    pooled = net[2](hidden.relu())  # the signal's sign survives the pooling, which comes behind the ReLU
    (right,) = torch.autograd.grad(pooled, x, signal.clamp(min=0))
    assert torch.allclose(guided, right * shown)
    assert not torch.allclose(guided, deconvolved)
    negative = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 1)).double()
    with torch.no_grad():
        negative[3].weight.abs_().neg_()
    for name in ("guided backprop", "deconvolution"):
        none = relatives.back(negative, shown, torch.zeros(3, dtype=torch.int64), *relatives.RELATIVES[name])
        assert (none == 0).all()


def test_what_is_left_when_the_best_pixels_are_black():
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    shown, entries = torch.ones(1, 1, 4, 4), torch.tensor([1])
    with torch.no_grad():
        net[1].weight.copy_(torch.arange(32.0).view(2, 16))
        net[1].bias.zero_()
    maps = net[1].weight[1].view(1, 1, 4, 4)
    left = relatives.erased(net, shown, entries, maps, share=0.125)
    assert left.item() == pytest.approx(1 - (31 + 30) / sum(range(16, 32)))


def test_the_mean_frequency_of_a_wave_is_its_own():
    places = torch.arange(16.0)
    slow, fast = (torch.cos(2 * torch.pi * k * places / 16).expand(2, 16, 16) for k in (1, 4))
    found = measures.frequency_of(torch.stack([slow, fast.mT]))
    assert torch.allclose(found, torch.tensor([1 / 16, 1 / 4]), atol=1e-5)


def test_classifiers_without_weights(monkeypatch, capsys, model):
    def found(name):
        for stream in (sys.stdout, sys.stderr):
            print("a line that the lesson's table replaces", file=stream)
        return None if name == "absent" else model

    monkeypatch.setattr(measures.imagenet, "pretrained", found)
    assert measures.pretrained_models(["absent", "there"]) == {"absent": None, "there": model}
    assert capsys.readouterr() == ("", "")


def test_the_subject_without_weights_is_lenet(monkeypatch):
    monkeypatch.setattr(measures.imagenet, "pretrained", lambda name: None)
    lenet, digits, real = measures.subject()
    assert not real and len(digits) == 20 and len(digits.classes) == 10
    with torch.no_grad():
        assert torch.equal(lenet(digits.images).argmax(1), digits.labels)


def test_votes_are_counted():
    cast = torch.tensor([[2, 2, 5, 7], [2, 2, 5, 7]])
    found = votes.tally(cast, 5)
    assert found["winner"] == 2 and found["true"] == 0.25 and found["first"] == 0.5
    assert found["entropy"].item() == pytest.approx(1.5)
    assert votes.tally(cast, 9)["true"] == 0 and votes.tally(0 * cast, 0)["entropy"] == 0


def test_an_election_has_few_candidates_and_all(monkeypatch, model, shown):
    monkeypatch.setattr(votes, "FEW", 1)
    view = LinearInterpreter(model, shown[:1])
    label = view.output.argmax().item()
    found = votes.election(view, label)
    assert found["winner"][0] == label and found["true"][0] == 1 and found["entropy"][0] == 0
    everyone = votes.tally(view.pixel_discussion(range(10)).sum(1).argmax(0), label)
    assert {kind: values[1] for kind, values in found.items()} == everyone


def test_a_recount_has_all_candidates_and_counts_the_class_that_is_seen(model, shown):
    view = LinearInterpreter(model, shown[:1])
    found = votes.recount(view, 3)
    cast, seen = view.pixel_votes(None), view.output.argmax()
    assert found["seen"] == seen and found["share"] == (cast == seen).double().mean()
    assert found["true"] == (cast == 3).double().mean()


def test_an_attack_is_small_and_raises_the_loss(model, shown):
    labels = torch.tensor([0, 3, 5, 7])
    fooled = measures.attacked(model, shown, labels, 0.02)
    losses = [nn.functional.cross_entropy(model(x), labels) for x in (shown, fooled)]
    assert losses[1] > losses[0] and 0.019 < (fooled - shown).abs().max() < 0.0201
    assert fooled.min() >= 0 and fooled.max() <= 1


def test_the_stored_election_is_what_its_record_says(monkeypatch, tmp_path):
    found, record = votes.stored()
    n = record["images"]
    assert record["candidates"] == [32, 1000] and found["label"].shape == (n,)
    for kind in ("winner", "true", "first", "entropy"):
        assert found[kind].shape == (n, 2)
    assert (found["true"] <= found["first"]).all() and (found["true"] >= 0).all()
    won = found["winner"] == found["label"][:, None]
    assert torch.equal(won, found["true"] == found["first"])
    most = torch.tensor([32.0, 1000.0], dtype=torch.float64).log2()
    assert (found["entropy"] > 0).all() and (found["entropy"] < most).all()
    after, _ = votes.stored(votes.AFTER)
    assert torch.equal(after["label"], found["label"])
    assert (after["true"] <= after["first"]).all() and (after["share"] <= after["first"]).all()
    assert torch.equal(after["winner"] == after["seen"], after["share"] == after["first"])
    assert (after["entropy"] > 0).all() and (after["entropy"] < most[1]).all()
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    with pytest.raises(ValueError, match=r"votes-squeezenet1_0.json: expected a record, got FileNotFoundErr"):
        votes.stored()


def test_an_election_is_held_on_photographs_and_written(monkeypatch, tmp_path, model, shown):
    labels = model(shown).argmax(1)
    photographs = ImageData(shown, labels, tuple("abcdefghij"), "four")
    monkeypatch.setattr(votes, "network_and_photographs", lambda size: (model, photographs))
    for name, value in {"IMAGES": 3, "FEW": 4}.items():
        monkeypatch.setattr(votes, name, value)
    monkeypatch.setattr(votes, "__spec__", SimpleNamespace(name="votes"))
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    assert votes.main() == [tmp_path / votes.PATH, tmp_path / votes.AFTER]
    found, record = votes.stored()
    assert torch.equal(found["label"], labels[:3]) and record["data"] == "four"
    second = votes.election(LinearInterpreter(model[1], model[0](shown[1:2])), labels[1].item())
    assert all(torch.allclose(found[kind][1].double(), second[kind].double()) for kind in second)
    again, _ = votes.stored(votes.AFTER)
    fooled = measures.attacked(model, shown[:3], labels[:3])
    third = votes.recount(LinearInterpreter(model[1], model[0](fooled[2:3])), labels[2].item())
    assert all(torch.allclose(again[kind][2].double(), third[kind].double()) for kind in third)


def test_an_election_needs_photographs(monkeypatch):
    monkeypatch.setattr(squeezenet.imagenet, "pretrained", lambda name: None)
    with pytest.raises(FileNotFoundError, match="expected the weights of squeezenet1_0 and 100 photographs"):
        votes.main()


@pytest.mark.parametrize("name", networks.RECIPES)
def test_checkpoints_are_what_their_records_say(name):
    path = records.committed("checkpoints") / f"linear-{name}.safetensors"
    record = json.loads(path.with_suffix(".json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    assert path.stat().st_size < 1_000_000
    if name in ("super_resolution", "translator"):  # the others' training ended early
        assert record["test_error"]["network"] < record["test_error"]["without"]
    assert not networks.load(name).training
    with pytest.raises(ValueError, match=r"name: expected one of 'super_resolution', .*, got 'edsr'"):
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
    assert painted.abs().max() <= 1
    assert high.allclose((shown * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True))
    assert networks.held_out(10).tolist() == [True, *[False] * 4] * 2 and networks.held_out(2).all()


def test_rows_and_residuals_of_many_images_are_the_interpreters(images):
    torch.manual_seed(0)
    net, shown, classes = trained.small(), images(3, 1, 28, 28, dtype=torch.float32), torch.tensor([4, 0, 9])
    rows, residuals = trained.rows_and_residuals(net, shown, classes)
    for image, k, row, r in zip(shown.split(1), classes, rows, residuals, strict=True):
        view = LinearInterpreter(net, image)
        assert torch.allclose(view.row(k)[0], row, atol=1e-5)
        assert torch.allclose(view.residual[0, k], r, atol=1e-5)
    loss = sum(loss(rows, residuals).sum() for loss in trained.LOSSES.values())
    assert torch.autograd.grad(loss, net[3].weight)[0].abs().max() > 0


def test_the_finest_bands_hold_what_alternates():
    across = torch.arange(28.0).expand(2, 1, 28, 28)
    rows = torch.stack([(torch.pi * across[0]).cos(), (2 * torch.pi * across[1] / 28).cos()])
    energy = rows.square().sum((1, 2, 3))
    assert torch.allclose(trained.finest(rows) / energy, torch.tensor([1.0, 0.0]), atol=1e-3)


def test_training_with_a_penalty_is_repeatable_and_does_what_it_says(images):
    shown = images(40, 1, 28, 28, dtype=torch.float32)
    labels = torch.arange(40) % 10
    plain, smaller, again = (
        trained.train(name, shown, labels, steps=12) for name in ("plain", "small rows", "small rows")
    )
    pairs = zip(smaller.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    energies = [trained.rows_and_residuals(net, shown, labels)[0].square().sum() for net in (plain, smaller)]
    assert energies[1] < energies[0]


@pytest.mark.parametrize("source", ["MNIST", "scikit-learn digits, 28x28"])
def test_networks_with_four_losses_are_what_their_record_says(source, monkeypatch, tmp_path):
    models = trained.load(source)
    record = json.loads(trained.path(source).with_suffix(".json").read_text())
    assert record["source"] == source and record["training"]["weights"] == trained.WEIGHTS
    assert list(models) == list(record["test_accuracies"]) == list(trained.LOSSES)
    assert all(len(nets) == trained.SEEDS for nets in models.values())
    assert min(map(min, record["test_accuracies"].values())) > 0.85
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    with pytest.raises(ValueError, match="expected a record, got FileNotFoundErr"):
        trained.load(source)


def test_an_exam_says_what_attacks_do_and_what_the_system_is_like(images):
    net = trained.load("MNIST")["plain"][0]
    shown = images(6, 1, 28, 28, dtype=torch.float32)
    labels = net(shown).argmax(1)
    hits, looks = trained.examined(net, shown, labels, torch.tensor([0.0, 0.3]))
    assert hits[0] == 1 and hits[1] < 1
    rows, r = trained.rows_and_residuals(net, shown, labels)
    scores = net(shown).gather(1, labels[:, None])[:, 0]
    assert looks[0].item() == pytest.approx((r / scores).abs().quantile(0.5).item(), rel=1e-3)
    assert looks[2].item() == pytest.approx(measures.cosine(rows, shown).quantile(0.5).item(), rel=1e-3)
    assert 0 < looks[1] < 1


def test_training_writes_a_checkpoint_and_its_record(monkeypatch, tmp_path, images):
    few = ImageData(
        images(20, 1, 28, 28, dtype=torch.float32), torch.arange(20) % 10, tuple("0123456789"), "few"
    )
    for name, value in {"STEPS": 2, "SEEDS": 1}.items():
        monkeypatch.setattr(trained, name, value)
    monkeypatch.setattr(trained.train, "__defaults__", (0, 2))
    monkeypatch.setattr(trained.datasets, "digits", lambda train=False: few)
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    assert trained.main() == tmp_path / "linear-losses-few.safetensors"
    again = trained.train("small residual", few.images, few.labels, 0, 2)
    stored = trained.load("few")["small residual"][0]
    assert all(torch.equal(a, b) for a, b in zip(stored.parameters(), again.parameters(), strict=True))


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


def test_a_drawing_of_systems_shows_their_parts(upscaler):
    torch.manual_seed(0)
    toy = LinearInterpreter(nn.Conv2d(1, 2, 3).double(), torch.randn(1, 1, 4, 4, dtype=torch.float64))
    figure = figures.systems({"toy": (toy, 1, 5), "larger": (upscaler, 100, 30)})
    toy_axes, larger_axes = figure.axes[:6], figure.axes[6:]
    shapes = [axis.images[0].get_array().shape[:2] for axis in toy_axes]
    assert shapes == [(8, 16), (4, 4), (2, 5), (2, 5), (4, 4), (2, 5)]  # two channels and a gap
    assert [patch.get_height() for patch in toy_axes[0].patches] == [1, 8]
    assert "toy: 8 x 16" in repr(figure) and "larger: 1296 x 144" in repr(figure)
    shown = larger_axes[4].images[0].get_array()
    assert np.allclose(shown, upscaler.x0[0, 0])  # in grey, as it is an image


def test_channels_stand_beside_each_other():
    pair = torch.arange(8.0).view(2, 2, 2)
    assert torch.equal(figures.beside(pair)[0], torch.tensor([[0.0, 1, 0, 4, 5], [2, 3, 0, 6, 7]]))


def test_table_1_is_that_of_one_image_in_megabytes():
    for name, (build, size, printed) in storage.PAPER.items():
        assert round(4 * storage.relu_entries(build, size) / storage.UNIT) == printed, name


def test_what_a_graph_keeps():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 1, 3), nn.ReLU())
    x = torch.randn(1, 1, 8, 8)
    assert storage.entries_of(net, x) == 2 * 36 + 16
    assert storage.milliseconds(LinearInterpreter(net, x), repeat=2) > 0
    assert storage.kept_bytes(net, x) >= 4 * storage.entries_of(net, x)
    assert storage.kept_bytes(nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), x) < 4 * 64
    assert not any(module._forward_hooks for module in net.modules())


def test_weak_values_are_drawn_stronger():
    filters = torch.zeros(3, 4, 4)
    filters[0, 0, 0], filters[1, 3, 3] = 4.0, -0.25
    assert torch.equal(widgets.root(filters)[0, [0, 3, 1], [0, 3, 1]], torch.tensor([2.0, -0.5, 0.0]))


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
        ((0, 1), plot.signed(widgets.root(widgets.zoomed(row, 6, 5, 5)))),
        ((1, 0), widgets.marked(upscaler.output[0], 18, 15)),
        ((1, 1), plot.signed(widgets.root(widgets.zoomed(column, 18, 15, 15)))),
    ):
        top, left = (4 + pitch * index for index in place)
        found = pixels[:, top : top + side, left : left + side]
        expected = nn.functional.interpolate(image[None].double(), (side, side))[0]
        assert (found - expected).abs().max() < 0.01
    assert f"row: sum {row.sum():.2f}" in caption and f"column: sum {column.sum():.2f}" in caption


def test_check_origin(says, tells, solved):
    torch.manual_seed(1)  # F o and r are not small
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).double()
    x0, origin = torch.randn(2, 1, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    frozen = LinearInterpreter(model, x0)
    right = (frozen.matrix() @ origin[0] + frozen.residual[0])[1]
    case = frozen, origin, 1
    assert says(checks.check_origin, right, *case) == "Right"
    assert says(checks.check_origin, right.item(), *case) == "Right"
    wrong = frozen.residual[0, 1], frozen.output[0, 1], right - frozen.residual[0, 1], -right, "0.5", None
    for answer in wrong:
        assert says(checks.check_origin, answer, *case) == "Not yet"
    tells(checks.check_origin, *case)
    wide = LinearInterpreter(nn.Linear(4, 8).double(), x0)
    assert "Right" in solved("10", 2, frozen=wide, x0=x0)


def test_check_rule(says, tells, solved):
    model, x0 = nn.Sequential(nn.Linear(4, 3), nn.Softplus()).double(), torch.rand(1, 4, dtype=torch.float64)
    case = model, x0, "softplus"

    def mask(function, x, *args, **kwargs):
        return x * (function(x, *args, **kwargs) / x).detach()

    assert says(checks.check_rule, mask, *case) == "Right"
    wrong = (
        rules.as_is,  # gets in, but is Taylor's
        lambda function, x, *_: x,
        lambda function, x, *_: x.relu(),
        lambda function, x, *_: function(x).detach(),
        lambda function, x: function(x).exp(),
        "ratio",
        None,
    )
    for answer in wrong:
        assert says(checks.check_rule, answer, *case) == "Not yet"
    tells(checks.check_rule, *case)
    assert "Right" in solved("10", 1, soft=model, x0=x0)


def test_check_printed_sigma(says, tells, solved):
    case = 5.0, 100.0
    assert says(checks.check_printed_sigma, math.sqrt(20), *case) == "Right"
    assert says(checks.check_printed_sigma, torch.tensor(20.0).sqrt(), *case) == "Right"
    for answer in (5.0, 20, math.sqrt(5), math.sqrt(21), "4.47", None):
        assert says(checks.check_printed_sigma, answer, *case) == "Not yet"
    tells(checks.check_printed_sigma, *case)
    assert "Right" in solved("10", 4)


def test_check_layer(says, tells, solved):
    names, shares = ("input", *"abcd"), torch.tensor([[0.9, 0.0, 0.1, 0.5, 0.0], [0.9, 0.0, 0.1, 0.5, 0.6]])
    case = names, shares
    assert says(checks.check_layer, "c", *case) == "Right"
    for answer in ("input", "a", "b", 3, None):
        assert says(checks.check_layer, answer, *case) == "Not yet"
    tells(checks.check_layer, *case)
    assert "Right" in solved("10", 3, short=names, inner=shares)
