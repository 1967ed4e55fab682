"""A real browser for the tests of widgets, and the servers that it looks at.

Where Chromium or Playwright is missing the tests are skipped, and say so. Screenshots go to build/browser/.
"""

import re

import pytest
import servers

SCREENSHOTS = servers.ROOT / "build" / "browser"


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if servers.CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=servers.CHROMIUM, args=servers.FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    with servers.lab(tmp_path_factory.mktemp("lab")) as open_notebook:
        yield open_notebook


@pytest.fixture(scope="session")
def voila(browser, tmp_path_factory):
    pytest.importorskip("voila", reason="voila is not installed")
    with servers.voila(tmp_path_factory.mktemp("voila")) as open_notebook:
        yield open_notebook


class Console:
    """What a page wrote to its console as errors, and what it could not handle."""

    def __init__(self, page):
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.console = Console(page)
    yield page
    servers.shut_down(page)
    page.close()


@pytest.fixture
def screenshot(request, page):
    """Keeps a picture of the page, named after the test and the moment."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = request.node.name.replace("[", "-").replace("]", "")
    return lambda moment: page.screenshot(path=SCREENSHOTS / f"{name}-{moment}.png")


def written_alone(made, folder):
    """Write a page of the site, by its module, into a folder, without the site around it."""
    made.write(folder)
    body = re.search(r"```{raw} html\n(.*?)\n```", made.text(), re.DOTALL)[1]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Alone</title>'
    page = f'<!doctype html><html lang="en">{head}<body><main><h1>Alone</h1>{body}</main></body></html>'
    (folder / "page.html").write_text(page, encoding="utf-8")
    return folder


@pytest.fixture
def visit(browser, folder):
    """A function that opens the page in a module's ``folder``; errors, and requests to a network, fail."""
    contexts, consoles, asked = [], [], []

    def visit(place="", **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        consoles.append(Console(page))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((folder / "page.html").as_uri() + place)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert [console.errors for console in consoles if console.errors] == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.fixture(scope="session")
def barriers():
    """A function: what axe-core finds on a page that keeps a reader out, as rule and element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")

    def found(page):
        violations = axe.Axe().run(page, options={"preload": False}).response["violations"]
        return [(each["id"], node["html"][:200]) for each in violations for node in each["nodes"]]

    return found
