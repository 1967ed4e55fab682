"""The explorer on a reader's own pages and pictures, and names of classes: one situation a test."""

import ast
import io
import re
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import steerlens as sl
from steerlens._internal.checks import check_names
from steerlens.explorer.pictures import thumbnail_style
from steerlens.explorer.settings import PAIR
from steerlens.plot.widgets import frame_caption, image_png, screen_scale

ROOT = Path(__file__).resolve().parents[1]
SHAPE = (12, 10)
NAMES = ["a", "b", "c", "d"]


def small(classifier, images, channels=1, count=3, **named):
    """An explorer whose morphs take two steps on images of any number of channels."""
    model = classifier(SHAPE, channels, 4, torch.float32)
    explorer = sl.explore(model, images(count, channels, *SHAPE, dtype=torch.float32), **named)
    return model, explorer


@pytest.fixture
def pair(classifier, images, tmp_path):
    return small(classifier, images, folder=tmp_path)


def picture(value, size=(10, 12)):
    buffer = io.BytesIO()
    Image.new("L", size, value).save(buffer, format="PNG")
    return buffer.getvalue()


def explorer_size(explorer):
    """Width and height in pixels of a frame on the screen."""
    frames = explorer.views.frames
    return tuple(screen_scale(frames) * side for side in reversed(frames.shape[-2:]))


def state(explorer):
    """All that a reader sees and can write to files."""
    shown = [each.value for each in explorer.stage.pictures]
    choices = [explorer.gallery_menu, explorer.target, explorer.compare, explorer.lesson]
    controls = [explorer.picker.row, *(each.value for each in choices), list(explorer._tabs.children)]
    panels = [panel.settings(0) for panel in explorer.panels]
    return [shown, [controls, panels, explorer.settings], explorer.code(), explorer.views]


# (a) Names on a page.
def test_two_kernels_explorers_share_no_names(pair, classifier, images, monkeypatch):
    """Ids of widgets are a front end's affair, and may be equal."""
    monkeypatch.setattr("ipywidgets.Widget.model_id", "1")
    found = [
        set(re.findall(r"\.(sl-[^ ]+) {", explorer.picker._style.value))
        for explorer in (small(classifier, images)[1] for _ in range(2))
    ]
    assert len(found[0]) == len(found[1]) == 3 and not found[0] & found[1]


# (b) Errors and interrupts.
CHANGES = {
    "target": lambda e: setattr(
        e.target._menu,
        "value",
        next(x for x in e.target._menu.options if x != e.target._menu.value),
    ),
    "image": lambda e: e.picker._buttons[2].click(),
    "method": lambda e: setattr(e.panels[0]._controls["regime"], "value", "frozen"),
    "compare": lambda e: setattr(e.compare, "value", PAIR),
    "band": lambda e: setattr(e.panels[0]._cells[0, 0], "value", False),
    "preset": lambda e: e._guarded(e.apply)(sl.explorer.galleries.FOR_ALL[0]),
    "upload": lambda e: e._guarded(e.uploaded)([("mine.png", picture(200))]),
}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_fails_leaves_everything_as_it_was(change, error, pair):
    model, explorer = pair

    def fail(*_):
        raise error

    before = state(explorer)
    handle = model.register_forward_pre_hook(fail)
    change(explorer)
    assert state(explorer) == before
    assert error.__name__ in explorer.message.value and "sl-error" in explorer.message.value
    handle.remove()
    change(explorer)
    assert "sl-error" not in explorer.message.value and state(explorer)[:3] != before[:3]


def test_a_gallery_that_cannot_be_made_is_not_chosen(pair):
    _, explorer = pair
    explorer._makers["other"] = lambda: 1 / 0
    explorer.gallery_menu.options = ["yours", "other"]
    before = state(explorer)
    explorer.gallery_menu.value = "other"
    assert state(explorer) == before and "ZeroDivisionError" in explorer.message.value


# (c) Uploads.
def test_one_bad_upload_drops_no_other(pair, monkeypatch):
    _, explorer = pair
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    files = [("a.png", picture(50)), ("words.txt", b"words"), ("bomb.png", picture(9, (500, 500)))]
    explorer._guarded(explorer.uploaded)([*files, ("b.png", picture(200))])
    assert [explorer._gallery.labels[row] for row in (3, 4)] == ["a.png", "b.png"]
    assert len(explorer._gallery.images) == 5 and explorer.picker.row == 4
    assert (explorer.views.frames[0, 0] == 200 / 255).all()
    assert "words.txt: " in explorer.message.value and "bomb.png: " in explorer.message.value
    assert explorer.upload.multiple


# (d) UTF-8 everywhere.
def test_code_with_any_letters_is_shown_as_it_is_written(pair, monkeypatch, tmp_path):
    """Where Python reads files in the encoding of an old system."""
    _, explorer = pair
    monkeypatch.setattr("io.text_encoding", lambda encoding, *_: encoding or "ascii")
    explorer.uploaded([("Käse ☃.png", picture(200))])
    path = explorer.exported("code")
    assert "Käse ☃.png" in path.read_text(encoding="utf-8") and "Käse ☃.png" in explorer.export.value
    sl.explore(explorer._gallery.model, explorer._gallery.images)


def test_every_text_file_is_read_and_written_as_utf_8():
    found = []
    for path in [*ROOT.glob("steerlens/**/*.py"), *ROOT.glob("notebooks/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("read_text", "write_text"):
                found += [] if any(key.arg == "encoding" for key in node.keywords) else [(path, node.lineno)]
    assert found == []


# (e) Many images.
def test_images_that_are_not_in_sight_are_not_classified(classifier, images):
    seen = []
    model = classifier(SHAPE, 1, 4, torch.float32)
    model.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    x = images(10_000, 1, *SHAPE, dtype=torch.float32)
    picker = sl.explore(model, x).picker
    assert sum(seen) < 200
    seen.clear()
    picker._on.click(), picker._back.click(), picker._on.click()
    assert sum(seen) == 18, "the second page, once"
    with torch.no_grad():
        expected = list(map(str, model(x[18:36]).argmax(1).tolist()))
    assert [button.description for button in picker._buttons] == expected


def test_a_page_that_fails_is_not_turned_to(classifier, images):
    model, explorer = small(classifier, images, count=40)
    model.register_forward_pre_hook(lambda *_: 1 / 0)
    before = [button.tooltip for button in explorer.picker._buttons]
    explorer.picker._on.click()
    assert "ZeroDivisionError" in explorer.message.value
    assert [button.tooltip for button in explorer.picker._buttons] == before


# (f) Images of any sides.
@pytest.mark.parametrize("shape", [(1, 200), (200, 1), (2, 3000), (3000, 2)])
def test_a_long_image_makes_no_huge_picture(shape):
    with Image.open(io.BytesIO(image_png(torch.rand(1, *shape)))) as found:
        assert found.width * shape[0] == found.height * shape[1]
        assert max(found.size) <= max(2048, *shape)


def test_thumbnails_keep_the_aspect_ratio():
    for shape, size in (((1, 200), (56, 1)), ((100, 50), (28, 56)), ((28, 28), (28, 28))):
        style = thumbnail_style(torch.rand(1, 3, *shape), [".x"])
        with Image.open(io.BytesIO(b64decode(re.search("base64,(.*?)\\)", style)[1]))) as found:
            assert found.size == size


# Other channels.
def test_other_channels_are_drawn_by_show(classifier, images, tmp_path):
    def show(x):
        return x.mul_(0).add_(0.4)[:, :1]  # in place: it gets a copy

    _, explorer = small(classifier, images, 4, show=show, folder=tmp_path)
    assert explorer.views.frames.shape[2] == 4 and explorer.views.frames.std() > 0.1
    png = b64decode(explorer.stage.pictures[0].value.split("base64,")[1].split('"')[0])
    with Image.open(io.BytesIO(png)) as png:
        pixels = np.asarray(png)
    half = (pixels.shape[1] - 8) // 2
    assert (pixels[:, :half, :3] == 102).all() and np.ptp(pixels[:, half + 8 :, :3]) > 20, "changes are real"
    assert explorer._files.layout.display == "none"
    for kind in ("strip", "animation", "code"):
        explorer.exported(kind)
    with Image.open(next(tmp_path.glob("*.gif"))) as gif:
        assert gif.convert("RGB").crop((0, 0, *explorer_size(explorer))).getextrema() == ((102, 102),) * 3


@pytest.mark.parametrize("channels", [2, 4])
def test_other_channels_need_show(channels, classifier, images):
    with pytest.raises(ValueError, match=r"show: expected a function .*, such as lambda x: x\[:, :3\], got"):
        small(classifier, images, channels)
    with pytest.raises(ValueError, match=r"show: expected .*\(1, 1 or 3, height, width\)"):
        small(classifier, images, channels, show=lambda x: x[:, :1, ::2])


# Names of classes.
class Index:
    """What pandas' Index and Series are here: an object with a length whose values are iterated."""

    ndim = 1

    def __len__(self):
        return 4

    def __iter__(self):
        return iter(NAMES)


KINDS = [
    tuple(NAMES),
    np.array(NAMES),
    Index(),
    {2: "c", 0: "a", 3: "d", 1: "b"},
    dict(enumerate(NAMES)).values(),
]


@pytest.mark.parametrize("classes", KINDS, ids=lambda kind: type(kind).__name__)
def test_names_of_many_kinds(classes, classifier, images):
    _, explorer = small(classifier, images, classes=classes)
    assert explorer._gallery.classes == tuple(NAMES)
    sl.filmstrip(explorer.views, classes=classes)
    assert re.search("[abcd]: 0", frame_caption(explorer.views, 0, 1, classes))


@pytest.mark.parametrize(
    "classes",
    [
        "abcd",
        b"abcd",
        NAMES[:3],
        {*NAMES},
        dict(zip("abcd", NAMES, strict=True)),
        {1: "a"},
        4,
        np.ones((4, 2)),
    ],
    ids=["str", "bytes", "three", "set", "by name", "by another index", "number", "matrix"],
)
def test_names_that_are_none(classes, pair):
    model, explorer = pair
    expected = "classes: expected a name for each of 4 classes"
    with pytest.raises(ValueError, match=expected):
        check_names(classes, 4)
    with pytest.raises(ValueError, match=expected):
        sl.filmstrip(explorer.views, classes=classes)
    with pytest.raises(ValueError, match=expected):
        sl.explore(model, explorer._gallery.images, classes=classes)
