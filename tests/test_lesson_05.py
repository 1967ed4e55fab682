"""Lesson 05: checks of exercises, cases, what is measured on morphs in colour, and the widget."""

from types import SimpleNamespace

import pytest
import torch
from steerlens_lessons.l05_color import cases, checks, measures, widgets

from steerlens import plot, steer
from steerlens.data import COLORS, COMPOSITE, PURE, ImageData
from steerlens.transforms.color import RGB_TO_YIQ, hue

NAMES = tuple(f"{color} {digit}" for color in COLORS for digit in range(10))


@pytest.fixture
def strokes():
    """A cross in each of the six hues, (6, 3, 28, 28)."""
    grey = torch.zeros(28, 28)
    grey[6:22, 12:16] = 1
    grey[12:15, 8:20] = 0.7
    return torch.tensor(list(COLORS.values()))[:, :, None, None] * grey


@pytest.fixture
def model(classifier):
    return classifier((28, 28), channels=3, classes=60, dtype=torch.float32)


@pytest.fixture
def pairs(model, strokes):
    """Images that the model gets right by definition: random weights of the crosses, labelled as it sees."""
    images = torch.cat([strokes * scale for scale in (0.4, 0.7, 1.0)])
    with torch.no_grad():
        seen = model(images).argmax(1)
    return ImageData(images, seen, NAMES, "crosses")


def test_check_color(says, tells, solved):
    magenta = (0.413, 0.275, 0.523)
    for right in ((1, 0, 1), [1.0, 0.0, 1.0], torch.tensor([1.0, 0, 1])):
        assert says(checks.check_color, right, magenta) == "Right"
    for wrong in ((1, 1, 0), (0, 1, 0), (1, 0), magenta, "magenta", None):
        assert says(checks.check_color, wrong, magenta) == "Not yet"
    tells(checks.check_color, magenta)
    assert "Right" in solved("05", 1)


def test_check_channels(strokes, model, pairs, says, tells, solved):
    yellow = strokes[4:5]
    for right in ({"red", "green"}, ["green", "red"]):
        assert says(checks.check_channels, right, yellow) == "Right"
    for wrong in ({"blue"}, {"red", "green", "blue"}, {"red"}, "red", set(), 3):
        assert says(checks.check_channels, wrong, yellow) == "Not yet"
    tells(checks.check_channels, yellow)
    assert "Right" in solved("05", 2, cases=cases, sixty=model, pairs=pairs, rgb=cases.PYRAMID)


def test_check_green_share(says, tells, solved):
    assert says(checks.check_green_share, 0.587**2 / (0.299**2 + 0.587**2 + 0.114**2)) == "Right"
    for wrong in (0.587, 1 / 3, 0.344, 77, "three quarters"):
        assert says(checks.check_green_share, wrong) == "Not yet"
    tells(checks.check_green_share)
    assert "Right" in solved("05", 4, M=torch.tensor(RGB_TO_YIQ))


def test_check_amplifiers(strokes, says, capsys, monkeypatch, tells, solved):
    """A stand-in for the morph: white light with Y, and yellow of the same luminance with I and Q."""
    magenta, target = strokes[3:4], NAMES.index("yellow 5")
    yellow = strokes[4:5] * 0.413 / 0.886

    def fake(model, images, target, gains):
        y, i, q = gains
        return SimpleNamespace(frames=torch.lerp(images, yellow, float(min(i, q)))[:, None] + 0.2 * y)

    monkeypatch.setattr(checks, "recolored", fake)
    check = (None, magenta, target)
    for right in ((0, 1, 1), (0.25, 1, 1)):
        assert says(checks.check_amplifiers, right, *check) == "Right"
    for wrong in ((1, 0, 0), (1, 1, 1), (0, 1, 0), (0, 0, 0.5), (1, 1), "Q", None):
        assert says(checks.check_amplifiers, wrong, *check) == "Not yet"
    checks.check_amplifiers((1, 0, 0), *check)
    assert "hue 120 degrees off the aim" in capsys.readouterr().out
    tells(checks.check_amplifiers, *check)
    lesson = {"sixty": None, "five": magenta, "pairs": SimpleNamespace(classes=NAMES)}
    assert "Right" in solved("05", 3, **lesson)


def test_targets_differ_in_what_they_should():
    labels = torch.arange(60).repeat(5)
    digits = cases.other_digits(labels)
    assert (digits // 10 == labels // 10).all() and (digits % 10 != labels % 10).all()
    colors = cases.other_colors(labels)
    assert (colors % 10 == labels % 10).all() and (colors // 10 != labels // 10).all()
    assert set(colors.tolist()) == set(range(60))
    composite = cases.other_colors(labels[30:60], COMPOSITE)
    assert (composite // 10 >= 3).all() and (composite // 10 != labels[30:60] // 10).all()
    assert torch.equal(cases.other_digits(torch.arange(10)), cases.other_digits(torch.arange(10)))


def test_sources_are_the_first_right_ones_of_their_colors(model, pairs):
    found = cases.sources(model, pairs, 5, PURE)
    expected = [i for i in range(len(pairs)) if i % 6 < 3][:5]
    assert torch.equal(found.images, pairs.images[expected])
    wrong = ImageData(pairs.images, (pairs.labels + 1) % 60, NAMES, "crosses")
    with pytest.raises(ValueError, match="count: expected at most 0"):
        cases.sources(model, wrong, 1, COMPOSITE)


def test_paint_has_the_six_hues(strokes):
    assert torch.allclose(hue(strokes), hue(cases.paint(10 * torch.arange(6))), atol=1e-3)


def test_hue_deviation_sees_what_the_sum_hides(strokes):
    cyan, red = strokes[5:6], strokes[:1]
    assert measures.hue_deviation(cyan, cyan).item() == pytest.approx(0, abs=1e-4)
    assert measures.hue_deviation(cyan, red).item() == pytest.approx(180, abs=1e-3)
    fringed = cyan.clone()
    fringed[:, 1, 6:12], fringed[:, 2, 15:21] = 0, 0  # blue above, green below
    assert (hue(fringed) - hue(cyan)).abs().item() < 5
    assert measures.hue_deviation(fringed, cyan).item() > 20


def test_shares_of_a_change(strokes):
    red, yellow = strokes[:1], strokes[4:5]
    change = torch.zeros(1, 3, 28, 28)
    change[:, 0, 14, 14], change[:, 1, 0, 0] = 3, 1
    assert measures.channel_shares(change)[0].tolist() == pytest.approx([0.9, 0.1, 0])
    assert measures.active_share(change, red).item() == pytest.approx(90)
    assert measures.active_share(change, yellow).item() == pytest.approx(100)
    assert measures.outside_stroke(red + change, red).item() == pytest.approx(10, abs=1e-4)
    grid = (-1.0) ** (torch.arange(28)[:, None] + torch.arange(28))
    assert measures.fine_share(red + grid, red).item() > 90
    assert measures.fine_share(red + 0.5, red).item() < 20


def test_white_light_changes_luminance_and_saturation_alone(strokes):
    pale = (strokes + 0.2).clamp(0, 1)
    lifted = strokes + 0.25
    assert measures.chroma_change(lifted, strokes).max() < 1e-5
    assert measures.luminance_change(lifted, strokes).tolist() == pytest.approx([7.0] * 6)
    assert measures.saturation(strokes, strokes).tolist() == pytest.approx([100] * 6)
    assert (measures.saturation(pale, strokes) < 85).all()
    assert measures.hue_deviation(pale, strokes).max() < 1e-2  # clipped or not
    assert measures.hue_to(cases.paint(torch.tensor([0])))(strokes, None).tolist() == pytest.approx(
        [0, 120, 120, 60, 60, 180], abs=1e-3
    )


def test_arrivals_and_their_table(model, strokes):
    targets = torch.arange(6)
    how = {"residuals": "fixed", "progress": False}
    morph = steer(model, strokes, targets, cases.PYRAMID, direction="joint", steps=4, **how)
    scores = morph.target_probabilities
    level = scores[:, 2].sort().values[2].item()
    images, arrived = measures.arrivals(morph, level)
    for row in range(6):
        reached = [k for k in range(5) if scores[row, k] >= level]
        best = 1 + scores[row, 1:].argmax()  # never the source: there would be no edit to measure
        assert arrived[row] == bool(reached)
        assert torch.equal(images[row], morph.frames[row, reached[0] if reached else best])
    active = measures.active_share(morph.frames[:, -1] - strokes, strokes)
    assert active.tolist() == pytest.approx([100] * 6)  # empty channels stay empty
    luminance = steer(model, strokes, targets, cases.CHROMATIC, steps=3, amplifiers=(1, 0, 0), **how)
    assert measures.hue_deviation(luminance.frames[:, -1], strokes).max() < 0.1
    found = measures.compared(
        {"RGB": morph, "Y alone": luminance}, {"hue": measures.hue_deviation}, levels=(0, 0.99)
    )
    assert list(found.index) == ["RGB", "Y alone"] and list(found.columns) == ["p ≥ 0", "p ≥ .99", "hue"]
    assert str(found.loc["RGB", "p ≥ 0"]).startswith("6/6 [")
    assert str(found.loc["Y alone", "hue"]) == "0.0 [0.0, 0.0]"


@pytest.mark.parametrize(
    ("figure", "rows"),
    [(cases.figure_4, cases.ROWS_4), (cases.figure_5, cases.ROWS_5), (cases.figure_6, cases.ROWS_6)],
)
def test_figures_of_the_paper(model, strokes, monkeypatch, figure, rows):
    """Rows, targets and sources are those of the paper, whatever the model; empty channels stay empty."""
    names = [source for source, _ in rows]
    colors = [list(COLORS).index(name.split()[0]) for name in names]
    scales = torch.linspace(0.5, 1, len(rows))[:, None, None, None]
    images = strokes[colors] * scales
    labels = torch.tensor([NAMES.index(name) for name in names])
    pairs = ImageData(images, labels, NAMES, "crosses")

    def first(model, data, count, name):
        return data.indices_of(name)[:count]

    def shorter(*arguments, **options):
        return steer(*arguments, **{**options, "steps": 3})

    monkeypatch.setattr(cases, "first_correct", first)
    monkeypatch.setattr(cases, "steer", shorter)
    morphs = figure(model, pairs)
    assert list(morphs) == ["live, joint", "frozen, low-pass moved", "frozen, phases alone (the paper's)"]
    for morph in morphs.values():
        assert torch.equal(morph.frames[:, 0], images)
        assert [NAMES[t] for t in morph.targets] == [target for _, target in rows]
    if figure is cases.figure_5:
        for name in ("live, joint", "frozen, phases alone (the paper's)"):
            assert morphs[name].frames.amax((1, 3, 4))[images.amax((2, 3)) == 0].max() == 0
    low = cases.PYRAMID.analyze(morphs["frozen, low-pass moved"].frames[:, -1]).residuals[1]
    assert not torch.allclose(low, cases.PYRAMID.analyze(images).residuals[1], atol=1e-3)
    strips = plot.strips(morphs, row=1, frames=4, title="row")
    assert len(strips.axes) == 4 * len(morphs) and strips.get_suptitle() == "row"


def test_widget_shows_the_morph_of_its_sliders(model, strokes):
    image, targets = strokes[3:4], [55, 36]
    box = widgets.amplifier_sliders(model, image, targets, NAMES)
    target, lowpass = box.children[0].children
    y, i, q = box.children[1].children
    picture, caption = box.children[2:]
    morph = cases.recolored(model, image, 55, (1.0, 1.0, 1.0))
    assert caption.value == widgets.amplifier_caption(morph, NAMES)
    before = picture.value
    i.value, q.value = 0.0, 0.0
    assert picture.value != before
    assert "hue turned 0°" in caption.value
    target.value, lowpass.value = 36, False
    assert "asked for magenta 6" in caption.value
    y.value = 0.0
    assert "luminance moved by L2 0.00" in caption.value
    bundle = box._repr_mimebundle_()
    assert bundle["image/png"] and "still picture" in bundle["text/plain"]
