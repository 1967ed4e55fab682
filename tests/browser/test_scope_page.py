"""The page of rows and columns in a real browser: it shows the frozen systems, and one can walk there."""

import base64

import numpy as np
import pytest
import scope
from conftest import SCREENSHOTS, written_alone

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
SIZES = {360: PHONE, 1280: {"viewport": {"width": 1280, "height": 900}}}
OUTPUT, ROW, INPUT, COLUMN = ".sc-board canvas >> nth=0", *(f".sc-board canvas >> nth={i}" for i in (1, 2, 3))
PICTURE = "canvas => canvas.toDataURL()"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written_alone(scope, tmp_path_factory.mktemp("site"))


def kept(each, name):
    """An array as scope.py wrote it, in numpy."""
    content = base64.b64decode(each[name]["base64"])
    kind = "<f2" if name == "F" else "<f4"
    return each[name]["scale"] * np.frombuffer(content, kind).astype(np.float64).reshape(each[name]["shape"])


def place(page, selector, x, y):
    """Where a part of a canvas is on the screen."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def said(page, number=0):
    return page.locator("[role=status]").nth(number).inner_text()


def test_rows_columns_and_error_are_those_of_the_arrays(visit):
    page = visit()
    for number, each in enumerate(scope.systems()):
        F, x, r, y = (kept(each, name) for name in ("F", "x", "r", "y"))
        own = "const own = Steerlens.scopes[n];"
        for k in (0, len(F) // 2 + 3, len(F) - 1):
            row = page.evaluate(f"([n, k]) => {{ {own} return [...own.row(k).values]; }}", [number, k])
            assert np.array_equal(row, F[k])
        for j in (0, F.shape[1] // 2 + 3, F.shape[1] - 1):
            column = page.evaluate(f"([n, j]) => {{ {own} return [...own.column(j).values]; }}", [number, j])
            assert np.array_equal(column, F[:, j])
        error = page.evaluate("n => Steerlens.scopes[n].error", number)
        expected = abs(F @ x.ravel() + r.ravel() - y.ravel()).max()
        assert error == pytest.approx(expected, rel=1e-6) and error < 2e-3 * abs(y).max()
        printed = page.locator(".sc-error").nth(number).inner_text()
        assert f"at most {error:.0e}".replace("e-0", "e-").replace("-", "\u2212") in printed


def test_the_mouse_over_an_output_shows_its_row_and_over_an_input_its_column(visit):
    page = visit(**SIZES[1280])
    side, big = scope.SIDE, 3 * scope.SIDE
    row, column = (page.locator(each).evaluate(PICTURE) for each in (ROW, COLUMN))
    page.mouse.move(*place(page, OUTPUT, (5 + 0.5) / big, (40 + 0.5) / big))
    assert page.evaluate("Steerlens.scopes[0].output") == 40 * big + 5
    assert "row 40, column 5:" in said(page)
    assert page.locator(ROW).evaluate(PICTURE) != row
    page.mouse.move(*place(page, INPUT, (3 + 0.5) / side, (11 + 0.5) / side))
    assert page.evaluate("Steerlens.scopes[0].input") == 11 * side + 3
    assert "row 11, column 3:" in said(page, 1)
    assert page.locator(COLUMN).evaluate(PICTURE) != column


def test_colours_say_the_sign_of_the_row(visit):
    page = visit(**SIZES[1280])
    each = scope.systems()[0]
    page.mouse.move(*place(page, OUTPUT, 0.4, 0.6))
    k = page.evaluate("Steerlens.scopes[0].output")
    row, chosen = kept(each, "F")[k], page.evaluate("Steerlens.scopes[0].input")
    read = """canvas => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]"""
    data = np.array(page.locator(ROW).evaluate(read)).reshape(480, 480, 4)
    centres = data[15::30, 15::30].reshape(-1, 4).astype(int)
    clear = abs(row) > 0.05 * abs(row).max()
    clear[chosen] = False  # in the frame
    assert clear.sum() > 5
    assert (np.sign(centres[clear, 0] - centres[clear, 2]) == np.sign(row[clear])).all()


def test_arrow_keys_walk_and_stop_at_the_border(visit):
    page = visit(**SIZES[1280])
    side = scope.SIDE
    page.focus(INPUT)
    for key, expected in (
        ("ArrowRight", (8, 9)),
        ("ArrowDown", (9, 9)),
        ("ArrowLeft", (9, 8)),
        ("ArrowUp", (8, 8)),
    ):
        page.keyboard.press(key)
        assert page.evaluate("Steerlens.scopes[0].input") == expected[0] * side + expected[1]
    for _ in range(side):
        page.keyboard.press("ArrowUp")
    assert "row 0, column 8:" in said(page, 1)
    scores = page.locator(".sc-system").nth(1).locator("canvas").first
    scores.focus()
    page.keyboard.press("ArrowDown")
    assert "Score of 4:" in said(page, 2)


def test_a_finger_walks_on_a_phone(visit):
    page = visit(**PHONE)
    page.touchscreen.tap(*place(page, OUTPUT, 0.11, 0.31))
    assert page.evaluate("Steerlens.scopes[0].output") == 14 * 3 * scope.SIDE + 5
    canvas = page.locator(OUTPUT)
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_no_page_scrolls_sideways_and_axe_finds_nothing(visit, barriers, width, scheme):
    page = visit(color_scheme=scheme, **SIZES[width])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"scope-{width}-{scheme}.png", full_page=True)
    assert barriers(page) == []


def test_the_page_follows_the_scheme(visit):
    page = visit()
    light = page.locator(ROW).evaluate(PICTURE)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(
        f"before => ({PICTURE})(document.querySelectorAll('canvas')[1]) !== before", arg=light
    )
