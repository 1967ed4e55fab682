"""The paper's figures, made again: a strip and an animation a variant, and a page beside the paper's words.

`make figures` writes them to build/figures/: frozen, the paper's own edit, and live. Rows are always the
first test images of their classes that the classifier gets right.
"""

import html
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gallery
from execution import FAILURES, report
from steerlens_lessons.l03_arcade import measures as arcade
from steerlens_lessons.l04_mnist import measures as mnist
from steerlens_lessons.l05_color import cases as color_mnist
from steerlens_lessons.l06_faces import measures as faces
from steerlens_lessons.l07_baselines import measures as baselines

import steerlens as sl
from steerlens.data import ImageData

STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 1400px; margin: 2em auto; padding: 0 1em; }
"""
SHARED = Path(__file__).with_name("site.css")  # which the page on the site has, too
INTRODUCTION = (
    "Made by the functions that the lessons call. Rows are always the first test images of their classes "
    "that the classifier gets right, with all variants that a lesson compares."
)
SIDE = 128  # largest height of an animation, in pixels


@dataclass(frozen=True)
class PaperFigure:
    """A figure of the paper and how it is made here."""

    number: int
    words: str  # the paper's, of what is to be seen
    lesson: str
    model: str
    data: Callable[[], ImageData]
    make: Callable[..., dict[str, sl.Morph]]


FIGURES = [
    PaperFigure(
        2,
        "The morphing shows the object moves smoothly in the intended direction. (...) The disk's distortion "
        "is a feature, not an artifact.",
        "03_arcade",
        "arcade",
        lambda: sl.data.arcade(2000, seed=1),
        arcade.figure_2,
    ),
    PaperFigure(
        3,
        "The intermediate frames highlight class-relevant features like stroke curvature, closures, and "
        "intersections, as learned by the classifier.",
        "04_mnist",
        "lenet",
        sl.data.digits,
        mnist.figure_3,
    ),
    PaperFigure(
        4,
        "Joint color-shape morph in the YIQ representation. Target confidence increases throughout the "
        "transformation, yet color blobs may drift outside digit contours or partially desaturate the shape.",
        "05_color_mnist",
        "color_lenet",
        lambda: sl.data.color_digits(pairs=True),
        color_mnist.figure_4,
    ),
    PaperFigure(
        5,
        "Each row shows a source digit morphing to the target digit of the same hue. All structural changes "
        "occur within a single RGB channel.",
        "05_color_mnist",
        "color_lenet",
        lambda: sl.data.color_digits(pairs=True),
        color_mnist.figure_5,
    ),
    PaperFigure(
        6,
        "Each row depicts a digit initially colored in a two-channel hue (magenta, yellow, or cyan) morphing "
        "to its target via phase extrapolation in each channel independently.",
        "05_color_mnist",
        "color_lenet",
        lambda: sl.data.color_digits(pairs=True),
        color_mnist.figure_6,
    ),
    PaperFigure(
        7,
        "Facial features like mouth shape, eye openness, and smile lines change naturally.",
        "06_fer2013",
        "face",
        sl.data.faces,
        faces.figure_7,
    ),
    PaperFigure(
        8,
        "Examples of Arcade sample transformation using Fourier Transform.",
        "07_fourier_and_pixel_baselines",
        "arcade",
        lambda: sl.data.arcade(2000, seed=1),
        baselines.figure_8,
    ),
    PaperFigure(
        9,
        "Examples of MNIST transformations using Fourier Transform phase extrapolation. Changes tend to be "
        "more global and less localized compared to the steerable pyramid results.",
        "07_fourier_and_pixel_baselines",
        "lenet",
        sl.data.digits,
        baselines.figure_9,
    ),
]


def write(figure: PaperFigure, folder: Path) -> str:
    """Write a figure's pictures and return its section of the page."""
    data = figure.data()
    morphs = figure.make(sl.models.load(figure.model, data), data)
    lines = [
        f"<h2>Figure {figure.number}</h2>",
        f"<blockquote>{html.escape(figure.words)}</blockquote>",
        f"<p>Made from {html.escape(data.source)}; explained in lesson {figure.lesson[:2]}.</p>",
    ]
    for number, (name, morph) in enumerate(morphs.items()):
        stem = f"figure-{figure.number}{'abcdefgh'[number]}"
        sl.filmstrip(morph, classes=data.classes).savefig(folder / f"{stem}.png", dpi=150)
        morph.save_gif(folder / f"{stem}.gif", scale=SIDE // morph.frames.shape[-1])
        words = f"Figure {figure.number}, {name}: {', '.join(pairs(morph, data.classes))}"
        moving = gallery.film(folder / f"{stem}.gif", folder, ".", f"{words}, moving")
        lines += [
            f"<h3>{html.escape(name)}</h3>",
            f'<div class="variant"><div><img src="{stem}.png" alt="{html.escape(words)}"></div>',
            f"<div>{moving}{table(morph, data.classes)}</div></div>",
        ]
        print(f"figure {figure.number}: {name:32} {morph}", flush=True)
    return "\n".join(lines)


def pairs(morph: sl.Morph, classes: tuple[str, ...]) -> list[str]:
    """From which class to which each row goes."""
    return [
        f"{classes[source]} → {classes[target]}"
        for source, target in zip(morph.sources, morph.targets, strict=True)
    ]


def table(morph: sl.Morph, classes: tuple[str, ...]) -> str:
    """The numbers beside a film strip: each row's score at the end, its best one, and its distance."""
    rows = [
        f"<tr><td>{html.escape(pair)}</td>"
        f"<td>{p[-1]:.3f}</td><td>{p.max():.3f}</td><td>{distances[-1]:.2f}</td></tr>"
        for pair, p, distances in zip(
            pairs(morph, classes), morph.target_probabilities, morph.distances, strict=True
        )
    ]
    head = "<tr><td></td><th>p at the end</th><th>largest p</th><th>L2 distance at the end</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def section(figure: PaperFigure, folder: Path) -> tuple[str, str]:
    """A figure's section of the page, and what went wrong: one that fails stops nothing."""
    try:
        return write(figure, folder), ""
    except Exception as error:  # whatever it is, the page says it
        said = f"Figure {figure.number}: {type(error).__name__}: {error}".splitlines()[0]
        print(said, flush=True)
        return f"<h2>Figure {figure.number}</h2><p><b>It could not be made.</b> {html.escape(said)}</p>", said


def main(folder: Path) -> list[str]:
    """Write every figure and the page; return what failed, which is written to the folder, too."""
    folder.mkdir(parents=True, exist_ok=True)
    sections, said = zip(*(section(figure, folder) for figure in FIGURES), strict=True)
    body = "\n".join(f"<section>{section}</section>" for section in sections)
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The paper\'s figures</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{STYLE}</style><link rel="stylesheet" href="{SHARED.name}"></head><body><main>'
        "<h1>The figures of <cite>Through a Steerable Lens</cite>, made again</h1>"
        f'<div class="paper"><p>{INTRODUCTION}</p>\n{gallery.SWITCH}\n{body}</div></main></body></html>\n'
    )
    shutil.copy(SHARED, folder)
    (folder / "index.html").write_text(page, encoding="utf-8")
    failures = [line for line in said if line]
    (folder / FAILURES).write_text(json.dumps(failures), encoding="utf-8")
    print(f"open {folder / 'index.html'}")
    return failures


if __name__ == "__main__":
    report(main(Path(sys.argv[1])))
