"""What the explorer writes: a film strip, an animation, and the code that makes the view again."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from itertools import count
from pathlib import Path

from matplotlib.figure import Figure

from ..plot.morphs import filmstrip
from ..plot.widgets import figure_png
from .galleries import Gallery
from .pictures import HEIGHT, View, film
from .settings import Domain, Settings, arguments, transform_parts

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
    """Write one of `KINDS` (``text`` is the code) under a name that is still free, and return its path.

    The folder is made if need be; the name tells the classes of the views, of which there are one or two.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = [classes[views[0].source], "to", *dict.fromkeys(classes[view.target] for view in views)]
    stem = "-".join(["steerlens", *("".join(c for c in w if c.isalnum())[:20].lower() for w in words)])
    paths = (folder / f"{stem}{'' if n == 1 else f'-{n}'}{KINDS[kind]}" for n in count(1))
    path = next(path for path in paths if not path.exists())
    if kind == "strip":
        path.write_bytes(figure_png(strip(views, classes), dpi=150))
    elif kind == "animation":
        film(views).save_gif(path, scale=-(-HEIGHT // views[0].frames.shape[-2]))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def download_link(path: Path) -> str:
    """A link (HTML) with the file in it, for a browser that does not see the kernel's folder."""
    content, name = b64encode(path.read_bytes()).decode(), escape(path.name)
    return (
        f"Written: <code>{escape(str(path))}</code>. "
        f'<a download="{name}" href="data:{TYPES[path.suffix]};base64,{content}">Download {name}</a>'
    )


def code(gallery: Gallery, row: int, settings: Sequence[Settings], position: float) -> str:
    """Python code that ends with the image on the screen, or with the two of a comparison.

    Args:
        gallery, row: which image.
        settings: one morph, or two that are compared.
        position: k of the frame, or the L2 distance of a comparison.
    """
    place = gallery.places[row]
    lines = ["import steerlens as sl"]
    lines += ["from steerlens.explorer import opened"] if place.startswith("opened(") else []
    lines += ["", gallery.setup, f"image = {place}"]
    compared = len(settings) == 2
    for name, each in zip(["_a", "_b"] if compared else [""], settings, strict=True):
        function, given = arguments(each)
        options = ", ".join(f"{key}={value!r}" for key, value in given.items())
        lines += [
            "",
            f"transform{name} = {transform_code(each, gallery.domain)}",
            f"morph{name} = sl.{function}(model, image, {each.target}, transform{name}, {options})",
        ]
        if position == 0:
            lines += [f"shown{name} = image"]
        elif compared:
            lines += [f"shown{name}, _ = morph{name}.at_distance({position!r})"]
        else:
            lines += [f"shown{name} = morph{name}.frames[:, {position:g}]  # k = {position:g}"]
    return "\n".join(lines) + "\n"


def transform_code(settings: Settings, domain: Domain) -> str:
    """The expression that makes `make_transform`'s transform."""
    kind, given = transform_parts(settings, domain)
    inner = f"sl.{kind.__name__}({', '.join(map(repr, given))})"
    return f"sl.color.YIQ({inner})" if settings.luminance else inner
