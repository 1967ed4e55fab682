"""The page of what networks draw: classes, channels and neurons, to browse, each with what excites it.

groups   what is shown: the committed tables and sheets of lesson 14
text     the page, as Markdown
write    its script, the sheets, and, where the data are at hand, the images that are nearest

Photographs, digits and faces are not committed: without them the page names photographs and shows none.
"""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import play
from steerlens_lessons.common.activations import activations
from steerlens_lessons.common.sheets import Sheet
from steerlens_lessons.l14_channels import classes, own, units
from torch import Tensor, nn
from torchvision.transforms.functional import to_pil_image
from torchvision.utils import make_grid

import steerlens as sl
from steerlens.data import ImageData
from steerlens.data.photographs import IMAGENET_CLASSES

SOURCES = Path(__file__).with_name("drawn")
THUMB = 96  # pixels of a photograph on the page
ACROSS = 10  # images in a row of a sheet of data
Entry = dict[str, Any]


def entries(sheet: Sheet, made: Callable[..., Entry], first: Iterable[Any] = ()) -> list[Entry]:
    """An entry for each picture of a sheet whose keys begin with ``first``, with its place on the sheet."""
    rows, _ = sheet.read()
    begin = tuple(first)
    found = []
    for tile, (key, row) in enumerate(rows.iterrows()):
        key = key if isinstance(key, tuple) else (key,)
        if key[: len(begin)] == begin:
            found.append({"tile": tile, **made(*key[len(begin) :], row)})
    return found


def group(title: str, words: str, sheet: Sheet, sorts: dict[str, str], found: list[Entry]) -> Entry:
    """One of the page's parts."""
    size = {"tile": sheet.tile, "across": sheet.across, "count": len(sheet.read()[0])}
    return {"title": title, "words": words, "sheet": sheet.name, **size, "sorts": sorts, "entries": found}


def imagenet() -> Entry:
    """The classes of ImageNet."""

    def made(label: int, row: pd.Series) -> Entry:
        near = [{"photo": int(row[f"near_{k}"]), "value": row[f"cosine_{k}"]} for k in range(classes.NEAREST)]
        facts = [
            ["logit", f"{row['logit']:.0f}"],
            ["rank among 1000", f"{row['rank']:.0f}"],
            ["probability", f"{row['probability']:.2f}"],
            ["spectrum, from photographs", f"{row['decibels']:.1f} dB"],
        ]
        if row["place_of_own"] > 0:  # not a number where the class has no photograph
            facts.append(["its own photograph is", f"number {row['place_of_own']:.0f} of 100"])
        keys = {"number": label, "logit": -row["logit"], "rank": row["rank"], "cosine": -row["cosine_0"]}
        return {"id": label, "name": IMAGENET_CLASSES[label], "facts": facts, "near": near, "keys": keys}

    found = entries(classes.DRAWN, made)
    words = (
        f"{len(found)} of ImageNet's 1000 classes, each drawn from random phases for SqueezeNet 1.0. The "
        "nearest photographs are those whose features point the same way (cosine, less the mean of all)."
    )
    sorts = {
        "number": "number",
        "logit": "highest logit",
        "rank": "best rank",
        "cosine": "nearest photograph",
    }
    return group("Classes of ImageNet", words, classes.DRAWN, sorts, found)


def inside(layer: str, kind: str, frames: dict[int, list[Entry]]) -> Entry:
    """Channels, or neurons, of a layer, with the frames of photographs that excite each channel most."""

    def made(channel: int, row: pd.Series) -> Entry:
        facts = [
            ["activation", f"{row['activation']:.0f}"],
            ["most in 100 photographs", f"{row['most']:.0f}"],
            ["above their mean", f"{row['deviations']:.1f} deviations"],
            ["place among its layer's channels", f"{row['place']:.0f}"],
        ]
        keys = {"number": channel, "deviations": -row["deviations"], "place": row["place"]}
        name, near = f"{kind} {channel}", frames.get(channel, [])
        return {"id": channel, "name": name, "facts": facts, "near": near, "keys": keys}

    found, block = entries(units.DRAWN, made, (layer, kind)), layer.split(".")[2]
    what = "its mean over all places" if kind == "channel" else "its value in the middle of the image"
    words = (
        f"{len(found)} {kind}s of block {block} of SqueezeNet 1.0 (expand3x3, before the ReLU). MACO "
        f"raises {what}. Beside each stand the photographs that excite it most at a single place; the frame "
        f"is the {units.SEEN[layer][2]} pixels that this place sees."
    )
    sorts = {"number": "number", "deviations": "most above photographs", "place": "best place"}
    return group(f"{kind.capitalize()}s of block {block}", words, units.DRAWN, sorts, found)


def frames(model: nn.Module | None, data: ImageData, layer: str) -> dict[int, list[Entry]]:
    """By channel, the photographs that excite it most, and the frames in percent; where at hand."""
    if model is None or len(data) != 100:
        return {}
    best = units.exciting(activations(units.until(model, layer), layer, data.images), 4)

    def one(channel: int, k: int) -> Entry:
        square = units.frame(layer, best.rows[channel, k].item(), best.columns[channel, k].item())
        label = data.labels[best.photographs[channel, k]].item()
        box = [100 * value / units.PHOTOGRAPHS for value in square]
        return {"photo": label, "value": best.values[channel, k].item(), "box": box}

    return {channel: [one(channel, k) for k in range(4)] for channel in range(len(best.values))}


def ours(source: str, network: str) -> Entry:
    """The classes of one of our own networks."""
    load, count, _ = own.SOURCES[source]
    names = load().classes

    def made(label: int, row: pd.Series) -> Entry:
        near = [{"own": int(row[f"near_{k}"]), "value": row[f"correlation_{k}"]} for k in range(own.NEAREST)]
        facts = [
            ["logit", f"{row['logit']:.1f}"],
            ["probability", f"{row['probability']:.2f}"],
            ["other networks that see it", f"{row['agree']:.0f} of {row['judges']:.0f}"],
        ]
        keys = {"number": label, "logit": -row["logit"], "agree": -row["agree"]}
        return {"id": label, "name": names[label], "facts": facts, "near": near, "keys": keys}

    found = entries(own.DRAWN, made, (source, network))
    words = (
        f"The classes of the network {network} ({source}). Nearest are the images whose pixels correlate "
        f"most with the picture, among {count} test images."
    )
    sorts = {"number": "number", "logit": "highest logit", "agree": "most other networks"}
    return {**group(f"{source}: {network}", words, own.DRAWN, sorts, found), "data": source}


def groups() -> list[Entry]:
    """All parts of the page."""
    found = [imagenet()]
    model, data = sl.imagenet.pretrained(units.NETWORK), sl.data.photos(units.PHOTOGRAPHS)
    for layer in units.LAYERS:
        exciting = frames(model, data, layer)
        found += [inside(layer, kind, exciting) for kind in units.KINDS]
    return found + [ours(source, name) for source, names in own.NETWORKS.items() for name in names]


def sheets_of_data(folder: Path, found: list[Entry]) -> dict[str, Entry]:
    """Write the images that entries name, a sheet for each kind of data at hand; where each is there."""
    photographs = sl.data.photos(THUMB)
    written = {}
    if len(photographs) == 100:
        labels = photographs.labels.tolist()
        written["photo"] = _sheet(folder / "photographs.jpg", photographs.images, labels)
    for source, (load, _, _) in own.SOURCES.items():
        data = load()
        if data.source == source:
            near = [
                one["own"]
                for each in found
                if each.get("data") == source
                for e in each["entries"]
                for one in e["near"]
            ]
            used = sorted(set(near))
            written[source] = _sheet(folder / f"{sl.data.records.slug(source)}.jpg", data.images[used], used)
    return written


def _sheet(path: Path, images: Tensor, labels: list[int]) -> Entry:
    to_pil_image(make_grid(images, nrow=ACROSS, padding=0)).save(path, quality=85)
    return {
        "sheet": path.name,
        "across": ACROSS,
        "count": len(labels),
        "tiles": {label: n for n, label in enumerate(labels)},
    }


def text() -> str:
    """The page, as Markdown."""
    scripts = "\n".join(f'<script src="drawn/{name}.js"></script>' for name in ("pictures", "drawn"))
    sheet = f"drawn/{classes.DRAWN.name}.jpg"
    return (
        "# What networks look for\n\nEach picture began as random phases under the magnitudes of "
        "photographs, and MACO (lesson 09) turned these phases until one class, channel or neuron responded "
        "strongly. Nothing here was copied from a photograph. Lesson 14 measures what such pictures show, "
        "and what they do not.\n\n"
        '```{raw} html\n<link rel="stylesheet" href="drawn/drawn.css">\n<div id="drawn"><noscript>'
        f'<img src="{sheet}" alt="Classes of ImageNet, drawn by MACO">'
        f"This page needs JavaScript to search.</noscript></div>\n{scripts}\n```\n"
    )


def write(site: Path) -> None:
    """Write the page's script, sheets and tables into a site."""
    folder = site / "drawn"
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    for sheet in (classes.DRAWN, units.DRAWN, own.DRAWN):
        shutil.copy(sheet.path.with_suffix(".jpg"), folder)
    found = groups()
    content = {"groups": found, "data": sheets_of_data(folder, found), "names": IMAGENET_CLASSES}
    (folder / "pictures.js").write_text(play.assigned("drawn", content), encoding="utf-8")
