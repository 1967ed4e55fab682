"""The explorer as a visitor meets it: what is seen first, what is offered, what is said of a picture."""

import io
import re
import subprocess
import sys
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from traitlets import TraitError

import steerlens as sl
from steerlens.data import small_digits
from steerlens.explorer import galleries, opened, pictures
from steerlens.explorer.galleries import FOR_ALL
from steerlens.explorer.settings import COMPARISONS, PAIR, Settings, in_words
from steerlens.explorer.uploads import as_digit, remarks
from steerlens.explorer.views import arrivals, busiest, change_scale

ROOT = Path(__file__).resolve().parents[1]
SHAPE = (28, 28)
NAMES = ["circle", "square", "star", "cross"]


@pytest.fixture
def model(classifier):
    return classifier(SHAPE, classes=4, dtype=torch.float32)


@pytest.fixture
def explorer(model, images, classifier, tmp_path):
    x = images(3, 1, *SHAPE, dtype=torch.float32)
    judges = {"first": classifier(SHAPE, classes=4, dtype=torch.float32), "<second>": model}
    return sl.explore(model, x, classes=NAMES, padding=2, folder=tmp_path, judges=judges)


def on_screen(explorer, row=0):
    """Pixels of a picture on the page."""
    url = re.search('base64,([^"]*)', explorer.stage.pictures[row].value)[1]
    return np.asarray(Image.open(io.BytesIO(b64decode(url))))


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


# What is seen first.
def test_the_first_frame_is_the_one_that_arrives(explorer):
    p = torch.tensor([[0.1, 0.5, 0.992, 0.999], [0.1, 0.7, 0.6, 0.5]])
    views = replace(
        explorer.views,
        frames=explorer.views.frames[:, :4].expand(2, -1, -1, -1, -1),
        probabilities=torch.stack([1 - p, 0 * p, p, 0 * p], -1),
        distances=explorer.views.distances[:, :4].expand(2, -1),
        steps=torch.arange(4.0),
        sources=torch.tensor([0, 0]),
        targets=torch.tensor([2, 2]),
        values=None,
    )
    assert arrivals(views) == [2, 1], "at .99, or at the largest"
    explorer.stage.show(views[:1], explorer._gallery, explorer.settings)
    assert explorer.stage.slider.value == 2
    drawn = pictures.curves(views[:1], 0, NAMES)
    assert (
        "p ≥ 0.99 at k = 2" in drawn and drawn.count('fill="none" stroke="#0072B2" stroke-width="2"/>') == 1
    )
    assert "largest p 0.70, at k = 1" in pictures.curves(views[1:], 0, NAMES)


def test_changes_have_full_colour_where_the_morph_arrives(explorer):
    frame, views = arrivals(explorer.views)[0], explorer.views
    change = (views.frames - views.frames[:, :1]).mean(2)[0]
    assert change_scale(views) == pytest.approx(change[: 1 + frame].abs().max().item())


def test_the_picture_and_what_is_said_come_before_the_choices(explorer):
    order = list(walk(explorer))
    place = {name: order.index(each) for name, each in vars(explorer).items() if each in order}
    assert order.index(explorer.stage.slider) < place["message"] < order.index(explorer.stage.pictures[0])
    assert order.index(explorer.stage.pictures[0]) < min(place["picker"], place["target"], place["compare"])


def test_a_still_is_there_before_the_library():
    code = (
        "import sys, steerlens as sl\ne = sl.explore()\n"
        "print(*[name for name in ('torch', 'matplotlib', 'scipy') if name in sys.modules])\n"
        "bundle = e._repr_mimebundle_()\nprint(len(bundle['image/png']), bundle['text/plain'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, said = done.stdout.splitlines()
    assert loaded == "" and "a 3 becomes an 8" in said and int(said.split()[0]) > 10_000


def test_the_page_tells_that_it_is_there_and_the_explorer_takes_the_stills_place(monkeypatch, explorer):
    opening = sl.explore()
    monkeypatch.setattr("steerlens.explorer.app.Explorer", lambda *_: explorer)
    opening._link[1].value = 1  # which the page's link does
    assert opening.children == (explorer,) and opening.code() == explorer.code()


def test_an_opening_that_fails_says_so(monkeypatch):
    opening = sl.explore()
    monkeypatch.setattr("steerlens.explorer.app.Explorer", lambda *_: 1 / 0)
    opening._link[1].value = 1
    assert "ZeroDivisionError" in opening._said.value and 'role="alert"' in opening._said.value


def test_the_servers_take_large_pictures_and_end_kernels_without_a_page():
    makefile = (ROOT / "Makefile").read_text()
    commands = {
        name: re.search(rf"^{name}:.*\n(.*)", makefile, re.MULTILINE)[1] for name in ("lab", "explore")
    }
    assert all("$(LARGE)" in command for command in commands.values()) and "$(CULL)" in commands["explore"]
    assert "'websocket_max_message_size': 104857600" in makefile
    assert "--MappingKernelManager.cull_idle_timeout=" in makefile


# What is offered.
def test_the_sources_class_is_not_offered(explorer):
    for button in explorer.picker._buttons[:3]:
        button.click()
        source = int(explorer.views.sources[0])
        assert NAMES[source] not in explorer.target._menu.options and len(explorer.target._menu.options) == 3
        assert explorer.target.value != source
    with pytest.raises(TraitError, match="other than the source's"):
        explorer.target.value = source


def test_a_thousand_classes_are_searched_by_name(classifier, images):
    names = [f"class {index % 37}" for index in range(40)]
    model = classifier(SHAPE, classes=40, dtype=torch.float32)
    explorer = sl.explore(model, images(1, 1, *SHAPE, dtype=torch.float32), classes=names)
    search = explorer.target._search
    assert explorer.target.children == (search,) and len(search.options) == 39
    wanted = next(index for index in (38, 1) if index != explorer.views.sources[0])
    search.value = f"class {wanted % 37} ({wanted})"  # a name that two classes have
    assert explorer.views.targets.tolist() == [wanted]


def test_another_gallery_leaves_text_and_settings_of_a_preset_behind(explorer):
    explorer._makers["other"] = lambda: replace(explorer._made["yours"], note="drawn things stand in")
    explorer.gallery_menu.options = ["yours", "other"]
    preset = replace(
        FOR_ALL[0], settings=(Settings(regime="frozen", alpha=9.0), Settings(transform="pixels"))
    )
    explorer.apply(preset)
    assert preset.name in explorer.lesson.value and explorer.note.layout.display == "none"
    explorer.gallery_menu.value = "other"
    assert preset.name not in explorer.lesson.value and explorer.compare.value == COMPARISONS[0]
    assert explorer.settings == [replace(galleries.LIVE, target=explorer.target.value)]
    assert "drawn things stand in" in explorer.note.value and explorer.note.layout.display is None


def test_stand_ins_are_announced():
    data = small_digits()
    gallery = galleries._of_lessons(data, "lenet", "digits()", 2, ("mlp",), real="MNIST")
    assert gallery.note == f"MNIST is missing: {data.source}, stand in for it."
    assert galleries._of_lessons(data, "lenet", "digits()", 2, real=data.source).note == ""
    assert list(gallery.judges()) == ["mlp"]


# Several methods, and other networks.
def test_four_methods_at_equal_distance(explorer, tmp_path):
    explorer.apply(FOR_ALL[2])
    shown = explorer._shown
    assert [(each.regime, each.direction, each.amplitude) for each in shown.settings] == [
        ("live", "phase", "constant"),
        ("live", "joint", "constant"),
        ("frozen", "joint", "constant"),
        ("frozen", "joint", "compounded"),
    ]
    assert len(explorer.views) == 4 and (explorer.views.distances - explorer.views.steps).abs().max() < 1.2e-3
    assert len({on_screen(explorer, row).tobytes() for row in range(4)}) == 4
    names = {name for name, each in explorer.panels[0]._controls.items() if each.layout.display is None}
    assert names == {"transform", "alpha", "cap", "residual", "steps"}, "the rest is what differs"
    scope = {"model": explorer._gallery.model, "images": explorer._gallery.images}
    exec(explorer.code(), scope)
    frame = explorer.stage.slider.value
    for name, frames in zip("abcd", explorer.views.frames, strict=True):
        assert (scope[f"shown_{name}"][0] - frames[frame]).norm() < 2e-3


def test_bases_side_by_side(explorer):
    explorer.compare.value = COMPARISONS[-1]
    assert [each.transform for each in explorer.settings] == ["pyramid", "Fourier", "pixels"]
    assert len(explorer.views) == 3 and "C: " in explorer.message.value


def test_judges_say_what_they_see(explorer):
    said = explorer._shown.verdicts
    assert list(said) == ["first", "<second>"] and torch.allclose(
        said["<second>"], explorer.views.probabilities
    )
    with torch.no_grad():
        expected = explorer._gallery.judges()["first"](explorer.views.frames[0]).softmax(1)
    assert torch.allclose(said["first"][0], expected)
    explorer.stage.slider.value = explorer.stage.slider.max
    text = explorer.stage._bars[0].value
    assert "first sees <b>" in text and "&lt;second&gt; sees <b>" in text
    assert "other networks" in explorer.stage._curves.value
    target = explorer.views.targets[0]
    assert ("✓" in text) == any(p[0, -1].argmax() == target for p in said.values())


def test_judges_of_other_classes_are_refused(model, images, classifier):
    with pytest.raises(ValueError, match="judges: expected 4 classes of 'odd', as of the model, got 3"):
        x = images(1, 1, *SHAPE, dtype=torch.float32)
        sl.explore(model, x, judges={"odd": classifier(SHAPE, classes=3, dtype=torch.float32)})


# What pictures say.
def test_pictures_and_controls_say_what_they_are(explorer):
    explorer.compare.value = PAIR
    assert [each for each in walk(explorer) if each.has_trait("tooltip") and each.tooltip is None] == []
    assert all('alt="' in each.value for each in (*explorer.stage.pictures[:2], explorer.stage._source))
    assert re.search('alt="B, frame [0-9]+: p of', explorer.stage.pictures[1].value)
    names = [each.description for each in walk(explorer) if "sl-play" in getattr(each, "_dom_classes", ())]
    assert names == ["Play"]


def test_exports_say_method_distance_and_probability(explorer):
    from steerlens.explorer.export import captioned, strip

    explorer.apply(FOR_ALL[0])
    shown = explorer._shown
    figure = strip(shown.views, shown.gallery, shown.settings)
    text = " ".join(f"{axis.get_ylabel()} {axis.get_xlabel()}" for axis in figure.axes).replace("\n", " ")
    assert "A: " in text and "B: " in text and in_words(shown.settings[1]) in text
    last = shown.views.target_probabilities[1, -1], shown.views.distances[1, -1]
    assert "p {:.2f} L2 {:.2f}".format(*last) in text
    frames = captioned(shown.views, shown.gallery, shown.settings).frames
    assert frames.shape[:3] == (2, 25, 3) and frames.shape[-1] == 224
    assert (frames[:, :, :, 224:].amin((2, 3, 4)) < 0.2).all(), "text below each"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), "pyramid, live, phase, cap 0.3"),
        (Settings(regime="frozen", residual="linear"), "pyramid, frozen, phase, alpha 0.3, lowpass moves"),
        (
            Settings(regime="frozen", amplitude="compounded"),
            "pyramid, frozen, amplitude compounded, alpha 0.3",
        ),
        (Settings(transform="pixels", cap=0.1), "pixels, live, cap 0.1"),
        (
            Settings(bands=((0, 1),), luminance=True),
            "pyramid, live, phase, cap 0.3, 1 bands, luminance alone",
        ),
    ],
)
def test_settings_in_words(settings, words):
    assert in_words(settings) == words


def test_the_part_that_changes_most_is_enlarged(classifier, images):
    shape = (128, 128)
    explorer = sl.explore(classifier(shape, 3, 3, torch.float32), images(1, 3, *shape, dtype=torch.float32))
    views, zoom = explorer.views, explorer.stage.zoom
    assert zoom.layout.display is None
    frames = views.frames.clone()
    frames[0, -1, :, 40:50, 80:90] = 1 - frames[0, 0, :, 40:50, 80:90].round()
    rows, columns = busiest(replace(views, frames=frames))
    assert rows.stop - rows.start == 32 and rows.start <= 40 and rows.stop >= 50 and columns.stop >= 90
    zoom.value = True
    rows, columns = busiest(views)
    expected = (views.frames[0, explorer.stage.slider.value, :, rows, columns] * 255).round().byte()
    np.testing.assert_array_equal(on_screen(explorer)[::7, :224:7, :3], expected.movedim(0, -1).numpy())


# What is brought.
def photographed(digit, thin=False):
    """Dark strokes on unevenly lit paper, away from the middle, 300x400."""
    ink = torch.nn.functional.interpolate(digit[None], size=(150, 150), mode="bicubic")[0, 0].clamp(0, 1)
    paper = torch.linspace(0.95, 0.7, 400).expand(300, 400).clone()
    paper[20:170, 30:180] -= 0.55 * ink
    paper = paper + 0.01 * torch.randn(paper.shape, generator=torch.Generator().manual_seed(0))
    return (255 * paper.clamp(0, 1)).byte().numpy()


def png(pixels, **options):
    buffer = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(buffer, "PNG", **options)
    return buffer.getvalue()


def test_dark_ink_on_paper_becomes_a_digit_as_mnists_are():
    data = sl.data.digits()
    model, right = sl.models.load("lenet", data), []
    for name in data.classes:
        digit = data.of_class(name)[2].images[0]
        content = png(photographed(digit))
        image = opened(content, (1, 28, 28), ink=True)
        rows, columns = image[0, 0].nonzero().T
        assert max(np.ptp(rows.numpy()), np.ptp(columns.numpy())) == 19, "20x20 pixels"
        mass = image[0, 0].sum()
        centre = [float((image[0, 0].sum(1 - axis) * torch.arange(28)).sum() / mass) for axis in (0, 1)]
        assert (
            centre == pytest.approx([13.5, 13.5], abs=0.6) and image[0, 0, 0].max() == 0 and image.max() == 1
        )
        right.append(int(model(image).argmax()) == data.classes.index(name))
    assert sum(right) >= 8, right
    assert remarks(content, (1, 28, 28), ink=True) == (
        "dark strokes made white on black, fitted and centred as MNIST's digits are"
    )


def test_what_is_no_drawing_stays_as_it_is():
    assert as_digit(torch.full((60, 60), 0.5)) is None
    assert as_digit(small_digits().images[0, 0]) is None
    flat = opened(png(np.full((60, 60), 200, np.uint8)), (1, 28, 28), ink=True)
    assert flat.unique().tolist() == [pytest.approx(200 / 255)]


def test_an_upload_says_what_was_done_to_it(model):
    digits = small_digits()
    explorer = sl.explore(sl.models.load("lenet", digits), digits.images[:3], padding=2)
    explorer.uploaded([("mine.png", png(photographed(digits.images[5])))])
    said = "mine.png: dark strokes made white on black, fitted and centred as MNIST"
    assert said in explorer.message.value.replace("&#x27;", "'")
    assert "opened('mine.png', (1, 28, 28), ink=True)" in explorer.code()


def test_what_is_dropped_of_a_picture_is_said():
    clear = Image.new("RGBA", (40, 30), (255, 0, 0, 100))
    assert remarks(png(clear), (1, 28, 28)) == (
        "laid over white where it is transparent, its centre, scaled from 40x30 to 28x28, made grey"
    )
    deep = Image.fromarray(np.full((28, 28), 40_000, np.uint16))
    assert remarks(png(deep), (1, 28, 28)) == "rounded to 8 bits"
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (28, 28), color) for color in ("red", "green", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    assert remarks(buffer.getvalue(), (3, 28, 28)) == "the first of 3 frames"


def test_an_error_names_the_file_and_no_object(explorer):
    explorer._guarded(explorer.uploaded)([("notes.txt", b"words")])
    assert (
        "notes.txt: expected a picture" in explorer.message.value and "BytesIO" not in explorer.message.value
    )
