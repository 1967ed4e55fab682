"""Checks every link inside a built site: pages, files, and the places in pages that `#` names.

    python notebooks/site/links.py SITE

A link that leads nowhere is named with the page that has it, and the exit status is then 1.
"""

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from execution import report

POINTERS = {"a": "href", "link": "href", "img": "src", "script": "src", "iframe": "src", "source": "src"}
IN_STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)")


class Page(HTMLParser):
    """What a page points to, and the places in it that others may point to."""

    def __init__(self, path: Path):
        super().__init__()
        self.addresses: dict[str, None] = {}  # each once, in order
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Keep what a tag points to, and what it is called."""
        for name, value in attributes:
            if value and name == POINTERS.get(tag):
                self.addresses[value] = None
            elif value and name == "style":
                self.addresses |= dict.fromkeys(IN_STYLES.findall(value))
            elif value and name in ("id", "name"):
                self.places.add(value)


@cache
def page(path: Path) -> Page:
    """A page, read once."""
    return Page(path)


def wrong(path: Path, address: str, root: Path) -> str:
    """What is wrong with an address on a page; empty if nothing is, or if it leads out of the site."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_relative_to(root):
        return "leads out of the site"
    if not target.is_file():
        return "there is no such file"
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in page(target).places:
        return "the page has no such place"
    return ""


def broken(site: Path) -> list[str]:
    """Each link of a site that leads nowhere, in a line."""
    root = site.resolve()
    found = []
    for path in sorted(root.rglob("*.html")):
        if path.is_relative_to(root / "_static"):  # the theme's own
            continue
        for address in page(path).addresses:
            if said := wrong(path, address, root):
                found.append(f"{path.relative_to(root)}: {address}: {said}")
    return found


if __name__ == "__main__":
    report(broken(Path(sys.argv[1])))
