"""What the explorer writes: a film strip, an animation, and the code that makes the view again."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from ..plot.morphs import filmstrip
from ..plot.widgets import figure_png
from .pictures import HEIGHT
from .views import View, film

KINDS = {"strip": ".png", "animation": ".gif", "code": ".py"}
TYPES = {".png": "image/png", ".gif": "image/gif", ".py": "text/x-python"}


def strip(views: Sequence[View], classes: Sequence[str]) -> Figure:
    """The film strip of one view, with the change under each frame; or of two at equal distances."""
    figure = filmstrip(film(views), classes=classes, difference=len(views) == 1)
    if views[0].by_distance:
        for axis in figure.axes:
            if title := axis.get_title():
                axis.set_title(f"L2 {title.removeprefix('k = ')[:4]}", fontsize=8, pad=3)
    return figure


def written(kind: str, folder: Path, views: Sequence[View], classes: Sequence[str], text: str) -> Path:
    """Write one kind of `KINDS` into the folder, under a name that is still free, and return its path.

    Args:
        kind: "strip", "animation" or "code".
        folder: where; it is made if need be.
        views: what is shown: one, or two that are compared.
        classes: names of the classes.
        text: the code.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = [classes[views[0].source], "to", *dict.fromkeys(classes[view.target] for view in views)]
    stem = "-".join(["steerlens", *("".join(c for c in w if c.isalnum())[:20].lower() for w in words)])
    path = _free(folder, stem, KINDS[kind])
    if kind == "strip":
        path.write_bytes(figure_png(strip(views, classes), dpi=150))
    elif kind == "animation":
        film(views).save_gif(path, scale=-(-HEIGHT // views[0].frames.shape[-2]))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def _free(folder: Path, stem: str, suffix: str) -> Path:
    """The first of stem, stem-2, stem-3 and so on that is no file yet."""
    path, number = folder / f"{stem}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path


def download_link(path: Path) -> str:
    """A link (HTML) with the file in it, for a browser that does not see the kernel's folder."""
    content = b64encode(path.read_bytes()).decode()
    name = escape(path.name)
    return (
        f"Written: <code>{escape(str(path))}</code>. "
        f'<a download="{name}" href="data:{TYPES[path.suffix]};base64,{content}">Download {name}</a>'
    )
