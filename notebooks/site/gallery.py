"""The site's gallery of moving morphs, which stop for readers who asked their system for less motion.

A browser cannot pause a GIF. So the frames of each animation of `make figures` are put under each other in
one PNG, and a style sheet runs through them; the box above all of them plays and pauses, without JavaScript.

    frames    the frames of an animation on the way there (the way back repeats them)
    sheet     these frames under each other
    film      the sheet, and the element that runs through it
    page      the gallery, as a page of the site
"""

import html
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageSequence

FRAME_SECONDS = 0.1
SWITCH = '<input type="checkbox" id="motion"><label for="motion">Play or pause</label>'


@dataclass(frozen=True)
class Exhibit:
    """One animation of the page of figures."""

    stem: str
    title: str
    lesson: str
    words: str


EXHIBITS = (
    Exhibit("figure-2a", "Disks, one gradient magnified", "03_arcade", "The low-pass residual moves, too."),
    Exhibit("figure-2b", "Disks, live", "03_arcade", "The same, with a new gradient at every step."),
    Exhibit(
        "figure-3a",
        "Digits, phase and amplitude, live",
        "04_mnist",
        "3 → 8, 4 → 9, 5 → 6, 6 → 8, 8 → 3, 9 → 4. The low-pass is held.",
    ),
    Exhibit(
        "figure-3c",
        "Digits, one gradient magnified",
        "04_mnist",
        "With a single gradient; the low-pass moves, too.",
    ),
    Exhibit("figure-6a", "Colour digits, live", "05_color_mnist", "Three channels, three sets of phases."),
    Exhibit("figure-7a", "Faces, live", "06_fer2013", "Sad becomes happy; the low-pass is held."),
    Exhibit(
        "figure-9b", "Digits, Fourier phases", "07_fourier_and_pixel_baselines", "Every wave fills the frame."
    ),
)


def frames(path: Path) -> list[Image.Image]:
    """The frames of an animation that goes there and back, on the way there: n + 1 of 2 n."""
    with Image.open(path) as animation:
        every = [frame.convert("RGB") for frame in ImageSequence.Iterator(animation)]
    return every[: len(every) // 2 + 1]


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """Pictures of one size under each other."""
    width, height = pictures[0].size
    whole = Image.new("RGB", (width, height * len(pictures)))
    for number, picture in enumerate(pictures):
        whole.paste(picture, (0, number * height))
    return whole


def film(animation: Path, sheets: Path, address: str, words: str) -> str:
    """Write the sheet of an animation into a folder, and return the element that runs through it.

    Args:
        animation: a GIF of `Morph.save_gif`.
        sheets: the folder.
        address: of the folder, as the page has it.
        words: what is to be seen, for those who do not see it.
    """
    pictures = frames(animation)
    name = f"{animation.stem}-sheet.png"
    sheet(pictures).save(sheets / name, optimize=True)
    (width, height), last = pictures[0].size, len(pictures) - 1
    style = (
        f"width:{width}px;aspect-ratio:{width}/{height};background-image:url({address}/{name});"
        f"background-size:100% {100 * len(pictures)}%;animation-duration:{last * FRAME_SECONDS:.1f}s;"
        f"animation-timing-function:steps({last})"
    )
    return f'<div class="film" role="img" aria-label="{html.escape(words)}" style="{style}"></div>'


def figure(exhibit: Exhibit, figures: Path, folder: Path) -> str:
    """Write the sheet of one animation, and return its place on the page."""
    title, words = html.escape(exhibit.title), html.escape(exhibit.words)
    moving = film(figures / f"{exhibit.stem}.gif", folder, "_static", f"{exhibit.title}: {exhibit.words}")
    return (
        f'<figure class="morph">{moving}<figcaption><b>{title}.</b> {words} '
        f'<a href="{exhibit.lesson}.html">Lesson {exhibit.lesson[:2]}</a></figcaption></figure>'
    )


def page(figures: Path, folder: Path) -> None:
    """Write gallery.md into a folder, and the sheets that it shows into the folder's sheets/.

    Args:
        figures: where `make figures` wrote the animations.
        folder: sources of the site; the site has the sheets in _static/.
    """
    (static := folder / "sheets").mkdir(parents=True, exist_ok=True)
    made = [each for each in EXHIBITS if (figures / f"{each.stem}.gif").is_file()]  # a figure may have failed
    sections = "\n".join(figure(each, figures, static) for each in made)
    (folder / "gallery.md").write_text(
        "# Gallery\n\nMorphs on their way to another class and back. Each lesson says what its morph shows, "
        "and what not.\n\n```{raw} html\n"
        f'<div class="gallery">{SWITCH}\n{sections}\n</div>\n```\n',
        encoding="utf-8",
    )
