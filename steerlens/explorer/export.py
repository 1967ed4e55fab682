"""What the explorer writes: a film strip, an animation, and the code that makes the view again."""

import mimetypes
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from itertools import count
from pathlib import Path

from matplotlib.figure import Figure

from ..morphs.morph import Morph
from ..plot.morphs import filmstrip
from ..plot.widgets import screen_scale
from .galleries import Gallery
from .settings import Domain, Settings, arguments, make_transform

KINDS = {"strip": ".png", "animation": ".gif", "code": ".py"}


def strip(views: Morph, gallery: Gallery) -> Figure:
    """The film strip of one view, with the change under each frame; or of two at equal distances."""
    single = len(views) == 1
    figure = filmstrip(views, classes=gallery.classes, difference=single, show=gallery.show)
    if not single:
        for axis in figure.axes:
            if title := axis.get_title():
                axis.set_title(f"L2 {title.removeprefix('k = ')[:4]}", fontsize=8, pad=3)
    return figure


def written(kind: str, folder: Path, views: Morph, gallery: Gallery, text: str) -> Path:
    """Write one of `KINDS` (``text`` is the code) under a free name; the folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    words = (gallery.classes[int(views.sources[0])], "to", gallery.classes[int(views.targets[0])])
    stem = "-".join(["steerlens", *("".join(c for c in w if c.isalnum())[:20].lower() for w in words)])
    paths = (folder / f"{stem}{'' if n == 1 else f'-{n}'}{KINDS[kind]}" for n in count(1))
    path = next(path for path in paths if not path.exists())
    if kind == "strip":
        strip(views, gallery).savefig(path, dpi=150)
    elif kind == "animation":
        views.save_gif(path, scale=screen_scale(views.frames), show=gallery.show)
    else:
        path.write_text(text, encoding="utf-8")
    return path


def download_link(path: Path) -> str:
    """A link (HTML) with the file in it, for a browser that does not see the kernel's folder."""
    content, name = b64encode(path.read_bytes()).decode(), escape(path.name)
    kind, _ = mimetypes.guess_type(path.name)
    return (
        f"Written: <code>{escape(str(path))}</code>. "
        f'<a download="{name}" href="data:{kind};base64,{content}">Download {name}</a>'
    )


def code(gallery: Gallery, row: int, settings: Sequence[Settings], position: float) -> str:
    """Python code that ends with the image on the screen, or with the two of a comparison.

    Args:
        gallery, row: which image.
        settings: one morph, or two that are compared.
        position: k of the frame, or the L2 distance of a comparison.
    """
    place, compared = gallery.places[row], len(settings) == 2
    lines = ["import steerlens as sl"]
    lines += ["from steerlens.explorer import opened"] if place.startswith("opened(") else []
    lines += ["", gallery.setup, f"image = {place}"]
    for mark, each in zip(["_a", "_b"] if compared else [""], settings, strict=True):
        function, given = arguments(each)
        options = ", ".join(f"{key}={value!r}" for key, value in given.items())
        lines += [
            "",
            f"transform{mark} = {transform_code(each, gallery.domain)}",
            f"morph{mark} = sl.{function.__name__}(model, image, {each.target}, transform{mark}, {options})",
        ]
        if position == 0:
            lines.append(f"shown{mark} = image")
        elif compared:
            lines.append(f"shown{mark}, _ = morph{mark}.at_distance({position!r})")
        else:
            lines.append(f"shown = morph.frames[:, {position:g}]  # k = {position:g}")
    return "\n".join(lines) + "\n"


def transform_code(settings: Settings, domain: Domain) -> str:
    """The expression that makes `make_transform`'s transform."""
    inner = f"sl.{make_transform(replace(settings, luminance=False), domain)!r}"
    return f"sl.color.YIQ({inner})" if settings.luminance else inner
