"""The page of what networks look for in a real browser: parts, search, order, and one picture at a time."""

import drawn
import pytest
from conftest import SCREENSHOTS, written_alone

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
SIZES = {360: PHONE, 1280: {"viewport": {"width": 1280, "height": 900}}}
NAMES = "buttons => buttons.map(button => button.textContent)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written_alone(drawn, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def groups():
    return drawn.groups()


def names(page):
    return page.locator("#drawn li button").evaluate_all(NAMES)


def test_every_part_shows_all_its_pictures(visit, groups):
    page = visit()
    for index, group in enumerate(groups):
        page.select_option("#dr-part", str(index))
        assert sorted(names(page)) == sorted(entry["name"] for entry in group["entries"])
        count = len(group["entries"])
        assert page.locator("[role=status]").inner_text() == f"{count} of {count}"


def test_search_and_order(visit, groups):
    page = visit()
    page.fill("#dr-search", "SNAKE")
    expected = [entry["name"] for entry in groups[0]["entries"] if "snake" in entry["name"].lower()]
    assert sorted(names(page)) == sorted(expected) and expected
    page.fill("#dr-search", "no such thing")
    assert names(page) == [] and page.locator("[role=status]").inner_text().startswith("0 of")
    page.fill("#dr-search", "")
    page.select_option("#dr-sort", "logit")
    entries = sorted(groups[0]["entries"], key=lambda entry: entry["keys"]["logit"])
    assert names(page)[:5] == [entry["name"] for entry in entries[:5]]


def test_a_picture_opens_turns_and_closes(visit, groups):
    page = visit(**SIZES[1280])
    entries = sorted(groups[0]["entries"], key=lambda entry: entry["keys"]["number"])
    page.locator("#drawn li button").nth(1).click()
    dialog = page.locator("dialog")
    assert dialog.locator("h2").inner_text() == entries[1]["name"]
    values = dialog.locator("dd").all_inner_texts()
    assert values == [value for _, value in entries[1]["facts"]]
    page.keyboard.press("ArrowRight")
    assert dialog.locator("h2").inner_text() == entries[2]["name"]
    dialog.get_by_role("button", name="Previous").click()
    assert dialog.locator("h2").inner_text() == entries[1]["name"]
    assert page.url.endswith(f"#0-{entries[1]['id']}")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "#" not in url)  # a closed dialog tells it a moment later
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.textContent") == entries[1]["name"]


def test_an_address_leads_to_a_picture(visit, groups):
    group, entry = groups[3], groups[3]["entries"][7]
    page = visit(f"#3-{entry['id']}")
    assert page.locator("dialog h2").inner_text() == entry["name"]
    assert page.locator("dialog figure").count() == len(entry["near"])
    assert page.locator("#dr-part option:checked").inner_text() == group["title"]


def test_each_tile_is_cut_from_its_sheet(visit, groups):
    page = visit()
    group, place = groups[0], 37
    entry = next(entry for entry in group["entries"] if entry["tile"] == place)
    page.fill("#dr-search", entry["name"])
    tile = page.locator("#drawn li .dr-tile").first
    read = "node => [getComputedStyle(node).backgroundPosition, getComputedStyle(node).backgroundSize]"
    position, size = tile.evaluate(read)
    rows = -(-group["count"] // group["across"])
    assert size == f"{100 * group['across']}% {100 * rows}%"
    column, row = place % group["across"], place // group["across"]
    found = [float(part.rstrip("%")) for part in position.split()]
    assert found == pytest.approx([100 * column / (group["across"] - 1), 100 * row / (rows - 1)], abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_no_page_scrolls_sideways_and_axe_finds_nothing(visit, barriers, width, scheme):
    page = visit(color_scheme=scheme, **SIZES[width])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(page) == []
    page.locator("#drawn li button").first.click()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"drawn-{width}-{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(page) == []
