"""Lesson 10: narrow VGGs with and without batch norm, and what their layers contribute."""

import json

import pytest
import torch
from steerlens_lessons.l10_linear import depth, measures
from torch import nn
from torchvision.models.vgg import cfgs

from steerlens.data import ImageData, records, schematic_faces
from steerlens.linear import LinearInterpreter

SOURCES = ("FER2013, sad and happy", "schematic faces, 48x48")
LETTERS = {"VGG-11": "A", "VGG-16": "D"}  # torchvision's names of the patterns


@pytest.fixture(params=depth.NAMES)
def model(request):
    """A network with random biases, means and variances, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = depth.vgg(request.param).double().eval()
        for unit in network[1]:
            if isinstance(unit, nn.BatchNorm2d):
                unit.running_mean.normal_(0, 0.3)
                unit.running_var.uniform_(0.5, 2.0)
                nn.init.uniform_(unit.weight, 0.8, 1.2)
            if hasattr(unit, "bias"):
                nn.init.normal_(unit.bias, std=0.2)
    return network


@pytest.fixture
def shown(images):
    """Three images of the faces' size."""
    return images(3, 1, 48, 48, dtype=torch.float64)


@pytest.mark.parametrize("name", depth.NAMES)
def test_the_patterns_are_torchvision_s(name):
    chain = depth.vgg(name)[1]
    units = [unit for unit in chain if isinstance(unit, nn.Conv2d | nn.MaxPool2d)]
    found = [64 // depth.UNIT * u.out_channels if isinstance(u, nn.Conv2d) else "M" for u in units]
    assert found == cfgs[LETTERS[name[:6]]]
    assert any(isinstance(unit, nn.BatchNorm2d) for unit in chain) == name.endswith("-BN")


def test_a_folded_chain_is_the_same_function_without_batch_norm(model, shown):
    chain = depth.folded(model[1])
    assert not any(isinstance(unit, nn.BatchNorm2d) for unit in chain)
    assert torch.allclose(chain(model[0](shown)), model(shown), atol=1e-12)


def test_contributions_of_many_images_are_the_interpreter_s(model, shown):
    x = model[0](shown)
    leads, parts = depth.contributions(depth.folded(model[1]), x)
    assert torch.allclose(parts.sum(1), leads, atol=1e-12)
    for image, lead, part in zip(x.split(1), leads, parts, strict=True):
        view = LinearInterpreter(depth.folded(model[1]), image)
        both = view.contributions(view.output[0].topk(2).indices)
        assert torch.allclose(lead, both.scores[0] - both.scores[1], atol=1e-12)
        assert torch.allclose(part[0], both.input[0] - both.input[1], atol=1e-12)
        assert torch.allclose(part[1:], both.biases[0] - both.biases[1], atol=1e-12)


def test_convolution_and_batch_norm_sum_to_the_folded_bias(shown):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = depth.vgg("VGG-11-BN").double().eval()
        for unit in model[1]:
            if isinstance(unit, nn.BatchNorm2d):
                unit.running_mean.normal_(0, 0.3)
            if hasattr(unit, "bias"):
                nn.init.normal_(unit.bias, std=0.2)
    x = model[0](shown[:1])
    parts = depth.contributions(depth.folded(model[1]), x)[1][0, 1:9]
    view = LinearInterpreter(model[1], x)
    both = view.contributions(view.output[0].topk(2).indices)
    apart = dict(zip(both.layers, both.biases[0] - both.biases[1], strict=True))
    kinds = [torch.stack([c for name, c in apart.items() if kind in name]) for kind in ("conv", "norm")]
    assert torch.allclose(sum(kinds), parts, atol=1e-12)


@pytest.mark.parametrize("name", depth.NAMES)
def test_groups_hold_each_layer_once(name):
    convolutions = 8 if "11" in name else 13
    columns = [column for at in depth.groups(name).values() for column in range(convolutions + 4)[at]]
    assert columns == list(range(1, convolutions + 4))
    assert len(range(convolutions + 4)[depth.groups(name)["fully connected"]]) == 3


def test_what_is_examined_are_clean_and_attacked_images(model, shown):
    labels = torch.tensor([0, 1, 1])
    found = depth.examined(model, shown, labels)
    hostile = measures.attacked(model, shown, labels)
    for state, images in (("clean", shown), ("attacked", hostile)):
        right, leads, parts = found[state]
        scores = model(images)
        assert torch.equal(right, scores.argmax(1) == labels)
        assert torch.allclose(leads, (scores[:, 0] - scores[:, 1]).abs(), atol=1e-12)
        assert torch.allclose(parts.sum(1), leads, atol=1e-12)


@pytest.mark.parametrize("source", SOURCES)
def test_the_stored_networks_are_what_their_record_says(source, monkeypatch, tmp_path):
    models = depth.load(source)
    path = depth.path(source)
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["source"] == source and record["training"]["seeds"] == depth.SEEDS
    assert path.stat().st_size < 1_000_000
    assert list(models) == list(depth.NAMES) == list(record["test_accuracies"])
    assert all(len(trained) == depth.SEEDS[name[:6]] for name, trained in models.items())
    if source == SOURCES[1]:
        faces = schematic_faces(1000, seed=1)
        for name, trained in models.items():
            found = [depth.accuracy(net, faces.images, faces.labels) for net in trained]
            assert found == pytest.approx(record["test_accuracies"][name], abs=0.005)
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    with pytest.raises(ValueError, match=r"expected a record, got FileNotFoundError"):
        depth.load(source)


def test_training_is_repeatable_and_writes_a_checkpoint(monkeypatch, tmp_path, images):
    labels = torch.arange(20) % 2
    few = ImageData(images(20, 1, 48, 48, dtype=torch.float32), labels, ("sad", "happy"), "few")
    monkeypatch.setattr(ImageData, "training_split", lambda self: few)
    monkeypatch.setattr(depth.datasets, "faces", lambda: few)
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    for name, value in {"FEWER": 1, "SEEDS": {"VGG-11": 1, "VGG-16": 1}}.items():
        monkeypatch.setattr(depth, name, value)
    assert depth.main() == tmp_path / "linear-depth-few.safetensors"
    stored, again = depth.load("few")["VGG-11-BN"][0], depth.train("VGG-11-BN", few, 0)
    same = zip(stored.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in same)
