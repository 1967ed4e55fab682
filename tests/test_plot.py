"""Pictures: what the axes, curves, mosaics and GIFs show is what was measured, and it fits the page."""

import math
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from PIL import Image
from torch import nn

import steerlens as sl
from steerlens import plot
from steerlens.plot.figures import WIDTH, colors, signed
from steerlens.plot.morphs import band_mosaic, filmstrip, pipeline

NAMES = ("circle", "square", "star")


@pytest.fixture(autouse=True)
def no_figure_of_another_test():
    plt.close("all")


def made_morph(batch=2, frames=6, channels=1, shape=(12, 16), seed=0):
    """A morph of random frames and probabilities over three classes; k = 0, 0.5, 1, ..."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand(batch, frames, channels, *shape, generator=generator)
    probabilities = torch.rand(batch, frames, 3, generator=generator).softmax(2)
    distances = torch.linalg.vector_norm(pixels - pixels[:, :1], dim=(-3, -2, -1))
    sources, targets = torch.arange(batch) % 3, (torch.arange(batch) + 1) % 3
    steps = torch.arange(frames) / 2
    return sl.Morph(pixels, probabilities, distances, steps, sources, targets, render=None)


def picture(axis):
    """The array that an axis shows."""
    (image,) = axis.images
    return np.asarray(image.get_array())


def expected_picture(image):
    """As imshow takes it: (height, width) for one channel, else (height, width, 3)."""
    return image[0].numpy() if len(image) == 1 else image.movedim(0, -1).numpy()


def grid(figure, columns):
    axes = figure.axes
    return [axes[start : start + columns] for start in range(0, len(axes), columns)]


# Film strips.
@settings(deadline=None, max_examples=25)
@given(
    batch=st.integers(1, 3),
    frames=st.integers(2, 7),
    channels=st.sampled_from([1, 3]),
    shape=st.tuples(st.integers(4, 20), st.integers(4, 20)),
    difference=st.booleans(),
    data=st.data(),
)
def test_filmstrip_shows_what_was_measured(batch, frames, channels, shape, difference, data):
    morph = made_morph(batch, frames, channels, shape)
    rows = data.draw(st.none() | st.lists(st.integers(0, batch - 1), min_size=1, max_size=3), label="rows")
    shown = data.draw(
        st.integers(2, 9) | st.lists(st.integers(0, frames - 1), min_size=1, max_size=5), label="frames"
    )
    figure = filmstrip(morph, rows, shown, NAMES, difference)
    rows = range(batch) if rows is None else rows
    columns = shown
    if isinstance(shown, int):
        columns = [round(i * (frames - 1) / (min(shown, frames) - 1)) for i in range(min(shown, frames))]
        assert columns[0] == 0
        assert columns[-1] == frames - 1
    lines = grid(figure, len(columns))
    assert len(lines) == len(rows) * (1 + difference)
    for line, row in zip(lines[:: 1 + difference], rows, strict=True):
        assert line[0].get_ylabel() == f"{NAMES[row % 3]} → {NAMES[(row + 1) % 3]}"
        for axis, column in zip(line, columns, strict=True):
            np.testing.assert_array_equal(picture(axis), expected_picture(morph.frames[row, column]))
            assert axis.get_xlabel() == f"{morph.probabilities[row, column, (row + 1) % 3]:.2f}"
            if channels == 1:
                assert axis.images[0].get_clim() == (0, 1)
                assert axis.images[0].get_cmap().name == "gray"
    assert [axis.get_title() for axis in lines[0]] == [f"k = {column / 2:g}" for column in columns]
    assert all(axis.get_title() == "" for line in lines[1:] for axis in line)
    if difference:
        for line, row in zip(lines[1::2], rows, strict=True):
            changes = (morph.frames[row, list(columns)] - morph.frames[row, 0]).mean(1)
            largest = max(changes.abs().max().item(), 1 / 255)
            assert line[0].get_ylabel() == f"change\n±{largest:.2f}"
            for axis, change in zip(line, changes, strict=True):
                colours = signed(change[None], largest)
                np.testing.assert_allclose(picture(axis), colours.movedim(0, -1), atol=1e-6)
                red, _, blue = colours
                assert (red > blue)[change > 0.1 * largest].all()  # red: brighter
                assert (red < blue)[change < -0.1 * largest].all()
    assert figure.get_figwidth() == pytest.approx(WIDTH)
    assert plt.get_fignums() == []  # closed: a notebook shows it once


def test_filmstrip_of_one_row_and_without_names():
    morph = made_morph()
    (line,) = grid(filmstrip(morph, 1, [0, 5]), 2)
    assert line[0].get_ylabel() == "1 → 2"
    assert line[1].get_xlabel() == f"{morph.target_probabilities[1, 5]:.2f}"


def test_frames_none_means_all():
    assert len(filmstrip(made_morph(batch=1, frames=11), frames=None).axes) == 11


LONG = ("Down", "Up", "Right"), ("surprise", "neutral", "disgust")


@pytest.mark.parametrize("names", LONG, ids="-".join)
@pytest.mark.parametrize("shape", [(28, 28), (20, 40), (45, 31)], ids=str)
@pytest.mark.parametrize(
    "batch, frames, difference", [(1, 9, False), (2, 9, True), (4, 12, False), (1, 2, True)]
)
def test_filmstrip_fits_the_page(names, shape, batch, frames, difference):
    """Pixels are square, nothing is cut off, no text lies on a picture or on other text."""
    figure = filmstrip(made_morph(batch, frames, 1, shape), None, frames, names, difference)
    figure.draw_without_rendering()
    height, width = shape
    windows = [axis.get_window_extent() for axis in figure.axes]
    assert all(box.height / box.width == pytest.approx(height / width, rel=0.02) for box in windows)
    page = figure.bbox
    texts = [text for axis in figure.axes for text in (axis.title, axis.xaxis.label, axis.yaxis.label)]
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    for box in [*windows, *boxes]:
        assert box.x0 >= page.x0 - 1
        assert box.y0 >= page.y0 - 1
        assert box.x1 <= page.x1 + 1
        assert box.y1 <= page.y1 + 1
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(window) for window in windows)
        assert not any(box.overlaps(other) for other in boxes[:i])
    assert sum(box.width for box in windows[:frames]) > 0.7 * page.width


# Curves.
@settings(deadline=None, max_examples=20)
@given(sizes=st.lists(st.tuples(st.integers(1, 6), st.integers(2, 8)), min_size=1, max_size=3))
def test_curves_are_medians_and_quartiles(sizes):
    morphs = {f"method {i}": made_morph(*size, seed=i) for i, size in enumerate(sizes)}
    found = {name: (morph.steps, morph.target_probabilities) for name, morph in morphs.items()}
    figure = plot.curves({"": found}, "k", "p")
    (axis,) = figure.axes
    assert axis.get_xlabel() == "k" and axis.get_ylabel() == "p"
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(morphs)
    for line, band, morph in zip(axis.lines, axis.collections, morphs.values(), strict=True):
        p, x = morph.target_probabilities.numpy(), morph.steps.numpy()
        np.testing.assert_allclose(line.get_xdata(), x, rtol=1e-6)
        np.testing.assert_allclose(line.get_ydata(), np.quantile(p, 0.5, axis=0), rtol=1e-5)
        corners = band.get_paths()[0].vertices
        for quantile in (0.25, 0.75):
            for point in zip(x, np.quantile(p, quantile, axis=0), strict=True):
                assert np.abs(corners - point).max(1).min() < 1e-5
        assert to_rgb(band.get_facecolor()[0][:3]) == to_rgb(line.get_color())
    assert plt.get_fignums() == []


def test_curves_in_an_axis_that_is_given():
    figure, axes = plt.subplots(1, 2)
    one = {"one": (torch.arange(3.0), torch.ones(3))}
    assert plot.curves({"": one}, "k", "p", axes=[axes[1]]) is figure
    assert len(axes[0].lines) == 0
    assert len(axes[1].lines) == 1
    assert plt.get_fignums() == [figure.number]  # the caller's figure stays open
    plt.close(figure)


# Mosaics.
@settings(deadline=None, max_examples=30)
@given(
    shape=st.tuples(st.integers(4, 21), st.integers(4, 21)),
    scales=st.integers(1, 3),
    orientations=st.integers(1, 4),
    channels=st.integers(1, 3),
)
def test_mosaic_has_each_band_in_its_place(shape, scales, orientations, channels):
    sizes = [tuple(math.ceil(n / 2**s) for n in shape) for s in range(scales)]
    generator = torch.Generator().manual_seed(0)
    parts = [torch.rand(2, channels, orientations, *size, generator=generator) for size in sizes]
    height, width = shape
    mosaic = band_mosaic(parts)
    assert mosaic.shape == (scales * height, orientations * width)
    for s, (h, w) in enumerate(sizes):
        for b in range(orientations):
            cell = mosaic[s * height : (s + 1) * height, b * width : (b + 1) * width]
            rows, columns = (torch.arange(n) * small // n for n, small in ((height, h), (width, w)))
            torch.testing.assert_close(cell, parts[s][0, :, b].mean(0)[rows][:, columns])


def test_mosaic_of_tensors_with_gradients():
    part = torch.rand(1, 1, 2, 4, 4, requires_grad=True)
    assert not band_mosaic([part]).requires_grad


# The pipeline.
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(24, 24), (15, 26)])
def test_pipeline(channels, shape):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, channels, *shape, generator=generator)
    model = nn.Sequential(nn.Flatten(), nn.Linear(channels * shape[0] * shape[1], 3))
    pyramid = sl.SteerablePyramid(shape, scales=2, orientations=3)
    figure = pipeline(model, image, 2, pyramid, alpha=20.0, steps=5)
    shown = [picture(axis) for axis in figure.axes]
    bands = pyramid.analyze(image).bands
    gradient = sl.wirtinger_gradient(model, image, 2, pyramid).bands
    z = [sl.gradient_step(S, g, 20.0) for S, g in zip(bands, gradient, strict=True)]
    morph = sl.extrapolate(model, image, 2, pyramid, alpha=20.0, steps=5)
    np.testing.assert_allclose(shown[0], expected_picture(image[0]))
    np.testing.assert_allclose(shown[1], band_mosaic([S.abs() / S.abs().max() for S in bands]), rtol=1e-5)
    np.testing.assert_allclose(shown[2], band_mosaic([S.angle() for S in bands]), rtol=1e-5)
    np.testing.assert_allclose(shown[3], band_mosaic([step.angle() for step in z]), rtol=1e-5)
    np.testing.assert_allclose(shown[4], expected_picture(morph.frames[0, 5]), atol=1e-6)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[0] == "image $s$"
    assert "amplitude" in titles[1]
    assert "phase shift" in titles[3]
    assert titles[4] == r"morph $\hat{s}_{5}$"
    assert figure.get_figwidth() == pytest.approx(WIDTH)
    assert plt.get_fignums() == []
    figure.draw_without_rendering()  # the formulas are valid


# GIFs.
def read_gif(path):
    """Frames as RGB arrays, durations in milliseconds, times it is repeated (0: for ever)."""
    with Image.open(path) as gif:
        frames, durations = [], []
        for i in range(gif.n_frames):
            gif.seek(i)
            durations.append(gif.info["duration"])
            frames.append(np.asarray(gif.convert("RGB")))
        return frames, durations, gif.info["loop"]


def expected_strip(morph, rows, frame, scale):
    """The morphs side by side with a white line between them, each pixel repeated, as RGB."""
    parts = []
    for row in rows:
        image = (morph.frames[row, frame] * 255).round().byte().movedim(0, -1).numpy()
        parts += [image, np.full_like(image[:, :1], 255)]
    strip = np.concatenate(parts[:-1], axis=1)
    strip = np.broadcast_to(strip, (*strip.shape[:2], 3)) if strip.shape[2] == 1 else strip
    return strip.repeat(scale, 0).repeat(scale, 1)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("rows", [None, 1, [2, 0]], ids=str)
@pytest.mark.parametrize("frames, scale, duration", [(6, 1, 80), (2, 4, 10), (4, 3, 250)])
def test_gif(tmp_path, channels, rows, frames, scale, duration):
    morph = made_morph(3, frames, channels, (9, 14))
    path = tmp_path / "morph.gif"
    morph.save_gif(path, rows, scale=scale, duration=duration)
    shown, durations, loop = read_gif(path)
    rows = {None: [0, 1, 2], 1: [1]}.get(rows) if not isinstance(rows, list) else rows
    order = [*range(frames), *range(frames - 2, 0, -1)]  # there and back
    assert len(shown) == len(order)
    assert shown[0].shape == (9 * scale, (15 * len(rows) - 1) * scale, 3)
    assert durations == [duration * (8 if k in (0, frames - 1) else 1) for k in order]  # both ends are held
    assert loop == 0
    for found, k in zip(shown, order, strict=True):
        difference = np.abs(found.astype(int) - expected_strip(morph, rows, k, scale))
        if channels == 1:
            assert not difference.any()
        else:  # a GIF has 256 colours
            assert difference.mean() < 12


def test_colours_of_a_gif(tmp_path):
    """Few enough colours to be exact: red turns into green, blue stays."""
    morph = made_morph(1, 3, 3, (4, 6))
    morph.frames.zero_()
    morph.frames[:, :, 2, :, :2] = 1
    for k, red in enumerate((1.0, 0.5, 0.0)):
        morph.frames[0, k, 0, :, 2:], morph.frames[0, k, 1, :, 2:] = red, 1 - red
    morph.save_gif(tmp_path / "m.gif", scale=2)
    shown, _, _ = read_gif(tmp_path / "m.gif")
    for found, k in zip(shown, [0, 1, 2, 1], strict=True):
        np.testing.assert_array_equal(found, expected_strip(morph, [0], k, 2))


def test_gif_of_a_morph_that_stands_still(tmp_path):
    """Equal frames may be stored as one, which is shown for as long."""
    morph = made_morph(1, 5)
    morph.frames[:] = morph.frames[:, :1]
    morph.save_gif(tmp_path / "still.gif", duration=50)
    with Image.open(tmp_path / "still.gif") as gif:
        assert gif.size == (16 * 4, 12 * 4)
        np.testing.assert_array_equal(np.asarray(gif.convert("RGB")), expected_strip(morph, [0], 0, 4))


def test_gif_by_a_string(tmp_path):
    made_morph().save_gif(str(tmp_path / "MORPH.GIF"))
    assert read_gif(tmp_path / "MORPH.GIF")[0]


# The grammar: grids, curves, intervals, matrices.
def test_a_grid_has_each_image_in_its_place():
    one, two = torch.rand(1, 4, 6), torch.rand(3, 4, 6)
    drawn = []
    rows = [("first", [one, (two, "a note")]), ("first", [None, one])]
    figure = plot.grid(
        rows, ["left", "right"], outline=[one, one], draw=lambda *where: drawn.append(where[1:])
    )
    (a, b), (c, d) = grid(figure, 2)
    for axis, image in ((a, one), (b, two), (d, one)):
        np.testing.assert_array_equal(picture(axis), expected_picture(image))
        assert axis.collections  # the outline
    assert not c.images and drawn == [(0, 0), (0, 1), (1, 1)]
    assert [axis.get_title() for axis in (a, b, c, d)] == ["left", "right", "", ""]
    assert [axis.get_ylabel() for axis in (a, b, c, d)] == ["first", "", "first", ""]
    assert b.get_xlabel() == "a note" and plt.get_fignums() == []


def test_strips_tell_k_and_probability_of_each_method():
    morphs = {"live": made_morph(frames=5), "frozen": made_morph(frames=9, seed=1)}
    lines = grid(plot.strips(morphs, row=1, frames=3), 3)
    for line, (name, morph) in zip(lines, morphs.items(), strict=True):
        assert line[0].get_ylabel() == name
        last = morph.target_probabilities[1, -1]
        assert line[-1].get_xlabel() == f"k = {morph.steps[-1]:g}: {last:.2f}"
        np.testing.assert_array_equal(picture(line[-1]), expected_picture(morph.frames[1, -1]))


@pytest.mark.parametrize("shared", [True, False])
def test_curves_stand_in_their_panels(shared):
    x, many = torch.arange(5.0), torch.rand(7, 5)
    panels = {"left": {"frozen": (x, x), "live": (x, many)}, "right": {"frozen": (2 * x, x)}}
    figure = plot.curves(panels, "k", "p", shared=shared, zero=True, marks={"end": 4.0}, ylim=(0, 9))
    left, right = figure.axes
    assert (left.get_title(), right.get_title(), left.get_xlabel(), left.get_ylabel()) == (
        "left",
        "right",
        "k",
        "p",
    )
    medians = [line.get_ydata() for line in left.lines if line.get_label() == "live"]
    np.testing.assert_allclose(medians[0], np.median(many.numpy(), axis=0), rtol=1e-6)
    assert len(left.collections) == 1 and left.get_ylim() == (0, 9)
    assert (left.get_xlim() == right.get_xlim()) == shared
    assert "end" in [text.get_text() for text in left.texts]


def test_intervals_are_medians_and_quartiles():
    values = {group: {name: torch.rand(8) for name in ("pixels", "live joint")} for group in ("near", "far")}
    figure = plot.intervals({"both": values}, "share")
    (axis,) = figure.axes
    dots = [line.get_xdata()[0] for line in axis.lines if len(line.get_xdata()) == 1]
    expected = [each.double().quantile(0.5).item() for group in values.values() for each in group.values()]
    assert dots == pytest.approx(expected)
    assert [label.get_text() for label in axis.get_yticklabels()] == ["pixels", "live joint"]
    single = plot.intervals({"near": values["near"], "far": values["far"]}, marks={"even": 0.5})
    assert [axis.get_title() for axis in single.axes] == ["near", "far"]


def test_a_matrix_has_its_numbers():
    values = torch.tensor([[1.0, torch.nan], [2.5, -1.0]])
    figure = plot.matrix({"one": values, "two": values}, [".1f", ".0f"], rows="ab", labels=("from", "to"))
    for axis, numbers in zip(figure.axes, (["1.0", "2.5", "-1.0"], ["1", "2", "-1"]), strict=True):
        assert [text.get_text() for text in axis.texts] == numbers
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]


def test_a_method_has_one_colour_everywhere():
    found = colors(
        ["pyramid, frozen", "Fourier, frozen", "live, joint", "pixels", "alpha 2, frozen", "other"]
    )
    assert found["pyramid, frozen"]["color"] == found["alpha 2, frozen"]["color"]
    assert found["pyramid, frozen"]["linestyle"] != found["alpha 2, frozen"]["linestyle"]
    assert len({look["color"] for look in found.values()}) == 5


def test_signed_colours():
    red, _, blue = signed(torch.tensor([[[1.0, -1.0, 0.0]]]))[:, 0].tolist()
    assert red[0] > blue[0] and red[1] < blue[1] and red[2] == pytest.approx(blue[2], abs=0.02)


def test_a_figure_says_what_it_shows_in_words(images):
    pictures = list(images(2, 1, 5, 5))
    figure = plot.grid(
        {r"phase $\Phi$": pictures, "change": [(pictures[0], "0.97"), None]}, ["k = 0", "k = 1"]
    )
    assert repr(figure) == "A figure of 4 panels: k = 0, phase Phi, k = 1, change."
    assert repr(plot.grid({"": pictures})) == "A figure of 2 panels."
    assert repr(plot.curves({"p": {"mine": (torch.arange(3), torch.rand(3))}}, "k", "p")).startswith(
        "A chart of 1 panel"
    )
    many = plot.grid({str(n): [(pictures[0], f"note {n}")] for n in range(9)})
    assert repr(many).endswith("note 7, and more.")


def test_words_of_a_grid_fit_their_cells():
    """Titles and notes of several words take more lines, long words smaller letters; nothing overlaps."""
    image = torch.rand(1, 8, 8)
    titles = [
        "random factors",
        "the true answer",
        "counterfactual",
        "plain",
        "$\\hat S$ of all",
        "Grad-CAM,\nsource",
    ]
    figure = plot.grid({"a": [(image, "Bouvier des Flandres, surely")] * 6}, titles, cell=0.95)
    figure.canvas.draw()
    for drawn in ([axis.title for axis in figure.axes], [axis.xaxis.label for axis in figure.axes]):
        boxes = [text.get_window_extent() for text in drawn]
        assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))
    assert figure.axes[0].get_title() == "random\nfactors" and figure.axes[4].get_title() == titles[4]
    assert figure.axes[2].title.get_fontsize() < figure.axes[3].title.get_fontsize()
