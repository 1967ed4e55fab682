"""Lesson 03: checks of exercises, what is measured on Arcade, the shapes, the figures and the widget."""

import pytest
import torch
from steerlens_lessons.l03_arcade import checks, figures, measures, shapes, widgets

from steerlens import Morph, SteerablePyramid, extrapolate
from steerlens.classifiers.models import load
from steerlens.data import DIRECTIONS, arcade, disks
from steerlens.evaluation import center_of_mass

ZERO = torch.zeros(1)


@pytest.fixture(scope="module")
def data():
    return arcade(60, seed=1)


@pytest.fixture(scope="module")
def model(data):
    return load("arcade", data)


@pytest.fixture(scope="module")
def morph(model, data):
    """The frozen half of figure 2, of fewer frames."""
    case = (model, *measures.figure_2_cases(model, data), SteerablePyramid((64, 64), 3, 4))
    return extrapolate(*case, alpha=0.2, steps=[10, 20, 40, 60])


def test_figure_2_is_made_of_the_papers_pairs(model, data):
    made = measures.figure_2(model, data)
    assert [name.split(",")[0].split(" (")[0] for name in made] == [
        "phases and low-pass",
        "live",
        "phases alone",
        "low-pass alone",
    ]
    for name, morph in made.items():
        pairs = zip(morph.sources.tolist(), morph.targets.tolist(), strict=True)
        assert [(DIRECTIONS[a], DIRECTIONS[b]) for a, b in pairs] == list(measures.PAIRS)
        p = morph.target_probabilities[:, -1]
        assert (p < 0.01).all() if "phases alone" in name else (p > 0.9).all()
    for row, (source, _) in enumerate(measures.PAIRS):
        assert all(torch.equal(m.frames[row, 0], data.of_class(source).images[0]) for m in made.values())


def test_cases_never_ask_for_the_class_they_have():
    data, targets = measures.cases(200)
    assert (targets != data.labels).all()
    assert targets.bincount(minlength=4).min() > 20
    assert torch.equal(measures.cases(200)[1], targets)


@pytest.mark.parametrize(("direction", "share"), [(0, 0.25), (1, 0.75), (2, 0.5), (3, 0.5)])
def test_mass_in_half(direction, share):
    image = torch.zeros(2, 64, 64)
    image[:, 10, [5, 60]] = 0.5
    image[:, 50] = 3 / 64
    assert measures.mass_in_half(image, direction).tolist() == pytest.approx([share, share])


def test_measured_knows_a_moved_disk(model):
    frames = torch.stack([disks(torch.tensor([6.0]), ZERO), disks(ZERO, torch.tensor([-6.0]))], 1)
    p = model(frames.flatten(0, 1)).softmax(1).unflatten(0, (1, 2)).detach()
    steps = torch.tensor([0.0, 1.0])
    moved = Morph(frames, p, steps[None], steps, torch.tensor([1]), torch.tensor([2]), None)
    m = measures.measured(moved)
    assert m.reached.tolist() == m.right_way.tolist() == [True]
    assert m.cosine.item() == pytest.approx(1, abs=1e-4)
    assert m.shift.item() == pytest.approx(72**0.5, abs=1e-2)
    assert m.half.item() == pytest.approx(0.81, abs=0.02)


def test_in_parts_equals_one_part(monkeypatch, model):
    data, targets = measures.cases(5)
    pyramid = SteerablePyramid((64, 64), 3, 4)

    def edit(images, targets):
        return extrapolate(model, images, targets, pyramid, steps=2)

    whole = edit(data.images, targets)
    monkeypatch.setattr(measures, "PART", 2)
    joined = measures.in_parts(edit, data.images, targets)
    for name in ("frames", "probabilities", "distances", "steps", "sources", "targets"):
        assert torch.allclose(getattr(joined, name), getattr(whole, name), atol=1e-5)
    with pytest.raises(ValueError, match="made in one part"):
        joined.at_distance(1.0)


def test_progress_and_half_against_k(morph):
    along, half = measures.progress(morph), measures.target_half(morph)
    assert along.shape == half.shape == (4, 5)
    assert (along[:, 0] == 0).all() and (along.diff(dim=1) > 0).all()
    left = [measures.mass_in_half(morph.frames[row, :, 0], 2).tolist() for row in (0, 2)]
    assert half[[0, 2]].tolist() == left


def test_check_half(morph, says, tells, solved):
    ends = morph.frames[:, -1, 0]
    left, down = ends[:, :, :32].sum((1, 2)), ends[:, 32:].sum((1, 2))
    total = ends.sum((1, 2))
    right = torch.stack([left[0], total[1] - left[1], left[2], down[3]]) / total
    assert says(checks.check_half, right, morph) == "Right"
    assert says(checks.check_half, right.tolist(), morph) == "Right"
    for wrong in (
        1 - right,  # the other half
        left / total,  # always the left one
        right * total,  # not divided
        right * total / morph.frames[:, 0].sum((1, 2, 3)),  # by the source's mass
        right[:3],
        "most",
    ):
        assert says(checks.check_half, wrong, morph) == "Not yet"
    tells(checks.check_half, morph)
    assert "Right" in solved("03", 1, figure_2={"both": morph})


def test_check_doubled(model, morph, says, tells, solved):
    path = measures.centroid_path(morph)[1]
    named = {"model": model, "morph": morph, "row": 1, "alpha": 0.4, "k": 20.0}
    assert says(checks.check_doubled, path[3], **named) == "Right"  # k = 40 of alpha = 0.2
    assert says(checks.check_doubled, tuple(path[3].tolist()), **named) == "Right"
    for wrong in (path[2], path[4], path[3].flip(0), 2 * path[3], -path[3], 40, None):
        assert says(checks.check_doubled, wrong, **named) == "Not yet"
    tells(checks.check_doubled, **named)
    place = {"path": {(1, 40): path[3]}, "figure_2": {"both": morph}, "model": model}
    assert "Right" in solved("03", 2, **place)


def test_check_fooled(model, says, tells, solved, capsys):
    far = disks(ZERO, torch.tensor([-27.0]), radius=4.0)
    right = far + disks(ZERO, torch.tensor([6.0]), radius=6.0)
    assert says(checks.check_fooled, right, model) == "Right"
    assert says(checks.check_fooled, shapes.shape("two abreast", 0, -5), model) == "Right"
    for wrong in (
        disks(ZERO, torch.tensor([-6.0])),  # Left, and seen so
        disks(ZERO, torch.tensor([6.0])),  # Right, and seen so
        right.flip(-1),  # the other way round
        2 * right,  # not in [0, 1]
        right[0],
        "a ring",
    ):
        assert says(checks.check_fooled, wrong, model) == "Not yet"
    tells(checks.check_fooled, model)
    assert "Right" in solved("03", 3, model=model, disks=disks)
    checks.check_fooled(disks(ZERO, torch.tensor([6.0])), model)
    checks.check_fooled(2 * right, model)
    out = capsys.readouterr().out
    assert "its centre of mass lies at x = 6.0, y = 0.0" in out and "it leaves [0, 1]" in out


def test_check_literal(model, says, solved):
    data, targets = measures.cases(12)
    case = (model, data.images, targets)
    assert says(checks.check_literal, ..., *case) == "Open"
    assert says(checks.check_literal, (0, 12), *case) == "Right"
    assert says(checks.check_literal, [0, 12], *case) == "Right"
    for wrong in ((12, 0), (0, 0), (12, 12), 0, (0,), "none and all"):
        assert says(checks.check_literal, wrong, *case) == "Not yet"
    key = checks.check_literal.key(*case)
    assert key.error((12, 0)) == "it is in the opposite order" and "shares" in key.error((0, 1))
    three, five = (SteerablePyramid((64, 64), scales, 4) for scales in (3, 5))
    lesson = {"model": model, "disks_500": data, "targets": targets, "three": three, "five": five}
    assert "Right" in solved("03", 4, measures=measures, **lesson)


@pytest.mark.parametrize("name", shapes.SHAPES)
def test_shapes_have_one_mass_and_lie_where_they_are_put(name):
    image = shapes.shape(name, 2.0, -3.0)
    assert image.shape == (1, 1, 64, 64)
    assert image.min() >= 0 and image.max() <= 1
    assert image.sum().item() == pytest.approx(shapes.AREA, rel=0.025)
    assert center_of_mass(image)[0, 0].tolist() == pytest.approx([2.0, -3.0], abs=0.05)


def test_blur_keeps_mass_and_place():
    image = shapes.shape("ring", 1.0, 2.0)
    soft = shapes.shape("ring", 1.0, 2.0, blur=3.0)
    assert soft.sum().item() == pytest.approx(image.sum().item(), rel=1e-3)
    assert center_of_mass(soft)[0, 0].tolist() == pytest.approx([1.0, 2.0], abs=0.05)
    assert soft.max() < 0.9


def test_unknown_shape_is_refused():
    with pytest.raises(ValueError, match=r"name: expected one of 'disk'.*got 'star'"):
        shapes.shape("star")


def test_pairs_of_disks_are_seeded_and_stay_inside():
    pairs = shapes.two_disks(20, seed=3)
    assert torch.equal(pairs, shapes.two_disks(20, seed=3))
    assert pairs.min() >= 0 and pairs.max() <= 1
    line = torch.arange(64) - 31.5
    assert (pairs * (torch.hypot(line[:, None], line) > 30)).max() == 0


def test_wedge_is_the_label(data):
    assert torch.equal(shapes.wedge(center_of_mass(data.images)[:, 0]), data.labels)


def test_logit_gap_names_the_side(model):
    left, right = shapes.logit_gap(model, disks(torch.zeros(2), torch.tensor([-6.0, 6.0]))).tolist()
    assert left < -10 and right > 10


def drawn_points(axis):
    return torch.tensor(axis.lines[-1].get_xydata()).flatten().tolist()


def test_figures_draw_what_they_are_given(model, morph, images):
    strip = figures.strip(morph, frames=3)
    assert len(strip.axes) == 12 and strip.axes[0].get_ylabel() == "Down\n→ Left"
    end = measures.centroid_path(morph)[3, -1] + 31.5
    assert drawn_points(strip.axes[-1]) == pytest.approx(end.flip(0).tolist())
    x = disks(torch.tensor([5.0, 0.0]), torch.tensor([0.0, -6.0]))
    gallery = figures.gallery({"first": x, "again": x}, ["a", "b"], model)
    assert [axis.get_xlabel() for axis in gallery.axes] == ["Down 1.00", "Left 1.00"] * 2
    assert drawn_points(gallery.axes[3]) == pytest.approx([25.5, 31.5], abs=0.01)
    assert gallery.axes[3].get_xlim() == (-0.5, 63.5)
    gradient = images(1, 64, 64, dtype=torch.float32) - 0.5
    assert len(figures.gradient_figure(gradient, gradient / 2).axes) == 3


def test_explorer(model):
    box = widgets.shape_explorer(model)
    name, right, picture, text = box.children[0], box.children[1].children[1], *box.children[3:]
    brightness = box.children[2].children[0]
    assert "Right: 1.00" in text.value
    before = picture.value
    name.value, right.value, brightness.value = "disk", -6.0, 0.5
    assert "centre of mass 0.0 down, -6.0 right; mass 226; " in text.value
    assert "Left: 1.00" in text.value
    assert picture.value != before
    bundle = box._repr_mimebundle_()
    assert bundle["image/png"]
    assert "still picture" in bundle["text/plain"]
