"""Lesson 12: its networks, what is measured where the answer is known, and the checks of its exercises."""

from types import SimpleNamespace

import pytest
import torch
from steerlens_lessons.l12_questions import checks, measures, networks
from torch import nn
from torch.nn.functional import normalize

import steerlens as sl
from steerlens.data.disks import disks
from steerlens.evaluation import center_of_mass

ZERO = torch.zeros(3)


def moved(by):
    """Three disks at the centre, moved down."""
    return disks(ZERO + by, ZERO)


@pytest.fixture(scope="module")
def morph():
    """Grey images that become brighter by .1 a step; the value is their brightness."""
    grey = torch.tensor([0.2, 0.4, 0.6])[:, None, None, None].expand(3, 1, 8, 8)
    brightness = nn.AvgPool2d(8)
    how = {"cap": 0.1, "steps": 3, "progress": False}
    return sl.steer(
        brightness, grey, None, sl.Pixels((8, 8)), objective=lambda z, images: z[:, 0, 0, 0], **how
    )


@pytest.mark.parametrize("name", networks.RECIPES)
def test_the_committed_networks_answer_their_questions(name):
    """Far better than the best constant answer; the autoencoder than a blank image."""
    _, pairs, loss, _, _ = networks.RECIPES[name]
    data = {"angle": sl.data.digits, "autoencoder": sl.data.digits, "curvature": None}
    data = data.get(name, lambda: sl.data.arcade(200))
    data = sl.data.schematic_faces(200) if data is None else data()[:200]
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        inputs, wanted = pairs(data.images)
        output = networks.load(name, data)(inputs)
        if name == "autoencoder":
            assert (output[0] - wanted).square().sum() < 0.3 * wanted.square().sum()
        else:
            constant = wanted.mean(0, keepdim=True).expand_as(wanted)
            constant = torch.logit(constant, eps=1e-4) if name == "segmenter" else constant
            assert loss(output, wanted) < 0.2 * loss(constant, wanted)


def test_an_unknown_network_or_source_is_refused():
    with pytest.raises(ValueError, match="name: expected one of 'locator'"):
        networks.load("weather", sl.data.arcade(1))
    with pytest.raises(ValueError, match="expected a record"):
        networks.load("locator", sl.data.arcade(1, radius=9.0))


@pytest.mark.parametrize("name", networks.RECIPES)
def test_training_is_the_same_again(name, images):
    x = images(8, 1, 28, 28, dtype=torch.float32)
    state = torch.get_rng_state()
    first, second = (networks.train(name, x, steps=2) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(map(torch.equal, first.parameters(), second.parameters())) and not first.training


def test_rotated_turns_clockwise():
    right = disks(ZERO, ZERO + 10, size=40, radius=4.0)
    down = disks(ZERO + 10, ZERO, size=40, radius=4.0)
    assert (networks.rotated(right, ZERO + 90) - down).abs().max() < 1e-3
    assert torch.allclose(networks.rotated(right, ZERO), right, atol=1e-5)


def test_the_first_frame_that_has_risen(morph):
    edit, risen = measures.first_risen(morph, 0.15)
    assert risen.all() and torch.allclose(edit, morph.frames[:, 2])
    edit, risen = measures.first_risen(morph, 0.35)
    assert not risen.any() and torch.equal(edit, morph.frames[:, -1])


def test_nearest_finds_the_amount_under_a_veil():
    veiled = 0.5 * moved(3.0) + 0.2
    amounts = [by / 2 for by in range(-10, 11)]
    assert measures.nearest(veiled, moved, amounts).tolist() == [3.0] * 3


def test_answers_of_the_truth_and_of_a_veil():
    source, k = moved(0.0), torch.arange(2.0)
    values = torch.tensor([[0.0, 2.0]]).expand(3, 2)

    def made(edit):
        frames = torch.stack([source, edit], 1)
        return sl.Morph(frames, None, torch.zeros(3, 2), k, None, None, lambda rows, at: edit, values)

    ways = {"truth": made(moved(2.0)), "veil": made((source + 0.2).clamp(0, 1))}
    rows = measures.answers(ways, 2.0, moved, [0.0, 1.0, 2.0, 3.0])
    assert rows["truth"]["net says so"].value == rows["veil"]["net says so"].value == 1
    assert rows["truth"]["measured"].value == 2 and rows["veil"]["measured"].value == 0
    assert rows["truth"]["half or more"].value == 1 and rows["veil"]["half or more"].value == 0
    alike = [rows[way]["like the truth"].value for way in ways]
    assert alike[0] == pytest.approx(1) and alike[1] < 0.5


def test_check_wish(says, tells, solved):
    def right(outputs, images):
        return -(outputs - torch.tensor([-5.0, 8.0])).square().sum(1)

    assert says(checks.check_wish, right, (-5.0, 8.0)) == "Right"
    for wrong in (lambda z, x: -right(z, x), lambda z, x: right(z, x).sum(), lambda z: 0, 3):
        assert says(checks.check_wish, wrong, (-5.0, 8.0)) == "Not yet"
    tells(checks.check_wish, (-5.0, 8.0))
    assert "Right" in solved("12", 1)


def test_check_difference(says, classifier, images, tells, solved):
    model, x = classifier((8, 8)), images(2, 1, 8, 8)
    first, second = (sl.objectives.channel(model, "0", n) for n in (0, 1))
    check = checks.check_difference
    assert says(check, first + -0.5 * second, first, second, x) == "Right"
    for wrong in (first - second, first + 0.5 * second, "first"):
        assert says(check, wrong, first, second, x) == "Not yet"
    tells(check, first, second, x)
    assert "Right" in solved("12", 2, concept=first, control=second, without=x)


def test_check_carried(says, tells, solved):
    sources = disks(ZERO, torch.tensor([3.0, 4.0, 5.0]))
    edits = disks(ZERO + 2, torch.tensor([3.5, 4.9, 7.0]))
    assert says(checks.check_carried, 0.9, edits, sources) == "Right"
    tells(checks.check_carried, edits, sources)
    lesson = {"disk": {"pixels": None}, "arcade": SimpleNamespace(images=sources)}
    lesson["measures"] = SimpleNamespace(first_risen=lambda *_: (edits, None))
    assert "Right" in solved("12", 3, center_of_mass=center_of_mass, **lesson)


def test_check_resemblance(says, tells, solved, images):
    references = images(5, 6, dtype=torch.float32) - 0.3
    assert says(checks.check_resemblance, lambda z, images: z.sum(1), references) == "Not yet"
    tells(checks.check_resemblance, references)
    digits = SimpleNamespace(of_class=lambda name: SimpleNamespace(images=images(9, 1, 4, 4)))
    lesson = {"features": lambda images: images.flatten(1).float() - 0.3, "normalize": normalize}
    assert "Right" in solved("12", 4, digits=digits, **lesson)
