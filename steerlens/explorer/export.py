"""What the explorer writes: a film strip, an animation, and the code that makes the view again."""

import mimetypes
import textwrap
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from itertools import count
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from .._internal.checks import check_shown
from ..morphs.morph import Morph, enlarged
from ..plot.figures import WIDTH, grid, signed
from ..plot.widgets import screen_scale
from .galleries import Gallery
from .settings import Domain, Settings, arguments, in_words, make_transform
from .views import SMALLEST_SCALE

COLUMNS = 9  # frames of a strip
KINDS = {"strip": ".png", "animation": ".gif", "code": ".py"}


def strip(views: Morph, gallery: Gallery, settings: Sequence[Settings]) -> Figure:
    """The film strip of one view, with the change under each frame; or of several at equal distances.

    It says what is asked for and by which method, and distance and probability of each frame.
    """
    columns = torch.linspace(0, len(views.steps) - 1, COLUMNS, device="cpu").round().long().unique().tolist()
    lines: list[tuple[str, list]] = []
    for row, name in enumerate(_names(views, gallery, settings)):
        shown = check_shown(views.frames[row, columns], gallery.show)
        found = zip(views.target_probabilities[row, columns], views.distances[row, columns], strict=True)
        notes = [f"p {p:.2f}\nL2 {distance:.2f}" for p, distance in found]
        lines.append((textwrap.fill(name, 18), list(zip(shown, notes, strict=True))))
    if len(views) > 1:
        return grid(lines, cell=WIDTH)
    change = views.frames[0, columns] - views.frames[0, 0]
    largest = max(change.mean(1).abs().max().item(), SMALLEST_SCALE)
    lines.append((f"change\n±{largest:.2f}", [signed(each, largest) for each in change]))
    return grid(lines, [f"k = {views.steps[column]:g}" for column in columns], cell=WIDTH)


def captioned(views: Morph, gallery: Gallery, settings: Sequence[Settings]) -> Morph:
    """The frames as they are on the screen, with what `strip` says below each."""
    font, scale = ImageFont.truetype(findfont("DejaVu Sans"), 12), screen_scale(views.frames)
    width = max(1, scale * views.frames.shape[-1] // 7)  # letters
    names = [textwrap.wrap(name, width) for name in _names(views, gallery, settings)]
    room, rows = 16 * (1 + max(map(len, names))) + 6, []
    for row, name in enumerate(names):
        shown = check_shown(views.frames[row], gallery.show)
        found = zip(shown, views.target_probabilities[row], views.distances[row], strict=True)
        rows += [
            _with_text(
                enlarged(image, scale), "\n".join([*name, f"p {p:.2f}, L2 {distance:.2f}"]), font, room
            )
            for image, p, distance in found
        ]
    frames = torch.from_numpy(np.stack(rows)).movedim(-1, 1) / 255
    return replace(views, frames=frames.unflatten(0, (len(views), -1)))


def _with_text(pixels: np.ndarray, text: str, font: ImageFont.FreeTypeFont, room: int) -> np.ndarray:
    """Pixels of a picture with text in a white room below it."""
    picture = Image.fromarray(pixels)
    sheet = Image.new("RGB", (picture.width, picture.height + room), "white")
    sheet.paste(picture)
    ImageDraw.Draw(sheet).multiline_text((2, picture.height + 2), text, "black", font, spacing=2)
    return np.array(sheet)


def _names(views: Morph, gallery: Gallery, settings: Sequence[Settings]) -> list[str]:
    """For each view its letter, what becomes what, and by which method."""
    asked = " → ".join(gallery.classes[int(index[0])] for index in (views.sources, views.targets))
    marks = [f"{mark}: " for mark in "ABCD"] if len(views) > 1 else [""]
    return [f"{mark}{asked}, {in_words(each)}" for mark, each in zip(marks, settings, strict=False)]


def written(
    kind: str, folder: Path, views: Morph, gallery: Gallery, settings: Sequence[Settings], text: str
) -> Path:
    """Write one of `KINDS` (``text`` is the code) under a free name; the folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    words = (gallery.classes[int(views.sources[0])], "to", gallery.classes[int(views.targets[0])])
    stem = "-".join(["steerlens", *("".join(c for c in w if c.isalnum())[:20].lower() for w in words)])
    paths = (folder / f"{stem}{'' if n == 1 else f'-{n}'}{KINDS[kind]}" for n in count(1))
    path = next(path for path in paths if not path.exists())
    if kind == "strip":
        strip(views, gallery, settings).savefig(path, dpi=150)
    elif kind == "animation":
        captioned(views, gallery, settings).save_gif(path, scale=1)
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
    """Python code that ends with the image on the screen, or with those of a comparison.

    Args:
        gallery, row: which image.
        settings: one morph, or several that are compared.
        position: k of the frame, or the L2 distance of a comparison.
    """
    place, compared = gallery.places[row], len(settings) > 1
    lines = ["import steerlens as sl"]
    lines += ["from steerlens.explorer import opened"] if place.startswith("opened(") else []
    lines += ["", gallery.setup, f"image = {place}"]
    for mark, each in zip(("_a", "_b", "_c", "_d") if compared else ("",), settings, strict=False):
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
