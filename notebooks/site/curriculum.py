"""The lessons as a course: its parts, its short way, how long each lesson takes, and a picture for each.

PARTS, SHORT     which lessons belong together, and which make a short course
PICTURES         the picture that stands for a lesson: the cell that draws it, what of it is shown, in words
minutes          how long a lesson takes to read
thumbnail        the picture as a file beside the lesson
"""

import re
from base64 import b64decode
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from nbformat import NotebookNode
from PIL import Image
from series import EXPLORER, Lesson, read

PARTS = {  # the numbers of their lessons
    "Start": ("00",),
    "Foundations": ("01", "02"),
    "Experiments": ("03", "04", "05", "06", "07"),
    "Evidence": ("08",),
    "Relatives": ("09", "10"),
    "Your own": ("11", "12", "13"),
    "Inside a network": ("14", "15", "16"),
}
SHORT = ("00", "02", "03", "06", "08")
WORDS_A_MINUTE = 200
MINUTES_A_CELL = 0.3  # of code, with its output
WIDTH = 640  # pixels of a thumbnail


@dataclass(frozen=True)
class Picture:
    """A part of a picture of a lesson: its left, top, right and lower edge as shares of the whole."""

    cell: str
    box: tuple[float, float, float, float]
    words: str


PICTURES = {
    "00_quickstart": Picture(
        "cell-24", (0.09, 0.03, 0.75, 0.46), "Digits on their way: 3 to 8, 4 to 9, 5 to 6"
    ),
    "01_wirtinger_calculus": Picture(
        "w-picture", (0, 0, 1, 1), "A step uphill in the complex plane, split into amplitude and phase"
    ),
    "02_steerable_pyramid": Picture(
        "explorer", (0, 0, 0.66, 0.82), "Bands of a photograph: amplitudes, and phases as waves"
    ),
    "03_arcade": Picture(
        "cell-43", (0.08, 0.03, 0.66, 0.5), "A white disk, moved by a classifier's gradient"
    ),
    "04_mnist": Picture(
        "cell-04", (0.06, 0.06, 0.74, 0.43), "A table of digits, each turned into every other"
    ),
    "05_color_mnist": Picture(
        "cell-35", (0.12, 0.03, 0.72, 0.52), "Magenta, yellow and cyan digits that change"
    ),
    "06_fer2013": Picture(
        "cell-46", (0.08, 0.05, 0.62, 0.92), "Drawn faces: a frown becomes a smile, and back"
    ),
    "07_fourier_and_pixel_baselines": Picture(
        "f55fad0b",
        (0.1, 0.16, 0.78, 0.53),
        "What pixels, Fourier phases and pyramid phases change in a digit",
    ),
    "08_confidence_is_not_evidence": Picture(
        "cell-04", (0.04, 0.02, 0.53, 1), "Digits of which one network is sure, and two others are not"
    ),
    "09_maco": Picture("cell-33", (0.33, 0.1, 0.95, 0.98), "What a network draws of a great white shark"),
    "10_linear_interpreters": Picture(
        "cell-67", (0, 0.1, 0.66, 1), "A photograph, and a network's painting of it"
    ),
    "11_your_own_model": Picture("cell-v6", (0.41, 0.02, 0.98, 0.33), "A cat in a photograph becomes a lynx"),
    "12_other_questions": Picture("question-52", (0.1, 0.04, 0.72, 0.4), "Digits, edited in three ways"),
    "13_atlas": Picture("atlas-labels", (0.08, 0.0, 0.8, 0.68), "Digits whose labels are in doubt"),
    "14_channels_and_classes": Picture(
        "inside-08", (0.05, 0.03, 1, 0.36), "Eyes, drawn by two channels, beside eyes in photographs"
    ),
    "15_tokens": Picture("tokens-18", (0.05, 0.08, 1, 0.99), "Digits that three networks have drawn"),
    "16_concepts": Picture("craft-32", (0.12, 0, 0.92, 0.42), "Smiling faces; their mouths are marked"),
    "explore": Picture("explore", (0, 0, 1, 1), "The explorer: a disk on its way, and what has changed"),
}


def number(this: Lesson) -> str:
    """The two digits that a lesson's name begins with; empty for the explorer."""
    return "" if this.path.name == EXPLORER else this.path.name[:2]


def minutes(notebook: NotebookNode) -> int:
    """Minutes to read a lesson, of its words and its cells of code, in steps of five."""
    words = sum(
        len(re.findall(r"[^\W\d_]{2,}", c.source)) for c in notebook.cells if c.cell_type == "markdown"
    )
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    return max(5, 5 * round((words / WORDS_A_MINUTE + MINUTES_A_CELL * cells) / 5))


def png(notebook: NotebookNode, cell: str = "") -> bytes | None:
    """The first PNG of a cell, or of the whole notebook."""
    chosen = [each for each in notebook.cells if not cell or each.get("id") == cell]
    outputs = (output for each in chosen for output in each.get("outputs", []))
    pictures = (output.data["image/png"] for output in outputs if "image/png" in output.get("data", {}))
    return next(map(b64decode, pictures), None)


def thumbnail(this: Lesson) -> tuple[Path, str] | None:
    """Write a lesson's picture beside it; its path and its words.

    A lesson that stopped before its picture is shown by its first one, and one without pictures by none.
    """
    notebook, chosen = read(this.path), PICTURES.get(this.path.stem)
    data = png(notebook, chosen.cell) if chosen else None
    box, words = (
        (chosen.box, chosen.words) if chosen and data else ((0, 0, 1, 1), f"A picture of {this.title}")
    )
    if not (data := data or png(notebook)):
        return None
    with Image.open(BytesIO(data)) as whole:
        sides = (*whole.size, *whole.size)
        part = whole.crop([round(share * side) for share, side in zip(box, sides, strict=True)])
        part.thumbnail((WIDTH, WIDTH))
        path = this.path.with_suffix(".png")
        part.save(path, optimize=True)
    return path, words
