"""What is mended in the pages that Sphinx wrote: the theme's faults that a screen reader or a keyboard meets.

    site    all pages of a built site
"""

from collections.abc import Callable
from pathlib import Path

from bs4 import BeautifulSoup

Mend = Callable[[BeautifulSoup], None]


def scrollable(page: BeautifulSoup) -> None:
    """Boxes that scroll sideways are reached by the Tab key."""
    for box in page.select("div.highlight pre, .pst-scrollable-table-container, .cell_output .output, .math-box"):
        box["tabindex"] = "0"


MENDS: tuple[Mend, ...] = (scrollable,)


def site(folder: Path) -> None:
    """Mend every page of a site, in place."""
    for path in sorted(folder.rglob("*.html")):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for mend in MENDS:
            mend(page)
        path.write_text(str(page), encoding="utf-8")
