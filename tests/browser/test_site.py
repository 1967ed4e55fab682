"""The site in a real browser, from the file system: nothing is fetched, nothing is wider than the screen, and
axe-core finds nothing that keeps a reader out. Look at the pictures in build/browser/ afterwards.
"""

import json
import shutil

import gallery
import pages
import pytest
import series
import torch
from conftest import SCREENSHOTS, Console

import steerlens as sl

PAGES = ("index", "00_quickstart", "08_confidence_is_not_evidence", "gallery", "glossary", "teachers")
FURTHER = ("scope", "drawn", "figures", "equations", "measured")
FURTHER += ("explore", "api/transforms", "slides-00_quickstart")
WIDTHS = (390, 1280, 1920)
SCHEMES = ("light", "dark")


def animations(folder):
    """In the place of `make figures`, which takes minutes: a morph of grey squares for each exhibit."""
    levels = torch.linspace(0, 1, 5)
    frames = levels[None, :, None, None, None].expand(2, 5, 1, 8, 8)
    p, index = torch.full((2, 5, 2), 0.5), torch.zeros(2, dtype=torch.long)
    morph = sl.Morph(frames, p, torch.zeros(2, 5), torch.arange(5.0), index, index, render=None)
    for exhibit in gallery.EXHIBITS:
        morph.save_gif(folder / f"{exhibit.stem}.gif", scale=8)
    (folder / "index.html").write_text("The figures were not made for this test.")
    (folder / "failures.json").write_text("[]")


@pytest.fixture(scope="session")
def site(browser, tmp_path_factory):
    """The site of the committed lessons, with the figures that lie in build/, if they do."""
    folder, figures = tmp_path_factory.mktemp("lessons"), series.ROOT / "build" / "figures"
    for this in series.pages():
        shutil.copy(this.path, folder)
    (folder / "failures.json").write_text(json.dumps([]))
    if not (figures / "index.html").is_file():
        figures = tmp_path_factory.mktemp("figures")
        animations(figures)
    target = tmp_path_factory.mktemp("built") / "site"
    assert pages.site(folder, figures, target) == []
    return target


@pytest.fixture
def visit(browser, site):
    """A function that opens a page of the site at a width and in a scheme, and listens to it."""
    opened = []

    def visit(name, width=1280, scheme="light", **options):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        opened.append(page)
        page.console, page.asked = Console(page), []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_load_state("load")
        return page

    yield visit
    for page in opened:
        page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_screen_or_asks_for_anything(visit, name, scheme):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page = visit(name, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            width,
            "scrolls sideways",
        )
        page.screenshot(path=SCREENSHOTS / f"site-{name}-{width}-{scheme}.png")
        assert page.console.errors == []
        assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PAGES + FURTHER)
def test_axe_finds_nothing(visit, barriers, name, scheme):
    page = visit(name, 1280, scheme)
    page.wait_for_timeout(500)  # formulas are drawn
    assert barriers(page) == []


def test_morphs_stand_still_for_who_asked_for_it_and_keys_change_that(visit):
    state = "getComputedStyle(document.querySelector('.film')).animationPlayState"
    for wish, first, then in (("no-preference", "running", "paused"), ("reduce", "paused", "running")):
        page = visit("gallery", 390, reduced_motion=wish)
        assert page.evaluate(state) == first
        page.focus("#motion")
        page.keyboard.press("Space")
        assert page.evaluate(state) == then


def test_something_moves_on_the_first_screen_even_without_scripts(visit):
    page = visit("index", 390, java_script_enabled=False)
    assert page.locator(".tiles .film").first.bounding_box()["y"] < 900
    page = visit("index", 390)
    page.wait_for_selector("#play-embed canvas")
    assert page.locator("#play-embed canvas").first.bounding_box()["y"] < 900


def test_a_link_to_a_cell_shows_the_cell(visit):
    page = visit("equations")
    page.click("text=01, cell 37 >> nth=0")
    page.wait_for_url("**/01_wirtinger_calculus.html#*")
    cell = page.locator("div.cell:target")
    assert "check_equation" in cell.inner_text() and cell.bounding_box()["y"] < 900


def test_slides_turn_by_keys(visit):
    page = visit("slides-00_quickstart")
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    assert page.locator("section.present h1").inner_text() == "A morph in a minute"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("Reveal.getIndices().h === 1")
    assert page.locator("section.present h2").first.is_visible()
    assert page.console.errors == []
