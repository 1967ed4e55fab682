"""The page on which one walks through all rows and columns of frozen systems, without a kernel.

systems   what is shown: two classifiers of digits, and a network that enlarges a piece of a photograph
packed    an array in half or single precision, as a script carries it
text      the page, as Markdown
write     its scripts, and the arrays beside them

The page computes F x + r from the arrays and compares it with the network's own output, which comes, too.
"""

import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import play
from steerlens_lessons.l10_linear import networks
from torch import Tensor, nn

import steerlens as sl
from steerlens.linear import LinearInterpreter

SOURCES = Path(__file__).with_name("scope")
PHOTO, TOP, LEFT, SIDE = 3, 2, 9, 16  # a dog's head among the photographs that are kept for tests, in pixels
DIGIT = "3"
JUDGES = {"lenet": "A classifier of digits", "robust_lenet": "The same, trained against attacks"}


def packed(values: Tensor, kind: str = "f2") -> dict[str, Any]:
    """An array over its largest value: "f2" in half precision (to 2^-11 of each value), "f4" in single."""
    scale = values.abs().max().item() or 1.0
    numbers = (values.detach() / scale).numpy().astype(f"<{kind}")
    return {"shape": list(values.shape), "scale": scale, "base64": b64encode(numbers.tobytes()).decode()}


def system(view: LinearInterpreter, title: str, words: str, classes: tuple[str, ...] = ()) -> dict[str, Any]:
    """A frozen system of a grey image for the page: F in half precision, x, r and y in single.

    Args:
        view: of a network from a grey image to a grey image, or to scores of ``classes``.
        title, words: what stands above it.
        classes: names of the scores.
    """
    parts = {"x": view.x0[0, 0], "r": view.residual[0], "y": view.output[0]}
    images = {
        name: part if part.ndim == 2 else part.reshape(-1, part.shape[-1]) for name, part in parts.items()
    }
    if classes:  # one above another
        images |= {name: images[name].mT for name in "ry"}
    single = {name: packed(image, "f4") for name, image in images.items()}
    return {"title": title, "words": words, "classes": classes, "F": packed(view.matrix()), **single}


def classifiers() -> Iterator[dict[str, Any]]:
    """Two networks of one shape on one digit that both get right."""
    digits = sl.data.digits()
    for name, title in JUDGES.items():
        model = sl.models.load(name, digits)
        row = sl.evaluation.first_correct(model, digits, 1, DIGIT)
        words = (
            "Its input has 784 pixels, its output ten scores. So a row of F is an image, and a column "
            f"is ten numbers. ({name}, a {DIGIT} of {digits.source})"
        )
        yield system(LinearInterpreter(model, digits.images[row]), title, words, digits.classes)


def enlarged(model: nn.Module | None = None) -> dict[str, Any]:
    """The super-resolution network of lesson 10 on a piece of a photograph that it was not trained on."""
    photos = sl.data.photos(96)
    low, _ = networks.low_and_high(photos.images[networks.held_out(len(photos))])
    piece = low[min(PHOTO, len(low) - 1)][None, :, TOP : TOP + SIDE, LEFT : LEFT + SIDE]
    words = (
        f"It makes an image of {SIDE} x {SIDE} pixels three times as large. Rows and columns are both "
        "images. Compare the border of the nose with the fur."
    )
    view = LinearInterpreter(model or networks.load("super_resolution"), piece)
    return system(view, "A network that enlarges images", words)


def systems() -> list[dict[str, Any]]:
    """All that the page shows."""
    return [enlarged(), *classifiers()]


def text() -> str:
    """The page, as Markdown."""
    style = '<link rel="stylesheet" href="scope/scope.css">'
    scripts = "\n".join(f'<script src="scope/{name}.js"></script>' for name in ("arrays", "scope"))
    return (
        "# Rows and columns\n\nFreeze what a network decided for one image, and the network is a matrix and "
        "a vector, y = F x + r (lesson 10). Here are whole matrices, nothing left out. A **row** of F is "
        "what one output reads. A **column** is what one pixel of the input reaches. Move over an output or "
        "an input, with the mouse, a finger, or the arrow keys.\n\n"
        f'```{{raw}} html\n{style}\n<div id="scope"><noscript>This page needs JavaScript.</noscript></div>\n'
        f"{scripts}\n```\n\n"
        "*Red is positive, blue negative. In rows, columns and matrices the colour follows the square root, "
        "so weak values look stronger than they are. F is stored in half precision; below each system stands "
        "how far F x + r, computed in this page, is from what the network said.*\n"
    )


def write(site: Path) -> None:
    """Write the page's scripts, and the arrays that they read, into a site."""
    folder = site / "scope"
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    (folder / "arrays.js").write_text(play.assigned("systems", systems()), encoding="utf-8")
