"""The explorer in a real browser, in JupyterLab and in Voila: what a reader does, and what they then see."""

import re

import pytest

START = 120_000  # milliseconds until the first picture
SOON = 30_000  # until an answer that computes or loads something
OWN = """
import steerlens as sl
digits = sl.data.digits()
rows = [digits.indices_of(name)[0].item() for name in digits.classes]
model = sl.models.load("lenet", digits)
sl.explore(model, digits.images[rows], digits.labels[rows], digits.classes, padding=2, folder={folder!r})
"""
BROKEN = """
import steerlens as sl
digits = sl.data.digits()
model = sl.models.load("lenet", digits)
explorer = sl.explore(model, digits.images[:3])
model.register_forward_pre_hook(lambda *_: 1 / 0)
explorer
"""
KNOWN = ("font-awesome", "ERR_NAME_NOT_RESOLVED", "ERR_INTERNET_DISCONNECTED")  # Voila asks a CDN for icons


@pytest.fixture(params=["lab", "voila"])
def opened(request, page, tmp_path):
    """A function from code to the page, once its explorer stands there."""
    open_notebook = request.getfixturevalue(request.param)

    def opened(source):
        open_notebook(page, source, tmp_path.name)
        page.wait_for_selector(".sl-picture-a", timeout=START)
        wait_for_text(page, ".sl-message", "→", START)
        return page

    return opened


def picture(page, name="a"):
    """Address of the picture on the screen, which is new for each frame."""
    return page.get_attribute(f"img.sl-picture-{name}", "src")


def wait_for_text(page, selector, text, soon=SOON):
    page.wait_for_function(
        "([s, t]) => (document.querySelector(s)?.textContent ?? '').includes(t)",
        arg=[selector, text],
        timeout=soon,
    )


def wait_for_another_picture(page, before):
    page.wait_for_function(
        "before => document.querySelector('img.sl-picture-a').src !== before", arg=before, timeout=SOON
    )


def errors(page):
    return [line for line in page.console.errors if not any(known in line for known in KNOWN)]


def test_a_reader_plays(opened, screenshot, tmp_path):
    page = opened(OWN.format(folder=str(tmp_path)))
    screenshot("0-opened")
    assert page.locator("img.sl-picture-a").count() == 1
    page.wait_for_timeout(1000)
    arrived = re.search("at (k = [0-9]+)", page.inner_text(".sl-message"))[1]
    assert arrived != "k = 0" and f"{arrived}," in page.inner_text(".sl-facts"), (
        "the links of the page change nothing"
    )

    before = picture(page)
    page.click('.sl-thumb[title="image 3: 3"]')
    wait_for_text(page, ".sl-message", "3 →")
    page.select_option(".sl-target select", label="8")
    wait_for_text(page, ".sl-message", "3 → 8")
    wait_for_another_picture(page, before)
    screenshot("1-another-image-and-target")

    handle = page.locator(".sl-frame .noUi-handle")
    for key, facts in (
        ("End", "k = 24"),
        ("ArrowLeft", "k = 23"),
        ("ArrowLeft", "k = 22"),
        ("Home", "k = 0"),
        ("ArrowRight", "k = 1"),
    ):
        before = picture(page)
        handle.press(key)
        wait_for_text(page, ".sl-facts", facts)
        wait_for_another_picture(page, before)
    screenshot("2-slider")

    handle.press("Home")
    wait_for_text(page, ".sl-facts", "k = 0")
    page.get_by_role("button", name="Play").click()
    wait_for_text(page, ".sl-facts", "k = 6")
    page.get_by_role("button", name="Play").click()
    screenshot("3-played")

    page.select_option(".sl-compare select", label="A beside B")
    page.wait_for_selector("img.sl-picture-b", timeout=SOON)
    wait_for_text(page, ".sl-message", "B: p")
    screenshot("4-compared")

    for kind in ("strip", "animation", "code"):
        page.click(f".sl-save-{kind}")
        wait_for_text(page, ".sl-export", {"strip": ".png", "animation": ".gif", "code": ".py"}[kind])
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".gif", ".png", ".py"]
    with page.expect_download() as download:
        page.click(".sl-export a")
    assert "sl.steer" in download.value.path().read_text()
    screenshot("5-exported")
    assert page.locator("img.sl-picture-a").count() == 1
    assert errors(page) == []


def test_upload_and_bands(opened, screenshot, tmp_path):
    from PIL import Image

    Image.new("L", (60, 60), 128).save(tmp_path / "mine.png")
    page = opened(OWN.format(folder=str(tmp_path)))
    with page.expect_file_chooser() as chooser:
        page.click(".sl-upload")
    before = picture(page)
    chooser.value.set_files(tmp_path / "mine.png")
    page.wait_for_selector('.sl-thumb[title="image 10: mine.png"]', timeout=SOON)
    wait_for_another_picture(page, before)
    page.click('button[title="scale 0, waves at 0 degrees"]')
    page.wait_for_selector(
        'button[title="scale 0, waves at 0 degrees"][aria-pressed="false"], '
        'button[title="scale 0, waves at 0 degrees"]:not(.mod-active)',
        timeout=SOON,
    )
    wait_for_text(page, ".sl-message", "→")
    screenshot("uploaded")
    assert errors(page) == []


def test_a_guided_preset(opened, screenshot):
    page = opened("import steerlens as sl\nsl.explore()")
    page.click(".sl-preset-3")
    wait_for_text(page, ".sl-message", "Down → Left")
    page.click(".sl-preset-0")
    wait_for_text(page, ".sl-message", "3 → 8")
    wait_for_text(page, ".sl-lesson", "3 becomes 8")
    assert page.locator(".sl-thumb").count() >= 12
    screenshot("3-becomes-8")
    assert errors(page) == []


def test_an_error_is_seen(opened, screenshot):
    page = opened(BROKEN)
    page.select_option(".sl-target select", label="5")
    page.wait_for_selector(".sl-error", timeout=SOON)
    assert re.search("ZeroDivisionError", page.inner_text(".sl-message .sl-error"))
    page.set_viewport_size({"width": 600, "height": 700})
    page.locator(".sl-target").scroll_into_view_if_needed()
    visible = """() => [...document.querySelectorAll('.sl-error')].some(
      e => e.getBoundingClientRect().top >= 0 && e.getBoundingClientRect().bottom <= innerHeight)"""
    assert page.evaluate(visible), "beside the choices, far below the picture"
    screenshot("error")


def test_the_picture_comes_first_at_every_width(opened, screenshot, tmp_path):
    page = opened(OWN.format(folder=str(tmp_path)))
    for width in (1280, 848, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        screenshot(f"{width}")
        top, bottom, height, over = page.evaluate("""() => {
          const box = name => document.querySelector(name).getBoundingClientRect();
          const all = document.querySelector('.sl-explorer');
          return [box('.sl-explorer').top, box('img.sl-picture-a').bottom, box('img.sl-picture-a').height,
                  all.scrollWidth - all.clientWidth];
        }""")
        assert bottom - top < 560 and height > 60 and over <= 0, (width, top, bottom, height, over)


def test_everything_has_a_name(opened, tmp_path):
    page = opened(OWN.format(folder=str(tmp_path)))
    assert page.locator(".sl-explorer [title=null]").count() == 0
    assert page.locator(".sl-explorer img:not([alt])").count() == 0
    assert page.get_by_role("img", name="frame 3").count() + page.get_by_role("img", name="p of").count() >= 1
    nameless = "e => e.checkVisibility() && !(e.textContent.trim() || e.title)"
    assert (
        page.evaluate(f"[...document.querySelectorAll('.sl-explorer button')].filter({nameless}).length") == 0
    )


def test_the_source_is_held_against_the_frame(opened, tmp_path):
    page = opened(OWN.format(folder=str(tmp_path)))
    seen = "getComputedStyle(document.querySelector('img.sl-picture-a')).opacity"
    page.hover(".sl-hold")
    page.mouse.down()
    assert page.evaluate(seen) == "0"
    page.mouse.up()
    assert page.evaluate(seen) == "1"


def test_a_large_upload_arrives(opened, tmp_path):
    import numpy as np
    from PIL import Image

    Image.fromarray(np.random.default_rng(0).integers(0, 256, (2100, 2100, 3), np.uint8)).save(
        path := tmp_path / "large.png"
    )
    assert path.stat().st_size > 13e6, "more than a message takes in Jupyter's settings"
    page = opened(OWN.format(folder=str(tmp_path)))
    assert "10 MB" in page.inner_text(".sl-side")
    with page.expect_file_chooser() as chooser:
        page.click(".sl-upload")
    chooser.value.set_files(path)
    wait_for_text(page, ".sl-message", "large.png: ", START)


def test_a_still_is_seen_before_the_explorer(request, page):
    for server in ("lab", "voila"):
        request.getfixturevalue(server)(page, "import steerlens as sl\nsl.explore()", f"still-{server}")
        page.wait_for_selector("img.sl-still", timeout=SOON)
        page.wait_for_selector("img.sl-picture-a", timeout=START)
        assert page.locator("img.sl-still").count() == 0
