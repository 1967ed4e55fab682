"""Classifiers: checkpoints are what their records say, and where none fits one is trained in seconds."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import nn

from steerlens import SteerablePyramid, data, extrapolate, models, objectives, steer
from steerlens.classifiers import networks
from steerlens.classifiers.training import accuracy
from steerlens.data import arcade, records

FOLDER = records.committed("checkpoints")
RECORDS = {  # of classifiers; other networks' are read by the lessons that trained them
    path.stem: record
    for path in sorted(FOLDER.glob("*.json"))
    if (record := json.loads(path.read_text()))["model"] in models.RECIPES
}
LEAST_ACCURACY = {  # by model and the first word of the source
    "lenet MNIST": 0.99,
    "color_lenet MNIST": 0.98,
    "arcade Arcade": 0.995,
    "robust_lenet MNIST": 0.975,
    "mlp MNIST": 0.98,
    "resnet MNIST": 0.99,
    "vit MNIST": 0.98,
    "face FER2013": 0.88,
    "face_lenet FER2013": 0.85,
    "face_resnet FER2013": 0.88,
    "face schematic": 0.99,
    "lenet scikit-learn": 0.98,
    "robust_lenet scikit-learn": 0.97,
    "mlp scikit-learn": 0.98,
    "resnet scikit-learn": 0.98,
    "vit scikit-learn": 0.95,
    "color_lenet scikit-learn": 0.97,
    "face_lenet schematic": 0.99,
    "face_resnet schematic": 0.99,
}
OTHER_DISKS = {"radius": 8, "displacement": (4, 9)}

each_record = pytest.mark.parametrize("stem", RECORDS)


def first_word(record):
    """Of the source: MNIST, FER2013, Arcade, schematic."""
    return record["source"].split()[0].strip(",")


def images_of(record):
    """The test images that a record is about."""
    recipe = models.RECIPES[record["model"]]
    for make in (*recipe.data, *recipe.stand_ins):
        if (images := make()).source == record["source"]:
            return images
    real = first_word(record)
    assert real in ("MNIST", "FER2013")
    pytest.skip(f"needs the real {real}: STEERLENS_DATA names no folder that has it")


def some_images(record):
    """Images of the right source and shape, without the data itself."""
    name, source = record["model"], record["source"]
    images = torch.rand(2, *models.RECIPES[name].shape, generator=torch.Generator().manual_seed(0))
    (stem,) = (stem for stem, other in RECORDS.items() if other == record)
    state = safetensors.torch.load_file(FOLDER / f"{stem}.safetensors")
    *_, last = (key for key in models.RECIPES[name].seeded(2).state_dict() if key.endswith("bias"))
    return data.ImageData(images, torch.tensor([0, 1]), tuple(map(str, range(len(state[last])))), source)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the checkpoints, to be altered."""
    copy = shutil.copytree(FOLDER, tmp_path / "checkpoints")
    monkeypatch.setattr(records, "committed", lambda kind: copy)
    return copy


# The committed checkpoints.
def test_there_is_a_checkpoint_of_each_classifier():
    found = sorted(record["model"] for record in RECORDS.values())
    recipes = models.RECIPES.items()
    assert found == sorted(name for name, recipe in recipes for _ in (*recipe.data, *recipe.stand_ins))
    assert {path.stem for path in FOLDER.glob("*.safetensors")} == {
        path.stem for path in FOLDER.glob("*.json")
    }


@each_record
def test_record(stem):
    record = RECORDS[stem]
    content = (FOLDER / f"{stem}.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    recipe = models.RECIPES[record["model"]]
    on_stand_in = recipe.stand_ins and first_word(record) in ("scikit-learn", "schematic")
    expected = {**recipe.training, **(recipe.on_stand_ins if on_stand_in else {}), "seed": 0}
    assert record["training"] == expected  # made by this recipe
    assert record["command"] == "make checkpoints"
    assert len(content) < 4_000_000


@each_record
def test_a_checkpoint_is_loaded_as_it_is(stem, caplog):
    record = RECORDS[stem]
    state = torch.get_rng_state()
    model = models.load(record["model"], some_images(record))
    assert torch.equal(torch.get_rng_state(), state)
    stored = safetensors.torch.load_file(FOLDER / f"{stem}.safetensors")
    assert {name: value.shape for name, value in model.state_dict().items()} == {
        name: value.shape for name, value in stored.items()
    }
    assert all(torch.equal(value, stored[name].to(value)) for name, value in model.state_dict().items())
    assert not any(module.training for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert caplog.messages == []


@each_record
def test_recorded_accuracy(stem):
    """To one image of the test set: another machine's rounding may turn one that lies on the border."""
    record = RECORDS[stem]
    images = images_of(record)
    found = accuracy(models.load(record["model"], images), images.images, images.labels)
    assert len(images) == record["test_images"]
    assert found == pytest.approx(record["test_accuracy"], abs=1 / len(images) + 5e-5)
    assert found >= LEAST_ACCURACY[f"{record['model']} {first_word(record)}"]


def test_arcade_classifier_on_other_draws():
    images = arcade(500, seed=77)
    assert accuracy(models.load("arcade", images), images.images, images.labels) >= 0.995


# Altered ones.
DAMAGES = {
    "truncated": lambda content: content[:-1],
    "half": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit": lambda content: content[:-7] + bytes([content[-7] ^ 1]) + content[-6:],
    "pointer": lambda content: b"version https://git-lfs.github.com/spec/v1\n",
    "missing": None,
}


@each_record
@pytest.mark.parametrize("damage", DAMAGES)
def test_an_altered_checkpoint_is_refused_by_name(stem, damage, folder):
    path = folder / f"{stem}.safetensors"
    content = path.read_bytes()
    path.unlink()
    if DAMAGES[damage]:
        path.write_bytes(DAMAGES[damage](content))
    with pytest.raises(ValueError, match=r"expected .* got .*; restore it, or train it again") as caught:
        models.load(RECORDS[stem]["model"], some_images(RECORDS[stem]))
    assert str(path) in str(caught.value)


@each_record
@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"source": "MNIST"}', "null"])
def test_an_altered_record_is_refused_by_name(stem, content, folder):
    path = folder / f"{stem}.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"expected a record, got .*; restore it") as caught:
        models.load(RECORDS[stem]["model"], some_images(RECORDS[stem]))
    assert str(path) in str(caught.value)


# Where no checkpoint fits.
def test_training_is_announced_in_one_line(caplog, monkeypatch):
    monkeypatch.setattr(models, "fit", lambda model, *arguments, **options: model.eval())
    images = arcade(4, **OTHER_DISKS)
    models.load("arcade", images)
    assert caplog.messages == [f"No checkpoint of 'arcade' fits {images.source}: training one."]


def test_trained_on_other_disks():
    """Measured: 1.000 in 2.5 seconds on two cores."""
    images = arcade(400, seed=3, **OTHER_DISKS)
    model = models.load("arcade", images, progress=False)
    assert accuracy(model, images.images, images.labels) >= 0.99
    assert not any(module.training for module in model.modules())


# The classifiers themselves.
@pytest.mark.parametrize(
    "name, convolutions, linear",
    [
        ("lenet", 2, 2),
        ("color_lenet", 2, 2),
        ("arcade", 2, 2),
        ("face", 5, 2),
        ("mlp", 0, 3),
        ("resnet", 10, 1),
        ("vit", 1, 9),
    ],
)
def test_layers(name, convolutions, linear):
    layers = [type(module) for module in models.RECIPES[name].build(3).modules()]
    assert (layers.count(nn.Conv2d), layers.count(nn.Linear)) == (convolutions, linear)


@pytest.mark.parametrize("shape", [(28, 28), (48, 48), (33, 17)])
def test_resnet_of_any_size(shape):
    assert networks.resnet(4)(torch.rand(2, 1, *shape)).shape == (2, 4)


@pytest.mark.parametrize("classes, channels", [(10, 1), (7, 3), (2, 2)])
def test_lenet_of_any_classes_and_channels(classes, channels):
    assert networks.lenet(classes, channels)(torch.rand(5, channels, 28, 28)).shape == (5, classes)


@pytest.mark.parametrize("classes", [4, 2])
def test_arcade_net_of_any_classes(classes):
    assert networks.arcade_net(classes)(torch.rand(3, 1, 64, 64)).shape == (3, classes)


@pytest.mark.parametrize("name", models.RECIPES)
def test_untrained_classifiers_are_always_the_same(name):
    recipe = models.RECIPES[name]
    state = torch.get_rng_state()
    first = recipe.seeded(3)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(1)
    again = recipe.seeded(3)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert first(torch.rand(2, *recipe.shape)).shape == (2, 3)


# The transformer.
@pytest.fixture(scope="module")
def transformer():
    """The one of the digits that stand in, in float64, and six of them."""
    digits = data.small_digits()
    return models.load("vit", digits).double(), digits.images[:6].double()


def test_layers_of_tokens(transformer):
    """The class token, then 4 x 4 patches row by row, each a linear map of its pixels (T.1)."""
    net, x = transformer
    for n in range(4):
        layer = f"encoder.layers.encoder_layer_{n}"
        assert objectives.activations(net, x, layer).shape == (6, 64, 17)
        assert objectives.activations(net, x, f"{layer}.mlp.1").shape == (6, 128, 17)
    patches = nn.functional.unfold(x, 7, stride=7)  # (6, 49, 16)
    made = (net.conv_proj.weight.flatten(1) @ patches).mT + net.conv_proj.bias
    before = made + net.encoder.pos_embedding[:, 1:]
    found = []
    hook = net.encoder.dropout.register_forward_hook(lambda _, __, output: found.append(output))
    net(x)
    hook.remove()
    assert torch.allclose(found[0][:, 1:], before, atol=1e-12)
    assert torch.allclose(
        found[0][:, :1], (net.class_token + net.encoder.pos_embedding[:, :1]).expand(6, -1, -1)
    )


def test_the_head_reads_the_class_token(transformer):
    """The logits are the head's of token 0 (T.2): no other token of the last layer has any part in them."""
    net, x = transformer
    head, logits = net.heads.head, net(x)
    read = torch.stack([objectives.neuron(net, "encoder.ln", c, 0)(x)[0] for c in range(64)], 1)
    assert torch.allclose(head(read), logits, atol=1e-10)
    for label in (0, 7):
        w = head.weight[label]
        found = objectives.direction(net, "encoder.ln", w, place=0)(x)[0]
        assert torch.allclose(found * w.norm() + head.bias[label], logits[:, label], atol=1e-10)
    kept = []
    hook = net.encoder.layers.encoder_layer_3.register_forward_hook(lambda _, __, output: kept.append(output))
    slope = torch.autograd.grad(net(x).square().sum(), kept[0])[0]
    hook.remove()
    assert (slope[:, 1:] == 0).all() and slope[:, 0].abs().amin() > 0


def test_gradients_through_the_transformer(transformer):
    """Central differences along the gradient of a logit, of units at a place, and of their mean."""
    net, x = transformer
    layer = "encoder.layers.encoder_layer_2.mlp.1"
    for goal in (
        objectives.logit(net, 3),
        objectives.neuron(net, layer, 5, (1, 2)),
        objectives.channel(net, layer, 5, "image"),
        objectives.direction(net, "encoder.ln", net.heads.head.weight[4], place=0),
    ):
        leaf = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(goal(leaf).sum(), leaf)
        along = 1e-5 * slope / slope.norm()
        with torch.no_grad():  # where torch takes its fast path
            measured = (goal(x + along).sum() - goal(x - along).sum()) / 2e-5
        assert measured.item() == pytest.approx(slope.norm().item(), rel=1e-6)


def test_the_transformer_alone_and_in_a_batch(transformer):
    net, x = transformer
    with torch.no_grad():
        fast = net(x)
    logits = net(x)
    assert torch.allclose(fast, logits, atol=1e-10)  # torch's own path without gradients
    assert torch.allclose(torch.cat([net(one) for one in x.split(1)]), logits, atol=1e-10)
    with pytest.raises(AssertionError, match="Expected 28 but got 32"):  # torchvision's
        net(torch.rand(1, 1, 32, 32).double())


def test_morphs_of_the_transformer(transformer):
    """A digit moves towards another class, live and frozen; a unit of a token does as an objective."""
    net, x = transformer
    pyramid = SteerablePyramid((28, 28), 3, 4, padding=2)
    targets = (net(x).argmax(1) + 1) % 10
    for morph in (
        steer(net, x, targets, pyramid, direction="joint", steps=6, progress=False),
        extrapolate(net, x, targets, pyramid, alpha=1e-2, steps=6, progress=False),
    ):
        assert (morph.target_probabilities[:, -1] > morph.target_probabilities[:, 0]).all()
    unit = objectives.neuron(net, "encoder.layers.encoder_layer_1.mlp.1", 5, (1, 2))
    values = steer(net, x, None, pyramid, objective=unit, steps=4, progress=False).values
    assert (values[:, -1] > values[:, 0]).all()


# Writing a checkpoint.
@pytest.fixture
def tiny_recipe(monkeypatch):
    """Trains on 64 disks only."""

    def few():
        return replace(arcade(48, seed=1), make_training_split=lambda: arcade(64, seed=2))

    recipe = replace(models.RECIPES["arcade"], training={"epochs": 1, "batch_size": 32}, data=(few,))
    monkeypatch.setitem(models.RECIPES, "arcade", recipe)
    return recipe


def test_a_checkpoint_and_its_record(tiny_recipe, tmp_path, monkeypatch, caplog):
    record = models.train_checkpoint("arcade", tiny_recipe.data[0](), tmp_path)
    path = tmp_path / "arcade-64x64-radius-12-displacement-3-to-10.safetensors"
    assert {file.name for file in tmp_path.iterdir()} == {path.name, path.with_suffix(".json").name}
    assert json.loads(path.with_suffix(".json").read_text()) == record
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record["sha256"]
    assert record["training"] == {"epochs": 1, "batch_size": 32, "seed": 0}
    assert (record["training_images"], record["test_images"]) == (64, 48)
    assert (record["model"], record["source"]) == ("arcade", arcade(1).source)
    assert record["torch"] == torch.__version__

    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    images = tiny_recipe.data[0]()
    model = models.load("arcade", images)
    assert accuracy(model, images.images, images.labels) == pytest.approx(record["test_accuracy"], abs=5e-5)
    assert caplog.messages == []
    assert set(RECORDS["arcade-64x64-radius-12-displacement-3-to-10"]) == set(record)

    assert (
        models.train_checkpoint("arcade", tiny_recipe.data[0](), tmp_path)["sha256"] == record["sha256"]
    )  # the same file again


def test_where_checkpoints_are(tmp_path, monkeypatch):
    assert Path(records.__file__).parents[2] / "data" / "checkpoints" == FOLDER
    package = tmp_path / "site-packages" / "steerlens"
    (package / "checkpoints").mkdir(parents=True)
    monkeypatch.setattr(records, "__file__", str(package / "data" / "records.py"))
    assert records.committed("checkpoints") == package / "checkpoints"


def test_training_again_makes_the_same_classifier(tiny_recipe, tmp_path, monkeypatch):
    """Whatever the state of the global generator, which stays as it was."""
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path / "none")
    first = models.load("arcade", tiny_recipe.data[0](), progress=False)
    torch.rand(3)
    state = torch.get_rng_state()
    again = models.load("arcade", tiny_recipe.data[0](), progress=False)
    assert torch.equal(torch.get_rng_state(), state)
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_a_stand_in_is_stored_in_half_precision_and_is_what_was_stored(tiny_recipe, tmp_path, monkeypatch):
    recipe = replace(tiny_recipe, on_stand_ins={"epochs": 2})
    monkeypatch.setitem(models.RECIPES, "arcade", recipe)
    record = models.train_checkpoint("arcade", recipe.data[0](), tmp_path, stand_in=True)
    (path,) = tmp_path.glob("*.safetensors")
    assert {value.dtype for value in safetensors.torch.load_file(path).values()} == {torch.float16}
    assert record["training"] == {"epochs": 2, "batch_size": 32, "seed": 0}
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    model, images = models.load("arcade", recipe.data[0]()), recipe.data[0]()
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert accuracy(model, images.images, images.labels) == pytest.approx(record["test_accuracy"], abs=5e-5)


def test_the_stand_in_is_never_trained_as_if_it_were_the_real_data(tiny_recipe, tmp_path, monkeypatch):
    monkeypatch.setitem(models.RECIPES, "arcade", replace(tiny_recipe, stand_ins=tiny_recipe.data))
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    with pytest.raises(ValueError, match=r"arcade: expected the real data \(STEERLENS_DATA\), got Arcade"):
        models.main(["arcade"])


NEEDED = [  # what the lessons and the explorer load, on real data or on what stands in for it
    *((name, data.small_digits) for name in ("lenet", "robust_lenet", "mlp", "resnet", "vit")),
    *(("color_lenet", make) for make in models.RECIPES["color_lenet"].stand_ins),
    *((name, models.SCHEMATIC_FACES) for name in ("face", "face_lenet", "face_resnet")),
    ("arcade", lambda: arcade(1)),
]


@pytest.mark.parametrize("name, make", NEEDED)
def test_nothing_is_trained_for_what_stands_in(name, make, monkeypatch, caplog):
    monkeypatch.setattr(models, "fit", lambda *arguments, **options: pytest.fail("it was trained"))
    models.load(name, make())
    assert caplog.messages == []


def test_without_any_checkpoint_one_is_trained(tiny_recipe, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path / "none")
    model = models.load("arcade", tiny_recipe.data[0]())
    assert model(torch.rand(1, 1, 64, 64)).shape == (1, 4)
    assert "No checkpoint" in caplog.text
