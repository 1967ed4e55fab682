"""Lesson 11: its subject, what is measured on morphs of photographs, and the checks of its exercises."""

import logging

import pytest
import torch
from steerlens_lessons.common import squeezenet
from steerlens_lessons.l11_your_model import changed, checks, measures
from torch import nn

import steerlens as sl
from steerlens.data import records


@pytest.fixture
def morph(classifier, images):
    model, x = classifier((12, 12), 3, 5, torch.float32), images(4, 3, 12, 12, dtype=torch.float32)
    return sl.extrapolate(model, x, 1, sl.Fourier((12, 12)), alpha=0.5, steps=[0.5, 1, 2, 8], progress=False)


class TwoLogits(nn.Sequential):
    def forward(self, images):
        z = super().forward(images)
        return torch.cat([torch.zeros_like(z), z], 1)


class Resized(nn.Sequential):
    def forward(self, images):
        options = {"mode": "bilinear", "antialias": True, "align_corners": False}
        return super().forward(nn.functional.interpolate(images, (8, 8), **options))


@pytest.fixture
def one_logit():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(192, 1))


def test_without_weights_the_own_classifier_stands_in(monkeypatch, capsys):
    monkeypatch.setattr(measures.imagenet, "pretrained", lambda name: None)
    model, digits, pyramid = measures.subject(2)
    assert "stands in" in capsys.readouterr().out
    assert digits.images.shape == (2, 3, 28, 28) and pyramid.shape == (28, 28)
    assert torch.equal(model(digits.images).argmax(1), digits.labels)


def test_without_enough_photographs_too(monkeypatch, capsys):
    model = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 1000)).eval()
    monkeypatch.setattr(measures.imagenet, "pretrained", lambda name: model)
    photos = sl.data.ImageData(
        torch.rand(2, 3, 224, 224), torch.zeros(2, dtype=torch.long), ("a",) * 1000, "two"
    )
    monkeypatch.setattr(measures.data, "photos", lambda size: photos)
    assert len(measures.subject(3)[1].classes) == 10
    assert "stands in" in capsys.readouterr().out


def test_the_first_photographs_that_are_seen_right(monkeypatch):
    class Reader(nn.Module):
        def forward(self, x):
            return nn.functional.one_hot((x.mean((1, 2, 3)) * 10).long(), 10).float()

    levels = torch.tensor([0.05, 0.15, 0.25, 0.35])
    photos = levels[:, None, None, None].expand(4, 3, 224, 224)
    data = sl.data.ImageData(photos, torch.tensor([0, 9, 2, 3]), tuple("0123456789"), "levels")
    monkeypatch.setattr(measures.imagenet, "pretrained", lambda name: Reader())
    monkeypatch.setattr(measures.data, "photos", lambda size: data)
    model, found, pyramid = measures.subject(2)
    assert isinstance(model, Reader) and found.labels.tolist() == [0, 2]
    assert torch.equal(found.images, photos[[0, 2]]) and pyramid.scales == 4


def test_other_models_are_those_with_weights(monkeypatch, capsys, caplog):
    def pretrained(name):
        logging.getLogger("steerlens").warning("a folder's name")
        return nn.Identity() if name == "here" else None

    monkeypatch.setattr(measures.imagenet, "pretrained", pretrained)
    assert list(measures.other_models(["here", "missing"])) == ["here"]
    assert capsys.readouterr().out == "missing: no weights here.\n"
    assert measures.other_models([]) == {} and not caplog.messages


@pytest.fixture
def small(monkeypatch, tmp_path, classifier, images):
    """Six photographs of 16 pixels, three of them named, and short edits of them; results go to a folder."""
    model, x = classifier((16, 16), 3, 6, torch.float32), images(6, 3, 16, 16, dtype=torch.float32)
    photographs = sl.data.ImageData(x, model(x).argmax(1), tuple("abcdef"), "six")
    present = [photographs.classes[label] for label in photographs.labels.unique()]
    named = dict.fromkeys(present[:1], "f")
    for name, value in {
        "RUNNERS_UP": 3,
        "PEOPLE": (),
        "NAMED": named,
        "SCALES": 2,
        "TILE": 8,
        "VIEWS": {"count": 2, "size": 16},
        "STEPS": {**changed.STEPS, "steps": 2, "length": 0.1},
        "network_and_photographs": lambda size: (model, photographs),
    }.items():
        monkeypatch.setattr(changed, name, value)
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    monkeypatch.chdir(tmp_path)
    return model, photographs


def test_photographs_are_changed_once_and_stored(small, monkeypatch):
    model, photographs = small
    changed.main()
    parts, record = changed.stored()
    assert [pictures.shape for _, pictures in parts.values()] == [(1, 5, 3, 8, 8), (3, 3, 3, 8, 8)]
    numbers, _ = parts["by rule"]
    assert numbers["target"].shape == numbers["source"].shape == (3, 3, 4) and record["runners_up"] == 3
    assert (numbers["L2"][:, 0] == 0).all() and (numbers["L2"][:, 1:] > 0.1).all()
    assert torch.equal(numbers["label"], photographs.labels[:3])
    second = model(photographs.images[:3]).topk(2).indices[:, 1]
    assert torch.equal(numbers["asked"], second)
    again = changed.edited(model, photographs.images[:1], second[0].item(), "views, luminance")
    p = model(again).softmax(1)[0, second[0]]
    assert torch.allclose(numbers["target"][0, -1, 0], p, atol=1e-5)
    assert torch.allclose(numbers["L2"][0, -1], (again - photographs.images[:1]).norm(), atol=1e-4)
    monkeypatch.setattr(changed, "edited", None)  # all are kept, and none is made again
    changed.main()
    found = changed.stored()[0]["by rule"][0]
    assert all(torch.equal(numbers[name], values) for name, values in found.items())


def test_a_classifier_seen_through_views_that_change_nothing(small):
    model, photographs = small
    still = sl.Views(3, crops=(1, 1), mirror=0, noise=0)
    found = changed.SeenThrough(model, still)(photographs.images)
    assert torch.allclose(found, model(photographs.images).log_softmax(1), atol=1e-5)


def test_people_are_left_out_and_rivals_are_animals(small, monkeypatch):
    model, photographs = small
    label = photographs.labels[1].item()
    monkeypatch.setattr(changed, "PEOPLE", (photographs.classes[label],))
    monkeypatch.setattr(changed, "RUNNERS_UP", 2)
    monkeypatch.setattr(changed, "ANIMALS", 3)
    found = changed.pairs(model, photographs, "by rule")
    kept = [i for i in range(3) if photographs.labels[i] != label]
    assert [index for index, _ in found] == kept[:2]
    for index, target in found:
        assert target < 3 and target != photographs.labels[index]


def test_a_picture_that_is_not_the_records_is_refused(small, tmp_path):
    changed.main()
    (tmp_path / "changed-squeezenet1_0-by-rule.jpg").write_bytes(b"another")
    with pytest.raises(ValueError, match=r"restore it, or compute it again"):
        changed.stored()


def test_photographs_are_needed(monkeypatch, tmp_path):
    monkeypatch.setattr(squeezenet.imagenet, "pretrained", lambda name: None)
    with pytest.raises(FileNotFoundError, match="expected the weights of squeezenet1_0 and 100 photographs"):
        changed.compute("named", tmp_path)


def test_the_committed_photographs_are_what_their_record_says():
    parts, record = changed.stored()
    assert list(record["methods"]) == list(changed.METHODS) and record["named"] == changed.NAMED
    first = [f"{name}\n→ {target}" for name, target in changed.NAMED.items()]
    assert changed.names(parts["named"][0]) == first
    for part, count in {"named": len(first), "by rule": changed.RUNNERS_UP}.items():
        numbers, pictures = parts[part]
        assert pictures.shape == (count, 1 + len(changed.PARTS[part]), 3, changed.TILE, changed.TILE)
        assert (numbers["L2"][:, 0] == 0).all() and (numbers["L2"][:, 1:] > 1).all()
        both = numbers["target"] + numbers["source"]
        assert (both >= 0).all() and (both <= 1 + 1e-5).all()


def test_seen_again(images):
    x = images(2, 3, 56, 56)
    again = measures.seen_again(x)
    assert list(again) == ["as it is", "mirrored", "shifted", "halved"]
    assert torch.equal(again["mirrored"].flip(-1), x) and torch.equal(again["shifted"].roll(-2, -1), x)
    flat = torch.full((1, 3, 56, 56), 0.3)
    assert torch.allclose(measures.seen_again(flat)["halved"], flat)
    assert (again["halved"] - x).abs().mean() > 0.1 and again["halved"].shape == x.shape


def test_grey_levels(images):
    x = images(1, 3, 20, 30)
    assert measures.grey_levels((x + 2 / 255 - x).norm().item(), x) == pytest.approx(2)


def test_check_two_logits(says, one_logit, images, tells, solved):
    x = images(4, 3, 8, 8, dtype=torch.float32)
    check = checks.check_two_logits
    assert says(check, TwoLogits(one_logit), one_logit, x) == "Right"
    halves = lambda z: torch.cat([-z / 2, z / 2], 1)  # noqa: E731
    assert says(check, nn.Sequential(one_logit, Apply(halves)), one_logit, x) == "Right"
    for wrong in (
        one_logit,
        nn.Sequential(one_logit, Apply(lambda z: torch.cat([z, torch.zeros_like(z)], 1))),
        nn.Sequential(one_logit, Apply(lambda z: torch.cat([-z, z], 1))),
        nn.Sequential(one_logit, Apply(lambda z: torch.cat([1 - z.sigmoid(), z.sigmoid()], 1))),
        3,
    ):
        assert says(check, wrong, one_logit, x) == "Not yet"
    tells(check, one_logit, x)
    assert "Right" in solved("11", 1)


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def test_check_resized(says, one_logit, images, tells, solved):
    x = images(4, 3, 32, 32, dtype=torch.float32)
    check = checks.check_resized
    assert says(check, Resized(one_logit), one_logit, x, 8) == "Right"
    for wrong in (
        one_logit,
        nn.Sequential(nn.Upsample((8, 8), mode="bilinear"), one_logit),
        nn.Sequential(nn.Upsample((8, 8), mode="nearest"), one_logit),
        nn.Sequential(Apply(lambda x: x[..., :8, :8]), one_logit),
        "8x8",
    ):
        assert says(check, wrong, one_logit, x, 8) == "Not yet"
    tells(check, one_logit, x, 8)
    assert "Right" in solved("11", 2, one_logit=one_logit)


def test_check_peak(says, morph, solved):
    right = morph.steps[morph.target_probabilities.quantile(0.5, dim=0).argmax()].item()
    assert says(checks.check_peak, ..., morph) == "Open"
    assert says(checks.check_peak, right, morph) == "Right"
    for wrong in [*(k for k in morph.steps.tolist() if k != right), "k", None]:
        assert says(checks.check_peak, wrong, morph) == "Not yet"
    assert "Right" in solved("11", 3, frozen=morph)


def test_check_grey_levels(says, tells, solved):
    photograph = torch.zeros(1, 3, 224, 224)
    check = checks.check_grey_levels
    assert says(check, 255 * 4 / (3 * 224 * 224) ** 0.5, 4.0, photograph) == "Right"
    assert says(check, 2.63, 4.0, photograph) == "Right"
    for wrong in (4 / 224, 255 * 4 / 224, 255 * 4 / (3 * 224 * 224), 4 / (3 * 224 * 224) ** 0.5, "few"):
        assert says(check, wrong, 4.0, photograph) == "Not yet"
    tells(check, 4.0, photograph)
    assert "Right" in solved("11", 4)
