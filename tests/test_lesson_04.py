"""Lesson 04: which morphs are made, what is counted on them, checks of exercises, pictures, the widget."""

import math
from types import SimpleNamespace

import pytest
import torch
from steerlens_lessons.l04_mnist import checks, figures, measures, widgets
from steerlens_lessons.l04_mnist.measures import PYRAMID

from steerlens import Coefficients, SteerablePyramid, extrapolate, gradient_step, steer, wirtinger_gradient
from steerlens.data import ImageData

SHAPE = (12, 12)
SMALL = SteerablePyramid(SHAPE, 2, 3)


@pytest.fixture
def model(classifier):
    return classifier(SHAPE, dtype=torch.float32)


@pytest.fixture
def x(images):
    return images(4, 1, *SHAPE, dtype=torch.float32)


@pytest.fixture
def digits_model(classifier):
    return classifier((28, 28), classes=10, dtype=torch.float32)


@pytest.fixture
def digits(images, digits_model):
    """Images of which the model is sure, ten mislabelled ones first; then every class twice."""
    prototypes = torch.autograd.functional.jacobian(
        lambda image: digits_model(image).log_softmax(1).sum(0), torch.full((1, 1, 28, 28), 0.5)
    )[:, 0]
    shown = (0.5 + 2000 * prototypes).clamp(0, 1).repeat(3, 1, 1, 1)
    labels = torch.arange(10).repeat(3)
    with torch.no_grad():
        assert torch.equal(digits_model(shown).argmax(1), labels)
    labels[:10] = (labels[:10] + 1) % 10
    return ImageData(shown, labels, tuple("0123456789"), "random")


@pytest.fixture
def two_ways(model, x):
    """A frozen morph of four images towards the next class."""
    return extrapolate(model, x, (model(x).argmax(1) + 1) % 5, SMALL, alpha=3.0, steps=6, residuals="fixed")


def test_figure_3_has_the_papers_rows_live_and_frozen(digits_model, digits):
    morphs = measures.figure_3(digits_model, digits)
    for morph in morphs.values():
        assert list(zip(morph.sources.tolist(), morph.targets.tolist(), strict=True)) == list(measures.PAIRS)
        first = [10 + source for source, _ in measures.PAIRS]  # the ten before are mislabelled
        assert torch.equal(morph.frames[:, 0], digits.images[first])
    paper, lowpass, ours = (morph for name, morph in morphs.items() if name.startswith("frozen"))
    paces = [morph.render.parts.pace for morph in (paper, lowpass, ours)]
    assert [any(band.any() for band in pace.bands) for pace in paces] == [True, False, True]
    assert [any(residual.any() for residual in pace.residuals) for pace in paces] == [False, True, True]


def test_all_pairs(digits_model, digits):
    images, sources, targets = measures.all_pairs(digits_model, digits, count=2)
    assert images.shape == (180, 1, 28, 28)
    pairs = list(zip(sources[::2].tolist(), targets[::2].tolist(), strict=True))
    assert pairs == [(a, b) for a in range(10) for b in range(10) if a != b]
    assert torch.equal(sources[::2], sources[1::2]) and torch.equal(targets[::2], targets[1::2])
    with torch.no_grad():
        assert torch.equal(digits_model(images).argmax(1), sources)
    assert torch.equal(images[:18:2], digits.images[10].expand(9, -1, -1, -1))
    assert torch.equal(images[1:18:2], digits.images[20].expand(9, -1, -1, -1))


def test_pair_matrix():
    values = torch.tensor([1.0, 3.0, 8.0, 5.0, 5.0, 8.0])  # three images for each of two pairs
    mean, median = (measures.pair_matrix(values, reduce, classes=2) for reduce in ("mean", "median"))
    assert mean[0, 1] == 4 and mean[1, 0] == 6
    assert median[0, 1] == 3 and median[1, 0] == 5
    assert mean.diag().isnan().all()
    sources, targets = measures.ordered_pairs()
    matrix = measures.pair_matrix(10 * sources + targets)
    assert all(matrix[a, b] == 10 * a + b for a in range(10) for b in range(10) if a != b)


def test_random_targets_are_other_classes_and_the_same_each_time():
    labels = torch.arange(10).repeat(100)
    targets = measures.random_targets(labels, seed=3)
    assert (targets != labels).all()
    assert torch.equal(targets, measures.random_targets(labels, seed=3))
    assert torch.bincount((targets - labels) % 10, minlength=10)[1:].min() > 70


def test_at_distance(model, two_ways):
    distance = 0.9 * two_ways.distances.max(1).values.quantile(0.5).item()
    images, p, attained = measures.at_distance(model, two_ways, distance)
    found = (images - two_ways.frames[:, 0]).flatten(1).norm(dim=1)
    assert attained.any() and torch.allclose(found[attained], torch.tensor(distance), atol=1e-3)
    assert (found[~attained] < distance).all()
    with torch.no_grad():
        right = model(images).softmax(1)[torch.arange(4), two_ways.targets]
    assert torch.allclose(p, right)


def test_live_phases_create_no_energy(digits_model, images):
    x = torch.nn.functional.pad(images(4, 1, 16, 16, dtype=torch.float32), [6] * 4)
    morph = steer(digits_model, x, 5, PYRAMID, cap=1.0, steps=10, residuals="fixed")
    assert (morph.frames.square().sum((2, 3, 4)).diff(dim=1) <= 1e-4).all()


def test_nearest_neighbours_vote():
    levels = torch.tensor([0.0, 0.1, 0.2, 0.8, 0.9, 1.0])
    train = ImageData(
        levels.view(-1, 1, 1, 1).expand(-1, 1, 4, 4), torch.tensor([0, 0, 1, 1, 1, 1]), "ab", ""
    )
    shown = torch.tensor([0.05, 0.95]).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    assert measures.nearest_neighbours(train, shown, k=3).tolist() == [0, 1]


def test_check_peak(two_ways, says, tells, solved):
    median = two_ways.target_probabilities.quantile(0.5, dim=0)
    peak = int(median.argmax())
    assert says(checks.check_peak, peak, two_ways) == "Right"
    assert says(checks.check_peak, two_ways.steps[peak], two_ways) == "Right"
    for wrong in (peak + 1, peak - 1, median.max().item(), "the last", None):
        assert says(checks.check_peak, wrong, two_ways) == "Not yet"
    p = torch.tensor([[0.35, 0.9, 0.4, 0.0], [0.0, 0.0, 0.5, 0.6], [1.0, 0.0, 0.4, 0.0]])
    apart = SimpleNamespace(target_probabilities=p, steps=torch.arange(4.0))
    tells(checks.check_peak, apart)
    assert "Right" in solved("04", 1, frozen={0.3: two_ways})


def test_check_asymmetry(says, tells, solved):
    matrix = torch.tensor([[math.nan, 9.0, 4.0], [3.0, math.nan, 8.0], [9.0, 8.0, math.nan]])
    matrix = matrix.double()
    assert says(checks.check_asymmetry, (0, 1), matrix) == "Right"
    assert says(checks.check_asymmetry, [0, 1], matrix) == "Right"
    for wrong in ((1, 0), (2, 0), (0, 0), 1, "0, 1", (0, 1, 2)):
        assert says(checks.check_asymmetry, wrong, matrix) == "Not yet"
    tells(checks.check_asymmetry, matrix)
    assert "Right" in solved("04", 2, distance=matrix)


def test_check_asymmetry_takes_any_of_equals(says):
    matrix = torch.tensor([[math.nan, 9.0, 9.0], [3.0, math.nan, 8.0], [3.0, 8.0, math.nan]])
    for pair in ((0, 1), (0, 2)):
        assert says(checks.check_asymmetry, pair, matrix) == "Right"


def test_check_linear_frame(model, x, says, tells, solved):
    targets, k, alpha = (model(x).argmax(1) + 1) % 5, 4, 3.0
    morph = extrapolate(model, x, targets, SMALL, alpha=alpha, steps=6, residuals="fixed", amplitude="linear")
    c, g = SMALL.analyze(x), wirtinger_gradient(model, x, targets, SMALL)

    def frame(edit, residuals=c.residuals):
        pairs = zip(c.bands, g.bands, strict=True)
        bands = tuple(S * edit(gradient_step(S, g_S, alpha)) for S, g_S in pairs)
        return SMALL.synthesize(Coefficients(bands, residuals)).clamp(0, 1)

    def linear(z):
        return torch.polar((1 + k * (z.abs() - 1)).clamp(min=0), k * z.angle())

    case = (morph, k, SMALL, c, g, alpha)
    assert says(checks.check_linear_frame, frame(linear), *case) == "Right"
    for wrong in (
        frame(lambda z: torch.polar(torch.ones_like(z.abs()), k * z.angle())),  # constant
        frame(lambda z: z**k),  # compounded
        frame(lambda z: torch.polar(k * z.abs(), k * z.angle())),
        frame(lambda z: torch.polar((1 + k * (z.abs() - 1)).clamp(min=0), z.angle())),  # phase of one step
        frame(linear, tuple(torch.zeros_like(r) for r in c.residuals)),
        x[:1],
        None,
    ):
        assert says(checks.check_linear_frame, wrong, *case) == "Not yet"
    tells(checks.check_linear_frame, *case)
    digits = ImageData(x, targets, tuple("01234"), "noise")
    lesson = {"model": model, "digits": digits, "asked": targets, "pyramid": SMALL}
    one = (model, x[:1], targets[:1], SMALL)
    parts = {"c": SMALL.analyze(x[:1]), "g": wirtinger_gradient(*one)}
    assert "Right" in solved("04", 3, hundred=torch.arange(2), **lesson, **parts)


def test_check_reading(capsys, solved):
    sources, targets = torch.tensor([1, 2, 3, 4]), torch.tensor([5, 6, 7, 8])

    def said(answer):
        checks.check_reading(answer, sources, targets)
        return capsys.readouterr().out

    assert said(...).startswith("Open: expected a string of 4 digits")
    read = said("56?4")
    assert read.startswith("Right: '56?4'.\n2/4 [15%, 85%] read as the target, 1 as the source, 1 otherwise")
    assert "\n4/4 [" in said("5 6 7 8")
    for wrong in ("567", "56788", 5678, ["5", "6", "7", "8"], None):
        assert said(wrong).startswith("Not yet: expected a string of 4 digits")
    for unread in ("????", "²³xx", "5???"):
        assert "were read, and half is the least" in said(unread)
    assert "the same digit" in said("5555") and "is the order right?" in said("8765")
    forty = torch.arange(40)
    read = {"first p ≥ 0.99": forty % 10, "k = 40": forty % 10}
    lesson = {"drawn": forty, "read": read, "sources": forty % 10, "targets": (forty + 1) % 10}
    assert solved("04", 4, **lesson).count("Right") == 2


def test_pair_canvas_places_pairs_and_sources():
    values = torch.arange(3 * 3).double() / 10
    cell = 4 + 2 * figures.BORDER + figures.GAP
    sources = values[[0, 4, 8]].view(3, 1, 1, 1).expand(-1, 1, 4, 4)
    pictures = values[[1, 2, 3, 5, 6, 7]].view(6, 1, 1, 1).expand(-1, 1, 4, 4)
    colours = torch.linspace(0.1, 0.6, 6)[:, None].expand(-1, 3)
    canvas = figures.pair_canvas(sources, pictures, colours)
    assert canvas.shape == (3 * cell, 3 * cell, 3)
    middle = canvas[figures.BORDER + 1 :: cell, figures.BORDER + 1 :: cell, 0]
    assert middle.flatten().tolist() == pytest.approx(values.tolist(), abs=0.5 / figures.GREYS)
    assert canvas[0, ::cell, 0].tolist() == pytest.approx([1, 0.1, 0.2])
    assert canvas[cell - 1].min() == 1  # the gap


def test_figures_draw_what_they_are_given(images):
    pictures, values = images(6, 1, 4, 4), torch.arange(6.0)
    one = figures.pair_pictures(pictures[:3], {"": (pictures, values)}, (0, 6), "k")
    two = figures.pair_pictures(pictures[:3], {"a": (pictures, values), "b": (pictures, values)}, (0, 6))
    assert len(one.axes) == 2 and [axis.get_title() for axis in two.axes] == ["a\ntarget", "b\ntarget"]

    assert [note for _, note in figures.scored(pictures[:2], torch.tensor([0.25, 1.0]))] == ["0.25", "1.00"]


@pytest.fixture
def twenty(model, images):
    """One morph for each ordered pair of five classes."""
    _, targets = measures.ordered_pairs(5)
    return steer(model, images(20, 1, *SHAPE, dtype=torch.float32), targets, SMALL, steps=3)


def test_pair_row_is_the_order_of_pairs():
    sources, targets = measures.ordered_pairs(5)
    rows = [measures.pair_row(a, b, 5) for a, b in zip(sources.tolist(), targets.tolist(), strict=True)]
    assert rows == list(range(20))


def test_pair_view(twenty):
    png, caption = widgets.pair_view(twenty, 3, 1, 2)
    assert caption.startswith("3 → 1: k = 2, L2 distance ")
    assert f"{twenty.distances[13, 2]:.2f}" in caption
    assert png.startswith(b"\x89PNG") and png != widgets.pair_view(twenty, 3, 1, 3)[0]


def test_pair_picker_follows_its_buttons_and_its_slider(twenty):
    box = widgets.pair_picker(twenty, still=[(3, 1), (1, 3)])
    grid, frame, picture, caption = box.children
    buttons = {each.tooltip[:5]: each for each in grid.children if hasattr(each, "tooltip") and each.tooltip}
    assert len(buttons) == 20 and [each for each in buttons if buttons[each].button_style] == ["3 → 1"]
    sure = [
        twenty.steps[(p >= 0.99).nonzero()[0, 0]] if (p >= 0.99).any() else "-"
        for p in twenty.target_probabilities
    ]
    assert [each.description for each in buttons.values()] == [f"{k}" if k == "-" else f"{k:g}" for k in sure]
    assert (picture.value, caption.value) == widgets.pair_view(twenty, 3, 1, 3)
    buttons["0 → 4"].click()
    frame.value = 1
    assert (picture.value, caption.value) == widgets.pair_view(twenty, 0, 4, 1)
    assert [each for each in buttons if buttons[each].button_style] == ["0 → 4"]
    bundle = box._repr_mimebundle_()
    assert bundle["image/png"]
    assert "20 morphs" in bundle["text/plain"]
