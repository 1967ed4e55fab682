"""The atlas's page in a real browser, from the file system: what one sees is what was written, by mouse, keys
and address. Look at the pictures in build/browser/ afterwards.
"""

import io

import atlases
import numpy as np
import pandas as pd
import pytest
import zarr
from conftest import SCREENSHOTS, Console
from PIL import Image

from steerlens.atlas import site

WIDTHS = (390, 1280, 1920)
SCHEMES = ("light", "dark")
KINDS = {
    "digits": lambda folder: atlases.digits(folder, 300),
    "faces": lambda folder: atlases.noises(
        folder, 60, (1, 48, 48), 2, names=["sad", "happy"], distances=(0.5, 1, 2, 4, 8), judges=()
    ),
    "photos": lambda folder: atlases.noises(
        folder, 80, (3, 224, 224), 1000, names=[f"class number {i}, of a long name" for i in range(1000)]
    ),
}
SOON = 10_000


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """An atlas of each kind, with its page beside it."""
    made = {name: make(tmp_path_factory.mktemp(name)) for name, make in KINDS.items()}
    for folder in made.values():
        site(folder, progress=False)
    return made


@pytest.fixture
def visit(browser, folders):
    """A function that opens a page; errors and requests to a network fail."""
    opened = []

    def visit(kind="digits", fragment="", width=1280, scheme="light", **options):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        opened.append(page)
        page.console, page.asked = Console(page), []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((folders[kind] / "site" / "index.html").as_uri() + fragment)
        page.wait_for_selector("#view > *")
        return page

    yield visit
    for page in opened:
        assert page.console.errors == []
        assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
        page.close()


def table_of(folders, kind="digits"):
    return pd.read_parquet(folders[kind] / "table")


def views(folders, kind):
    """Addresses of the three screens, one of them of something that failed."""
    row = table_of(folders, kind).query("error.notna() and distance > 1").iloc[0]
    pair = f"#from={row['source']}&to={row['target']}&sort=errors"
    return {"matrix": "", "pair": pair, "image": f"{pair}&image={row['image']}&d=1", "list": "#as=list"}


def title(page, text):
    page.wait_for_function(
        "text => document.querySelector('h1').textContent === text", arg=text, timeout=SOON
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_screen_is_wider_than_the_window(visit, folders, kind, scheme):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name, fragment in views(folders, kind).items():
        for width in WIDTHS:
            page = visit(kind, fragment, width, scheme)
            page.wait_for_timeout(200)  # pictures are drawn
            page.screenshot(path=SCREENSHOTS / f"atlas-{kind}-{name}-{width}-{scheme}.png")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(visit, barriers, folders, kind, scheme):
    for name, fragment in views(folders, kind).items():
        page = visit(kind, fragment, 1280, scheme)
        page.wait_for_timeout(200)
        assert [(name, *each) for each in barriers(page)] == []


def test_the_matrix_says_what_the_table_says(visit, folders):
    page, table = visit(fragment="#d=2.0"), table_of(folders)
    rows = table[(table["source"] == 3) & (table["target"] == 5) & (table["distance"] == 2)]
    said = page.locator(".matrix a[href*='from=3&to=5']").get_attribute("aria-label")
    share = rows["probability"].astype(float).median()
    assert said.startswith(f"3 → 5: median p {share:.0%}, {len(rows)} images")
    assert page.locator(".matrix a").count() == 90
    errors = table["error"].notna().sum()
    assert f"{errors} rows with errors" in page.locator("#about").inner_text()


def test_from_the_matrix_to_an_image_and_back(visit, folders):
    page = visit()
    page.get_by_text("4", exact=True).and_(page.locator(".choice span")).click()
    page.wait_for_url("**d=4*")
    page.click(".matrix a[href*='from=3&to=5']")
    title(page, "3 → 5")
    page.select_option("#sort", "p-low")
    page.wait_for_url("**sort=p-low")
    rows = table_of(folders).query("source == 3 and target == 5 and distance == 4 and error.isna()")
    lowest = rows.sort_values("probability", kind="stable")["image"].tolist()
    shown = page.locator(".tiles li a").evaluate_all("links => links.map((link) => link.title)")
    assert [int(words.split()[1].strip(":,")) for words in shown[:8]] == lowest[:8]
    page.locator(".tiles a").first.click()
    title(page, f"Image {lowest[0]}")
    assert page.locator(".groups canvas").count() >= 24
    page.click("#next")
    title(page, f"Image {lowest[1]}")
    assert page.evaluate("document.activeElement.id") == "next"
    page.go_back()
    title(page, f"Image {lowest[0]}")
    page.keyboard.press("Escape")
    title(page, "3 → 5")
    assert f"Image {lowest[0]}" in page.evaluate("document.activeElement.title")
    page.keyboard.press("Escape")
    page.wait_for_selector(".matrix")
    assert "from=3&to=5" in page.evaluate("document.activeElement.href")


def test_keys_alone_reach_everything(visit):
    page = visit()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert "from=2&to=0" in page.evaluate("document.activeElement.href")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # over the empty square
    assert "from=2&to=3" in page.evaluate("document.activeElement.href")
    page.keyboard.press("Enter")
    title(page, "2 → 3")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    last = page.evaluate("document.activeElement.closest('li').dataset.index")
    assert int(last) == page.evaluate("Number(document.querySelector('.tiles li').ariaSetSize) - 1")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_selector(".groups")
    first = page.locator("h1").inner_text()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("text => document.querySelector('h1').textContent !== text", arg=first)
    page.locator(".groups a[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**d=4*")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**to=4*d=1*")
    assert page.locator(".groups [aria-current]").count() == 1


RAISED = """(canvas, side) => {
  canvas.style.cssText =
    `width:${side}px;height:${side}px;border-radius:0;position:fixed;top:0;left:0;z-index:9`;
}"""


def shown(page, selector, side=28):
    """The pixels of a canvas as they are on the screen: from files a page cannot read them itself."""
    page.wait_for_timeout(300)  # pictures are drawn
    page.locator(selector).evaluate(RAISED, side)
    clip = {"x": 0, "y": 0, "width": side, "height": side}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip)))).astype(int)[..., :3]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pictures_and_changes_are_those_of_the_arrays(visit, folders, scheme):
    table = table_of(folders)
    row = table[(table["source"] == 3) & (table["target"] == 5) & (table["distance"] == 4)].iloc[0]
    group = zarr.open_group(str(folders["digits"] / "images.zarr"), mode="r")
    original = group["originals"][row["image"], 0].astype(int)
    morph = group["morphs"][row["image"], row["slot"], 2, 0].astype(int)
    fragment = f"#from=3&to=5&image={row['image']}&d=4"
    for number, expected in ((1, original), (2, morph)):
        found = shown(visit(fragment=fragment, scheme=scheme), f".figures figure:nth-child({number}) canvas")
        assert np.abs(found - expected[..., None]).max() <= 1
    found = shown(visit(fragment=fragment, scheme=scheme), ".figures figure:nth-child(3) canvas")
    rest = np.array({"light": [246, 246, 244], "dark": [24, 27, 33]}[scheme])
    change = morph - original
    strength = np.minimum(1, np.abs(change)[..., None] / 255 * 1.25)
    full = np.where(change[..., None] > 0, [214, 48, 40], [38, 98, 217])
    assert np.abs(found - (rest + strength * (full - rest))).max() <= 4  # blended in bytes


def test_an_address_shows_the_same_again_and_a_broken_one_the_matrix(visit, folders):
    row = table_of(folders).iloc[0]
    page = visit(fragment=f"#from={row['source']}&to={row['target']}&image={row['image']}&d=4.0&sort=first")
    title(page, f"Image {row['image']}")
    assert "L2 4" in page.locator("[aria-current=true]").inner_text()
    page = visit(fragment="#from=x&to=5&d=77&sort=no&by=constructor&image=%%")
    assert page.locator(".matrix").is_visible() and page.locator("#error").is_hidden()
    page.fill("#number", str(row["image"]))
    page.press("#number", "Enter")
    title(page, f"Image {row['image']}")


def test_errors_are_shown(visit, folders):
    page = visit(fragment=views(folders, "digits")["pair"])
    first = page.locator(".tiles li a").first
    assert "FloatingPointError" in first.inner_text()
    first.click()
    page.wait_for_selector(".stage .failure")
    assert "the gradient is not finite" in page.locator(".stage").inner_text()


def test_many_classes_are_a_list_that_one_can_search(visit, folders):
    page, table = visit("photos"), table_of(folders, "photos")
    assert page.locator(".matrix").count() == 0
    pairs = len(table[["source", "target"]].drop_duplicates())
    assert page.locator(".found").inner_text() == f"{pairs} pairs"
    source = table["source"].iloc[0]
    page.fill("#find", f"number {source},")
    page.wait_for_function(
        "n => Number.parseInt(document.querySelector('.found').textContent) < n", arg=pairs
    )
    assert page.evaluate("document.activeElement.id") == "find"
    page.locator(".pairs a").first.click()
    page.wait_for_selector(".tiles canvas")


def test_only_what_is_near_the_screen_exists(visit):
    page = visit(fragment="#from=3&to=5", width=390)
    total = page.evaluate("Number(document.querySelector('.tiles li').ariaSetSize)")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    assert page.locator(".tiles li").count() < total
    assert page.evaluate("document.activeElement.getBoundingClientRect().bottom <= innerHeight")
