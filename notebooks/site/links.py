"""Checks every link inside a built site: pages, files, and the places in pages that `#` names.

    python notebooks/site/links.py SITE

A link that leads nowhere is named with the page that has it, and the exit status is then 1.
"""

import re
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from execution import report

POINTERS = {"a": "href", "link": "href", "img": "src", "script": "src", "iframe": "src", "source": "src"}
IN_STYLES = re.compile(r"url\(\s*['\"]?([^'\")]+)")


@cache
def page(path: Path) -> BeautifulSoup:
    """A page, read once."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def places(path: Path) -> frozenset[str]:
    """What may stand behind `#` in a link to a page."""
    tags = page(path).find_all(True)
    return frozenset(tag.get(key) for tag in tags for key in ("id", "name") if tag.get(key))


def addresses(path: Path) -> list[str]:
    """All addresses that a page points to."""
    found = [tag.get(POINTERS[tag.name]) for tag in page(path).find_all(list(POINTERS))]
    styles = [tag["style"] for tag in page(path).find_all(style=True)]
    return [each for each in found if each] + [each for style in styles for each in IN_STYLES.findall(style)]


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
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in places(target):
        return "the page has no such place"
    return ""


def broken(site: Path) -> list[str]:
    """Each link of a site that leads nowhere, in a line."""
    root = site.resolve()
    found = []
    for path in sorted(root.rglob("*.html")):
        for address in dict.fromkeys(addresses(path)):
            if said := wrong(path, address, root):
                found.append(f"{path.relative_to(root)}: {address}: {said}")
    return found


if __name__ == "__main__":
    report(broken(Path(sys.argv[1])))
