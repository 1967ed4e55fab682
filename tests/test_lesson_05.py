"""Lesson 05: checks of exercises, what is measured on morphs in colour, figures and the widget's callback."""

from types import SimpleNamespace

import pytest
import torch
from steerlens_lessons.l05_color import figures, measures, widgets
from steerlens_lessons.l05_color import recipes as lesson

from steerlens import steer
from steerlens.data import COLORS, COMPOSITE, PURE, ImageData
from steerlens.transforms.color import hue

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


def test_check_color(says):
    magenta = (0.413, 0.275, 0.523)
    assert says(lesson.check_color, ..., magenta) == "Open"
    for right in ((1, 0, 1), [1.0, 0.0, 1.0], torch.tensor([1.0, 0, 1])):
        assert says(lesson.check_color, right, magenta) == "Right"
    for wrong in ((1, 1, 0), (0, 1, 0), (1, 0), magenta, "magenta", None):
        assert says(lesson.check_color, wrong, magenta) == "Not yet"


def test_check_channels(strokes, says):
    yellow = strokes[4:5]
    assert says(lesson.check_channels, ..., yellow) == "Open"
    for right in ({"red", "green"}, ["green", "red"]):
        assert says(lesson.check_channels, right, yellow) == "Right"
    for wrong in ({"blue"}, {"red", "green", "blue"}, {"red"}, "red", set(), 3):
        assert says(lesson.check_channels, wrong, yellow) == "Not yet"


def test_check_green_share(says):
    assert says(lesson.check_green_share, ...) == "Open"
    assert says(lesson.check_green_share, 0.587**2 / (0.299**2 + 0.587**2 + 0.114**2)) == "Right"
    for wrong in (0.587, 1 / 3, 0.344, 77, "three quarters"):
        assert says(lesson.check_green_share, wrong) == "Not yet"


def test_check_amplifiers(strokes, says, capsys, monkeypatch):
    """A stand-in for the morph: white light with Y, and yellow of the same luminance with I and Q."""
    magenta, target = strokes[3:4], NAMES.index("yellow 5")
    yellow = strokes[4:5] * 0.413 / 0.886

    def fake(model, images, target, gains):
        y, i, q = gains
        return SimpleNamespace(frames=torch.lerp(images, yellow, float(min(i, q)))[:, None] + 0.2 * y)

    monkeypatch.setattr(lesson, "recolored", fake)
    check = (None, magenta, target)
    assert says(lesson.check_amplifiers, ..., *check) == "Open"
    for right in ((0, 1, 1), (0.25, 1, 1)):
        assert says(lesson.check_amplifiers, right, *check) == "Right"
    for wrong in ((1, 0, 0), (1, 1, 1), (0, 1, 0), (0, 0, 0.5), (1, 1), "Q", None):
        assert says(lesson.check_amplifiers, wrong, *check) == "Not yet"
    lesson.check_amplifiers((1, 0, 0), *check)
    assert "hue 120 degrees off the aim" in capsys.readouterr().out


def test_targets_differ_in_what_they_should():
    labels = torch.arange(60).repeat(5)
    digits = lesson.other_digits(labels)
    assert (digits // 10 == labels // 10).all() and (digits % 10 != labels % 10).all()
    colors = lesson.other_colors(labels)
    assert (colors % 10 == labels % 10).all() and (colors // 10 != labels // 10).all()
    assert set(colors.tolist()) == set(range(60))
    composite = lesson.other_colors(labels[30:60], COMPOSITE)
    assert (composite // 10 >= 3).all() and (composite // 10 != labels[30:60] // 10).all()
    assert torch.equal(lesson.other_digits(torch.arange(10)), lesson.other_digits(torch.arange(10)))


def test_sources_are_the_first_right_ones_of_their_colors(model, pairs):
    found = lesson.sources(model, pairs, 5, PURE)
    expected = [i for i in range(len(pairs)) if i % 6 < 3][:5]
    assert torch.equal(found.images, pairs.images[expected])
    wrong = ImageData(pairs.images, (pairs.labels + 1) % 60, NAMES, "crosses")
    with pytest.raises(ValueError, match="count: expected at most 0"):
        lesson.sources(model, wrong, 1, COMPOSITE)


def test_repainted_digits_have_the_six_hues(strokes):
    painted = lesson.repainted(strokes[:2])
    assert torch.equal(painted[:, 0], strokes)
    assert torch.equal(painted[:, 0], painted[:, 1])
    labels = 10 * torch.arange(6)
    assert torch.allclose(hue(painted[:, 0]), hue(lesson.paint(labels)), atol=1e-3)


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
    assert measures.hue_to(lesson.paint(torch.tensor([0])))(strokes, None).tolist() == pytest.approx(
        [0, 120, 120, 60, 60, 180], abs=1e-3
    )


def test_arrivals_and_their_table(model, strokes):
    rgb, yiq = lesson.transforms()
    targets = torch.arange(6)
    morph = steer(model, strokes, targets, rgb, direction="joint", steps=4, progress=False)
    scores = morph.target_probabilities
    level = scores[:, 2].median().item()
    images, arrived, frame = measures.arrivals(morph, level)
    for row in range(6):
        reached = [k for k in range(5) if scores[row, k] >= level]
        assert frame[row] == (reached[0] if reached else 4)
        assert arrived[row] == bool(reached)
        assert torch.equal(images[row], morph.frames[row, frame[row]])
    active = measures.active_share(morph.frames[:, -1] - strokes, strokes)
    assert active.tolist() == pytest.approx([100] * 6)  # empty channels stay empty
    luminance = steer(model, strokes, targets, yiq, steps=3, amplifiers=(1, 0, 0), progress=False)
    assert measures.hue_deviation(luminance.frames[:, -1], strokes).max() < 0.1
    text = measures.table({"RGB": morph, "Y alone": luminance}, {"hue": measures.hue_deviation})
    assert [line.split("  ")[0].strip() for line in text.splitlines()] == ["", "RGB", "Y alone"]
    assert "/6 [" in text and text.endswith("0.0 [0.0, 0.0]")


@pytest.mark.parametrize(
    ("figure", "rows"),
    [(lesson.figure_4, lesson.ROWS_4), (lesson.figure_5, lesson.ROWS_5), (lesson.figure_6, lesson.ROWS_6)],
)
def test_figures_of_the_paper(model, strokes, monkeypatch, figure, rows):
    """Rows, targets and sources are those of the paper, whatever the model."""
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

    monkeypatch.setattr(lesson, "first_correct", first)
    monkeypatch.setattr(lesson, "steer", shorter)
    morphs = figure(model, pairs)
    for morph in morphs.values():
        assert torch.equal(morph.frames[:, 0], images)
        assert [NAMES[t] for t in morph.targets] == [target for _, target in rows]
    assert len(morphs) >= 4
    for name, morph in morphs.items():
        if name in ("RGB phase", "live, phase", "live, joint", "RGB joint", "frozen, low-pass fixed"):
            empty = images.amax((2, 3)) == 0
            assert morph.frames.amax((1, 3, 4))[empty].max() == 0
    strips = figures.method_strips(morphs, row=1, columns=4, title="row")
    assert len(strips.axes) == 4 * len(morphs)


def test_figures_draw_what_they_are_given(strokes):
    drawn = figures.planes(strokes[:2], ["red", "green"])
    assert [axis.get_title() for axis in drawn.axes[:7]] == ["image", "R", "G", "B", "Y", "I", "Q"]
    assert drawn.axes[5].images[0].get_array().max() == pytest.approx(0.5959, abs=1e-3)
    values = {"a": torch.arange(5.0), "b": torch.ones(5)}
    bars = figures.quartile_bars({"one": values, "two": values}, "x").axes[0]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["a", "b"]
    assert bars.lines[0].get_xdata().tolist() == [1, 3]


def test_widget_shows_the_morph_of_its_sliders(model, strokes):
    image, targets = strokes[3:4], [55, 36]
    box = widgets.amplifier_sliders(model, image, targets, NAMES)
    target, lowpass = box.children[0].children
    y, i, q = box.children[1].children
    picture, caption = box.children[2:]
    morph = lesson.recolored(model, image, 55, (1.0, 1.0, 1.0))
    assert caption.value == widgets.amplifier_caption(morph, NAMES)
    assert widgets.amplifier_picture(morph).shape == (3, 28, 5 * 28 + 4)
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
