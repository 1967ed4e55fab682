"""What is mended in the pages that Sphinx wrote: faults that a screen reader, a keyboard or the dark meets.

site    all pages of a built site
"""

from collections.abc import Callable
from pathlib import Path

import dark
from bs4 import BeautifulSoup

Mend = Callable[[BeautifulSoup], None]
SCROLLING = "div.highlight pre, .pst-scrollable-table-container, .cell_output .output, .math-box"


def scrollable(page: BeautifulSoup) -> None:
    """Boxes that scroll sideways are reached by the Tab key."""
    for box in page.select(SCROLLING):
        box["tabindex"] = "0"


def headers(page: BeautifulSoup) -> None:
    """The empty corner of a table is no header of anything, and a formula at its head has a name."""
    for head in page.select("th"):
        if not head.get_text(strip=True):
            head.name = "td"
        elif head.select(".math"):
            name = page.new_tag("span", attrs={"class": "unseen"})
            name.string = head.get_text(" ", strip=True).strip("\\()")
            head.append(name)


def side_bar(page: BeautifulSoup) -> None:
    """The side bar is a landmark, and its triangles have a name."""
    for bar in page.select("div.bd-sidebar-primary"):
        bar["role"], bar["aria-label"] = "navigation", "Side bar"
    for triangle in page.select("summary"):
        if not triangle.get_text(strip=True):
            triangle["aria-label"] = "Pages below"


MENDS: tuple[Mend, ...] = (scrollable, headers, side_bar)


def site(folder: Path) -> None:
    """Mend every page of a site, in place."""
    for path in sorted(folder.rglob("*.html")):
        if path.is_relative_to(folder / "_static"):  # the theme's own
            continue
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for mend in MENDS:
            mend(page)
        dark.dress(page, path.parent)
        path.write_text(str(page), encoding="utf-8")
