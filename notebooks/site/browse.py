"""The atlas of digits on the site: all of them where `make atlas` has made it, else a first look.

text    the page that leads to it
write   the pages of the atlas
"""

from pathlib import Path

import steerlens as sl
from steerlens.atlas import site
from steerlens.atlas.__main__ import digits_atlas, folder_of
from steerlens.atlas.store import read_json
from steerlens.data import ImageData

BUILD = Path("build")
FEW = 200  # digits of a first look


def made(data: ImageData) -> Path | None:
    """The folder of the whole atlas of these digits, if it is complete."""
    folder = folder_of(BUILD / "atlas", data)
    record, pieces = read_json(folder / "record.json"), len(list((folder / "pieces").glob("*.json")))
    return folder if record and (record["count"], record["pieces"]) == (len(data), pieces) else None


def write(target: Path) -> None:
    """Write the pages into a built site, in ``atlas/``."""
    data = sl.data.digits()
    folder = made(data)
    if folder is None:
        root = BUILD / "first-look"
        digits_atlas(root, data, limit=FEW, progress=False)
        folder = folder_of(root, data)
    site(folder, target / "atlas", progress=False)


def text() -> str:
    """The page that leads there, as Markdown."""
    data = sl.data.digits()
    count = len(data) if made(data) else min(FEW, len(data))
    return (
        f"# The atlas\n\n{count:,} digits ({data.source}), each on its way to the nine other classes, at "
        "three distances: 27 morphs a digit. Choose a pair of classes, sort its images, and look at one with "
        "all its morphs and what two judges say of them. Lesson 13 makes such an atlas, and asks what it is "
        "good for.\n\n"
        '```{raw} html\n<a class="button" href="atlas/index.html">Open the atlas</a>\n```\n'
    )
