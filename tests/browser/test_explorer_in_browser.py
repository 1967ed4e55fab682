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

    before = picture(page)
    page.click('.sl-thumb[title="image 3: 3"]')
    wait_for_text(page, ".sl-message", "3 →")
    page.select_option(".sl-target select", label="8")
    wait_for_text(page, ".sl-message", "3 → 8")
    wait_for_another_picture(page, before)
    screenshot("1-another-image-and-target")

    handle = page.locator(".sl-frame .noUi-handle")
    for key, facts in (
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
    page.locator(".sl-play button").nth(0).click()
    wait_for_text(page, ".sl-facts", "k = 6")
    page.locator(".sl-play button").nth(0).click()
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
    assert re.search("ZeroDivisionError", page.inner_text(".sl-error"))
    screenshot("error")
