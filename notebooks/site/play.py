"""The playground of the site: pages in plain JavaScript, and the checkpoints that they compute with.

    python notebooks/site/play.py SITE   write play.html, pyramid.html and play/ into the site

A checkpoint's script holds the very bytes of the committed file, so that its checksum is the record's.
"""

import json
import shutil
import sys
from base64 import b64encode
from pathlib import Path

from torch import Tensor

import steerlens as sl

SOURCES = Path(__file__).with_name("play")
NETWORKS = ("robust_lenet", "lenet", "resnet")
WAVES = ("fft", "pyramid", "strokes", "pictures", "controls", "panels", "pyramid_page")
ENGINE = ("fft", "pyramid", "networks", "morphs", "strokes")
PLAYER = (*ENGINE, "checkpoints", "digits", "pictures", "pad", "film", "controls", "settings", "robust_lenet")
PAGES = {"play.html": (*PLAYER, "panels", "play"), "pyramid.html": WAVES}
COMPACT = (*PLAYER, "embed")
EACH = 2  # real digits of every class to start with


def checkpoint(name: str) -> str:
    """The script that brings a checkpoint of the real digits: its bytes, and what its record says of it.

    Raises ValueError if the file is not what its record says.
    """
    path = sl.data.records.committed("checkpoints") / f"{name}-mnist.safetensors"
    record = sl.data.records.checked(path, "restore it, or train it again (make checkpoints)")
    content = {
        "file": path.name,
        "sha256": record["sha256"],
        "accuracy": record["test_accuracy"],
        "base64": b64encode(path.read_bytes()).decode(),
    }
    return assigned(f"checkpoints.{name}", content)


def assigned(place: str, content: object) -> str:
    """The classic script that gives a place in the page's name space its content."""
    first, *rest = place.split(".")
    lines = ["globalThis.Steerlens = globalThis.Steerlens || {};"]
    if rest:
        lines.append(f"Steerlens.{first} = Steerlens.{first} || {{}};")
    return "\n".join([*lines, f"Steerlens.{place} = {json.dumps(content)};"]) + "\n"


def packed(image: Tensor) -> str:
    """An image (28, 28) of 256 greys as the page's addresses spell it: zeros counted, then base64."""
    values, found = (image.flatten() * 255).round().int().tolist(), bytearray()
    while values:
        run = next((i for i, value in enumerate(values[:255]) if value), min(255, len(values)))
        found += bytes([0, run]) if run else bytes([values[0]])
        values = values[max(1, run) :]
    return b64encode(bytes(found), altchars=b"-_").decode().rstrip("=")


def start_digits() -> list[dict]:
    """Digits of MNIST's test images to start with; none if there is a stand-in: the page draws its own."""
    digits = sl.data.digits()
    if digits.source != "MNIST":
        return []
    model = sl.models.load("robust_lenet", digits)
    found = []
    for turn in range(EACH):
        for label, name in enumerate(digits.classes):
            row = sl.evaluation.first_correct(model, digits, EACH, name)[turn].item()
            source = f"MNIST's test digit {row}"
            found.append({"label": label, "source": source, "pixels": packed(digits.images[row, 0])})
    return found


def script_tags(names: tuple[str, ...]) -> str:
    """The scripts of a page, in their order."""
    return "\n".join(f'<script src="play/{name}.js"></script>' for name in names)


def compact() -> str:
    """The small playground, as HTML for a page beside play/."""
    return (
        '<link rel="stylesheet" href="play/play.css">\n'
        '<div id="playground" data-steerlens-playground></div>\n' + script_tags(COMPACT)
    )


def write(site: Path) -> None:
    """Write the playground's pages into a site."""
    folder = site / "play"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in [*SOURCES.glob("*.js"), *SOURCES.glob("*.css")]:
        shutil.copy(path, folder)
    for name in NETWORKS:
        (folder / f"{name}.js").write_text(checkpoint(name), encoding="utf-8")
    (folder / "digits.js").write_text(assigned("digits", start_digits()), encoding="utf-8")
    for name, scripts in PAGES.items():
        page = (SOURCES / name).read_text(encoding="utf-8")
        (site / name).write_text(page.replace("SCRIPTS", script_tags(scripts)), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
