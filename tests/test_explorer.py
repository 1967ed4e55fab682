"""The explorer: settings, chosen bands, views at equal distance, code, exports, and the callbacks."""

import io
from base64 import b64decode
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from PIL import Image

import steerlens as sl
from steerlens.explorer import Domain, Settings, make_morph, opened, pictures
from steerlens.explorer.export import transform_code
from steerlens.explorer.galleries import FOR_ALL, PRESETS
from steerlens.explorer.layout import _files
from steerlens.explorer.settings import ONE, PAIR, arguments, make_transform, side_by_side
from steerlens.explorer.views import matched
from steerlens.plot.figures import WIDTH

SHAPE = (28, 28)
DOMAIN = Domain(SHAPE, 3, 4, 2)
EVERY_KIND = [
    Settings(2, steps=4),
    Settings(2, regime="persistent", direction="joint", steps=4),
    Settings(2, regime="frozen", alpha=3.0, amplitude="compounded", residual="linear", steps=4),
    Settings(2, transform="Fourier", direction="wirtinger", alpha=2.0, steps=4),
    Settings(2, transform="Fourier", regime="frozen", amplitude="linear", residual="linear", steps=4),
    Settings(2, transform="pixels", cap=0.1, steps=4),
    Settings(2, transform="pixels", regime="frozen", steps=4),
    Settings(2, bands=((0, 1), (2, 3)), steps=4),
    Settings(2, bands=((1, 0),), regime="frozen", luminance=True, steps=4),
    Settings(2, transform="pixels", cap=0.1, luminance=True, steps=4),
]
KINDS = pytest.mark.parametrize("settings", EVERY_KIND, ids=range(len(EVERY_KIND)))


@pytest.fixture
def model(classifier):
    return classifier(SHAPE, classes=4, dtype=torch.float32)


@pytest.fixture
def grey(images):
    return images(3, 1, *SHAPE, dtype=torch.float32)


@pytest.fixture
def explorer(model, grey, tmp_path):
    return sl.explore(
        model, grey, [0, 1, 3], ["circle", "square", "star", "<cross>"], padding=2, folder=tmp_path
    )


@cache
def guided():
    """The explorer of the lessons' images, which takes seconds to load them all."""
    return sl.explore().explorer


def decoded(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def other(explorer):
    """A class that is offered and not asked for."""
    return next(index for index in explorer.target._names.values() if index != explorer.target.value)


def on_screen(explorer, row=0):
    """Pixels of a picture on the page."""
    return decoded(b64decode(explorer.stage.pictures[row].value.split("base64,")[1].split('"')[0]))


# Settings, bands and code.
def test_chosen_luminance(images, classifier):
    """Chrominance of the unclipped image stays: the chosen bands of Y alone change."""
    x = 0.3 + 0.4 * images(1, 3, *SHAPE)
    settings = Settings(1, bands=((1, 0), (1, 1)), luminance=True, cap=0.02, steps=3)
    morph = make_morph(classifier(SHAPE, 3), x, settings, DOMAIN)
    change = sl.color.rgb_to_yiq(morph.frames[0, -1:]) - sl.color.rgb_to_yiq(x)
    assert change[:, 0].abs().max() > 1e-4 and change[:, 1:].abs().max() < 1e-12


@KINDS
def test_the_code_makes_the_same_morph(settings, classifier, images, tmp_path):
    channels = 3 if settings.luminance else 1
    model, x = classifier(SHAPE, channels, 4, torch.float32), images(2, channels, *SHAPE, dtype=torch.float32)
    explorer = sl.explore(model, x, padding=2, folder=tmp_path)
    explorer.apply(FOR_ALL[0])
    with explorer.quietly():
        explorer.compare.value = ONE
        explorer.target.fit(explorer._gallery.classes, -1, 2)
        explorer.panels[0].set(settings)
    explorer.changed()
    explorer.stage.slider.value = 3
    assert explorer.settings == [settings]
    scope = {"model": model, "images": x}
    exec(explorer.code(), scope)
    assert torch.equal(scope["shown"][0], explorer.views.frames[0, 3])
    given = eval(transform_code(settings, DOMAIN), {"sl": sl})
    assert repr(given) == repr(make_transform(settings, DOMAIN))


def test_arguments_name_only_what_matters():
    assert arguments(Settings(1)) == (
        sl.steer,
        {"direction": "phase", "cap": 0.3, "residuals": {"lowpass": "fixed"}, "steps": 24},
    )
    assert arguments(Settings(1, transform="pixels", regime="frozen"))[1] == {"alpha": 0.3, "steps": 24}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"target": -1}, "target: expected an integer >= 0"),
        ({"transform": "wavelets"}, "transform: expected one of 'pyramid'"),
        ({"regime": "dead"}, "regime: expected one of 'frozen'"),
        ({"direction": "up"}, "direction: expected one of"),
        ({"alpha": float("nan")}, "alpha: expected a finite number"),
        ({"cap": 0.0}, "cap: expected a finite positive number"),
        ({"steps": 1}, "steps: expected an integer from 2"),
        ({"amplitude": "none"}, "amplitude: expected one of"),
        ({"residual": "moved"}, "residual: expected one of"),
        ({"bands": ()}, "bands: expected at least one pair"),
        ({"bands": ((1,),)}, r"bands: expected pairs \(scale, orientation\)"),
        ({"bands": ((0, -1),)}, "bands: expected an integer >= 0"),
    ],
)
def test_settings_that_no_morph_has(wrong, message):
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)


def test_settings_of_wrong_types():
    with pytest.raises(TypeError, match="luminance: expected True or False, got 1"):
        Settings(luminance=1)
    with pytest.raises(TypeError, match="bands: expected pairs"):
        Settings(bands=3)


def test_a_band_that_the_pyramid_does_not_have(model, grey):
    with pytest.raises(ValueError, match="bands: expected an integer from 0 to 2, got 3"):
        make_morph(model, grey[:1], Settings(1, bands=((3, 0),)), DOMAIN)


# Views.
def test_matched_views_lie_at_equal_distances(model, grey):
    morphs = [make_morph(model, grey[:1], each, DOMAIN) for each in (EVERY_KIND[0], EVERY_KIND[5])]
    views = matched(model, morphs)
    wanted = views.steps
    assert wanted[0] == 0 and (wanted.diff() > 0).all()
    assert views.targets.tolist() == [2, 2] and torch.equal(views.sources[:1], morphs[0].sources)
    for row, morph in enumerate(morphs):
        view = views[row]
        assert torch.equal(view.frames[0, 0], grey[0])
        assert (view.distances - wanted).abs().max() < 6e-4
        alone, attained = morph.at_distance(wanted[7].item())
        assert attained.all() and (alone[0] - view.frames[0, 7]).norm() < 2e-3
        with torch.no_grad():
            assert torch.allclose(model(view.frames[0]).softmax(1), view.probabilities[0])


def test_what_does_not_move_is_not_compared(model, grey):
    still = make_morph(model, grey[:1], Settings(1, regime="frozen", alpha=1e-9), DOMAIN)
    with pytest.raises(ValueError, match="expected morphs that all move"):
        matched(model, [still, still])


# Pictures.
def test_a_frame_and_its_change(model, grey):
    morph = make_morph(model, grey[:1], EVERY_KIND[5], DOMAIN)
    (pngs,) = pictures.frame_pngs(morph)
    first, last = decoded(pngs[0]), decoded(pngs[-1])
    assert len(pngs) == 5 and first.shape == (224, 2 * 224 + pictures.GAP, 4)
    np.testing.assert_array_equal(first[::8, :224:8, 0], (grey[0, 0] * 255).round().byte().numpy())
    assert np.ptp(first[:, 232:, :3], axis=2).max() <= 2, "no change is white"
    change = (morph.frames[0, -1] - morph.frames[0, 0])[0]
    brighter = last[::8, 232::8, 0].astype(int) > last[::8, 232::8, 2].astype(int) + 20
    assert (change[torch.as_tensor(brighter)] > 0).all() and brighter.any()


def test_curves_and_bars_say_what_they_show(model, grey):
    morph = make_morph(model, grey[:1], EVERY_KIND[0], DOMAIN)
    shares = torch.tensor([[0.0, 0.25, 1.0]])[..., None].expand(-1, -1, 4)
    drawn = pictures.curves(
        replace(morph, steps=torch.tensor([0.0, 1.0, 3.0]), probabilities=shares), 1, ["a", "b", "<b>", "d"]
    )
    assert 'aria-label="Probability at k 1: target &lt;b&gt; 0.25' in drawn and 'role="img"' in drawn
    points = drawn.split('points="')[1].split('"')[0].split()
    x, y = zip(*(map(float, point.split(",")) for point in points), strict=True)
    assert x[1] - x[0] == pytest.approx((x[2] - x[0]) / 3, abs=0.1) and y[0] > y[1] > y[2]
    text = pictures.bars(morph, 0, 2, ["a", "b", "<c>", "d"])
    assert "<b>&lt;c&gt;</b> (target)" in text and text.count('sl-bar"') == 3 and "k = 2" in text


def test_own_pictures_are_cropped_and_scaled(tmp_path):
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 255, 0, 0
    Image.fromarray(pixels).save(path := tmp_path / "wide.png")
    color, grey = opened(path, (3, 10, 10)), opened(path.read_bytes(), (1, 10, 10))
    assert color.shape == (1, 3, 10, 10) and color[:, 0].min() > 0.9 and color[:, 1:].max() < 0.1
    assert grey.shape == (1, 1, 10, 10) and 0.2 < grey.mean() < 0.4
    with pytest.raises(ValueError, match=r"notes.txt: expected a picture, got UnidentifiedImageError"):
        opened(b"words", (1, 8, 8), "notes.txt")


# The widget.
def test_moving_the_slider_swaps_the_picture_and_runs_no_model(explorer, monkeypatch):
    explorer.changed()
    calls = []
    model = explorer._gallery.model
    model.register_forward_hook(lambda *_: calls.append(1))
    slider, picture = explorer.stage.slider, explorer.stage.pictures[0]
    seen = set()
    for frame in range(slider.max, -1, -1):
        slider.value = frame
        seen.add(picture.value)
    assert len(seen) == slider.max + 1 and calls == []
    first = on_screen(explorer)[::8, :224:8, 0]
    np.testing.assert_array_equal(first, (explorer._gallery.images[0, 0] * 255).round().byte().numpy())


def test_a_view_is_computed_once(explorer):
    calls = []
    explorer._gallery.model.register_forward_hook(lambda *_: calls.append(1))
    first = explorer.target.value
    explorer.target.value = other(explorer)
    assert calls
    calls.clear()
    explorer.target.value = first
    assert calls == [] and "Computed" not in explorer.message.value


def test_another_image_and_another_target(explorer):
    before = explorer.stage.pictures[0].value
    explorer.picker._buttons[2].click()
    assert explorer.picker.row == 2 and torch.equal(explorer.views.frames[0, 0], explorer._gallery.images[2])
    assert explorer.stage.pictures[0].value != before
    explorer.target.value = 2
    assert explorer.views.targets.tolist() == [2] and "→ star" in explorer.message.value


def test_a_comparison_has_two_pictures_at_one_distance(explorer):
    explorer.apply(FOR_ALL[1])
    a, b = explorer.views.distances
    assert explorer.compare.value == PAIR and len(explorer._tabs.children) == 2
    assert (a - b).abs().max() < 1.2e-3
    shown = [picture.value for picture in explorer.stage.pictures]
    assert shown[0] != shown[1] and [cell.layout.display for cell in explorer.stage._cells] == [
        None,
        None,
        "none",
        "none",
    ]
    explorer.stage.slider.value = 11
    scope = {"model": explorer._gallery.model, "images": explorer._gallery.images}
    exec(explorer.code(), scope)
    for name, frames in zip("ab", explorer.views.frames, strict=True):
        assert (scope[f"shown_{name}"][0] - frames[11]).norm() < 2e-3
    explorer.compare.value = ONE
    assert len(explorer.views) == 1 and explorer.stage._cells[1].layout.display == "none"


def test_toggles_choose_bands_and_controls_that_do_nothing_are_hidden(explorer):
    panel = explorer.panels[0]
    for cell, button in panel._cells.items():
        button.value = cell == (0, 2)
    assert explorer.settings[0].bands == ((0, 2),)
    shown = lambda name: panel._controls[name].layout.display is None  # noqa: E731
    assert shown("cap") and not shown("alpha") and not shown("amplitude") and not shown("luminance")
    panel._controls["regime"].value = "frozen"
    assert not shown("cap") and shown("alpha") and shown("amplitude")
    panel._controls["transform"].value = "pixels"
    assert not shown("residual") and panel._grid.layout.display == "none"


def test_an_error_in_a_callback_is_seen(explorer):
    for button in explorer.panels[0]._cells.values():
        button.value = False
    assert (
        "sl-error" in explorer.message.value and "bands: expected at least one pair" in explorer.message.value
    )
    explorer.panels[0]._cells[1, 1].value = True
    assert "sl-error" not in explorer.message.value


def test_upload(explorer):
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 30), 200, np.uint8)).save(buffer, format="PNG")
    explorer.uploaded([("../mine.png", buffer.getvalue())])
    assert explorer.picker.row == 3 and explorer._gallery.labels[3] == "mine.png"
    assert torch.allclose(explorer.views.frames[0, 0], torch.tensor(200 / 255))
    assert "from steerlens.explorer import opened" in explorer.code()
    assert "image = opened('mine.png', (1, 28, 28))" in explorer.code()
    safe = explorer._guarded(explorer.uploaded)
    safe([("words.txt", b"words")])
    assert "words.txt: expected a picture" in explorer.message.value


def test_uploads_of_both_generations_of_widgets():
    new = ({"name": "a.png", "type": "image/png", "size": 2, "content": memoryview(b"ab")},)
    old = {"a.png": {"metadata": {"name": "a.png"}, "content": b"ab"}}
    assert _files(new) == _files(old) == [("a.png", b"ab")] and _files(()) == []


def test_exports(explorer, tmp_path):
    paths = [explorer.exported(kind) for kind in ("strip", "animation", "code", "code")]
    assert all(path.parent == tmp_path for path in paths)
    assert [path.suffix for path in paths] == [".png", ".gif", ".py", ".py"] and paths[2] != paths[3]
    with Image.open(paths[1]) as gif:
        assert gif.n_frames == 2 * 24
    assert paths[2].read_text() == explorer.code()
    assert f'download="{paths[3].name}"' in explorer.export.value and "sl.steer" in explorer.export.value
    explorer.apply(FOR_ALL[0])
    with Image.open(explorer.exported("animation")) as gif:
        assert gif.width == 2 * 224 + 1 and gif.height > 224 + 30, "below each: method, p, distance"


def test_many_images_are_turned_in_pages(model, images):
    x = images(40, 1, *SHAPE, dtype=torch.float32)
    picker = sl.explore(model, x).picker
    assert picker._range.value == "1 to 18 of 40" and picker._back.disabled
    picker._on.click(), picker._on.click()
    assert picker._range.value == "37 to 40 of 40" and picker._on.disabled
    picker._buttons[3].click()
    assert picker.row == 39
    assert [b.layout.display for b in picker._buttons[3:5]] == [None, "none"]


def test_without_a_kernel_there_is_a_strip(explorer):
    bundle, _ = DisplayFormatter().format(explorer)
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert decoded(b64decode(bundle["image/png"])).shape[1] == round(100 * WIDTH)
    assert bundle["text/plain"].startswith("An explorer: ")


def test_every_control_has_a_description(explorer):
    def walk(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from walk(child)

    kinds = ("Button", "ToggleButton", "Dropdown", "IntSlider", "FloatSlider", "Checkbox", "FileUpload")
    controls = [each for each in walk(explorer) if type(each).__name__ in kinds]
    assert len(controls) > 40
    shown = [c for c in controls if c.layout.display != "none"]
    assert [c for c in shown if not (c.description or c.tooltip)] == []


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_guided_presets_reach_their_target(preset):
    explorer = guided()
    explorer.apply(preset)
    assert "sl-error" not in explorer.message.value and preset.name in explorer.lesson.value
    asked = [replace(each, target=explorer.target.value) for each in preset.settings]
    assert explorer.settings == side_by_side(preset.compare, asked)
    if preset.start:
        assert explorer._gallery.classes[explorer.views.sources[0]] == preset.start[1]
        assert explorer.views.target_probabilities[0, explorer.stage.slider.value] > 0.9


# What does not fit.
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (lambda m, x: (m,), TypeError, "expected both a model and images"),
        (lambda m, x: (None, x), TypeError, "expected both a model and images"),
        (lambda m, x: (m, 2 * x), ValueError, r"images: expected finite values in \[0, 1\]"),
        (lambda m, x: (m, x, [0, 1]), ValueError, "labels: expected 3 class indices"),
        (lambda m, x: (m, x, [0, 1, 4]), ValueError, "labels: expected classes 0 to 3"),
        (lambda m, x: (m, x, None, "abcd"), ValueError, "classes: expected a name for each of 4 classes"),
        (lambda m, x: ("net", x), TypeError, "model: expected a torch.nn.Module, got str"),
    ],
)
def test_explore_refuses(arguments, error, message, model, grey):
    with pytest.raises(error, match=message):
        sl.explore(*arguments(model, grey))


def test_the_page_of_its_own():
    """explore.ipynb: no widget state, and the strip of what it shows."""
    notebook = nbformat.read(
        Path(__file__).resolve().parents[1] / "notebooks" / "explore.ipynb", as_version=4
    )
    nbformat.validate(notebook)
    assert "widgets" not in notebook.metadata
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
