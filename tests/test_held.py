"""Editors that hold the distance, edits on straight lines, and probes of single bands."""

import pytest
import torch
from steerlens_lessons.l08_confidence import held as module
from steerlens_lessons.l08_confidence.held import Smoothed, held_editors
from steerlens_lessons.l08_confidence.probes import band_probe
from steerlens_lessons.l08_confidence.straight import reference_editors, straight_edit

import steerlens as sl
from steerlens.data import ImageData
from steerlens.evaluation import matched_edit
from steerlens.morphs.steps import l2_distance

SHAPE = (16, 12)
HELD = held_editors(SHAPE)

each_held = pytest.mark.parametrize("name", HELD)


@pytest.fixture
def case(classifier, images):
    model = classifier(SHAPE, dtype=torch.float32)
    x = (images(3, 1, *SHAPE, dtype=torch.float32) - 0.5).clamp(0, 1)
    return model, x, (model(x).argmax(1) + 1) % 5


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(module, "STEPS", 10)


# Holding the distance.
@each_held
@pytest.mark.parametrize("distance", [0.2, 0.5])
def test_exactly_the_distance(case, name, distance):
    model, sources, targets = case
    before = sources.clone()
    images, attained = matched_edit(model, sources, targets, HELD[name], distance)
    assert attained.all() and ((images >= 0) & (images <= 1)).all()
    assert ((l2_distance(images, sources) - distance).abs() <= 6e-4).all()
    assert torch.equal(sources, before)
    again, _ = matched_edit(model, sources, targets, HELD[name], distance)
    assert torch.equal(images, again)


@each_held
def test_the_target_gains(case, name):
    model, sources, targets = case
    images, _ = matched_edit(model, sources, targets, HELD[name], 0.5)
    before, after = (model(x).log_softmax(1).gather(1, targets[:, None]) for x in (sources, images))
    assert (after > before).all()


def test_contrast_leaves_less_grey(case):
    model, sources, targets = case
    grey = []
    for strength in (1e-6, 3.0):
        editor = held_editors(SHAPE, contrast=strength)["pixel + contrast, held"]
        images, _ = matched_edit(model, sources, targets, editor, 1.0)
        grey.append((images * (1 - images)).sum())
    assert grey[1] < grey[0]


def test_a_pull_leaves_more_of_a_warp(case):
    model, sources, targets = case
    energies = []
    for row in ("pixel + contrast + blur, held", "pixel + contrast + blur + pull, held"):
        images, _ = matched_edit(model, sources, targets, HELD[row], 0.5)
        energies.append(sl.evaluation.warp_energy(sources, images, progress=False))
    assert (energies[1] > energies[0]).all()


# The smoothed classifier.
def test_smoothing_without_motion_and_noise_changes_nothing(case, monkeypatch):
    model, images, _ = case
    monkeypatch.setattr(module, "MOTION", (0.0, 0.0, 0.0, 0.0))
    smoothed = Smoothed(model, copies=2, noise=0.0)
    torch.testing.assert_close(smoothed(images), model(images).log_softmax(1), rtol=1e-4, atol=1e-5)


def test_smoothed_draws_are_new_each_time_and_the_same_again(case):
    model, images, _ = case
    first, second = Smoothed(model, seed=3), Smoothed(model, seed=3)
    one = first(images)
    assert torch.equal(one, second(images)) and not torch.equal(one, first(images))


@each_held
def test_an_edit_does_not_depend_on_its_neighbours(case, name):
    model, sources, targets = case
    together, _ = matched_edit(model, sources, targets, HELD[name], 0.3)
    alone, _ = matched_edit(model, sources[1:2], targets[1:2], HELD[name], 0.3)
    torch.testing.assert_close(together[1:2], alone, rtol=0, atol=1e-3)


def test_motion_stays_within_its_bounds(monkeypatch):
    """Only translations: the centre of mass moves by at most that many pixels."""
    monkeypatch.setattr(module, "MOTION", (0.0, 0.0, 0.0, 2.0))
    disk = sl.data.disks(torch.zeros(200), torch.zeros(200), 32, 6)
    moved = module.randomly_moved(disk, 200, torch.Generator().manual_seed(0))
    shift = (sl.evaluation.center_of_mass(moved) - sl.evaluation.center_of_mass(disk))[:, 0]
    assert shift.abs().max() <= 2.05 and shift.abs().amax(0).min() > 1.8


# Straight lines.
def test_straight_edits_lie_on_the_line(case):
    _, sources, _ = case
    others = sources.roll(1, 0)
    images, attained = straight_edit(sources, others, 0.2)
    assert attained.all()
    assert torch.nn.functional.cosine_similarity(
        (images - sources).flatten(1), (others - sources).flatten(1)
    ).min() > 0.999  # fmt: skip


def test_a_line_that_ends_before_the_distance(case):
    _, sources, _ = case
    images, attained = straight_edit(sources, sources, 0.3)
    assert not attained.any() and torch.equal(images, sources)


def test_the_nearest_example_is_the_nearest_of_its_class(case):
    model, sources, _ = case
    training = torch.cat([0.9 * sources, 0.5 * sources, 1 - sources])
    labels = torch.tensor([0] * 3 + [1] * 3 + [1] * 3)
    data = ImageData(training, labels, ("a", "b"), "made up")
    editor = reference_editors(data)["nearest example"]
    images, attained = matched_edit(model, sources, 1, editor, 0.2)
    assert attained.all()
    torch.testing.assert_close(images / images.amax((2, 3), True), sources / sources.amax((2, 3), True))


@pytest.mark.parametrize("name", ["noise", "smooth noise"])
def test_noise_knows_nothing_of_the_target(case, name):
    model, sources, targets = case
    editor = reference_editors(ImageData(sources, targets, tuple("abcde"), "made up"))[name]
    first, _ = matched_edit(model, sources, targets, editor, 0.5)
    second, _ = matched_edit(model, sources, (targets + 1) % 5, editor, 0.5)
    assert torch.equal(first, second)
    assert ((l2_distance(first, sources) - 0.5).abs() <= 6e-4).all()


# Probes.
@pytest.mark.parametrize("scale, orientation", [(0, 0), (1, 2)])
def test_uphill_is_up_and_downhill_is_down(case, scale, orientation):
    model, sources, targets = case
    pyramid = sl.SteerablePyramid(SHAPE, 2, 3)
    probe = band_probe(model, sources, targets, pyramid, scale, orientation, 0.05)
    assert probe.attained.all()
    assert (probe.uphill > 0).all() and (probe.downhill < 0).all() and (probe.advantage > 0).all()
    assert (probe.random.abs() < probe.uphill).all()


def test_a_probe_that_does_not_reach_the_distance(case):
    model, sources, targets = case
    probe = band_probe(model, sources, targets, sl.SteerablePyramid(SHAPE, 2, 3), 0, 0, 50.0)
    assert not probe.attained.any()


@pytest.mark.parametrize(
    "scale, orientation, name", [(2, 0, "scale"), (-1, 0, "scale"), (0, 3, "orientation")]
)
def test_bands_that_are_not_there(case, scale, orientation, name):
    pyramid = sl.SteerablePyramid(SHAPE, 2, 3)
    with pytest.raises(ValueError, match=f"{name}.*: expected an integer"):
        band_probe(*case, pyramid, scale, orientation, 0.1)


@pytest.mark.parametrize("copies, noise, name", [(0, 0.1, "copies"), (1.5, 0.1, "copies"), (1, "x", "noise")])
def test_bad_smoothing(case, copies, noise, name):
    with pytest.raises((ValueError, TypeError), match=f"{name}: expected"):
        Smoothed(case[0], copies, noise)
