"""The first page of the site: morphs that move, three doors, and the lessons as a course.

films      six digits on their way, from notebooks/site/morphs.gif, in tiles
doors      play, learn, use
course     the lessons by parts, with time and picture, and the short course
contents   the side bar
write      the page
"""

import html
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import curriculum
import gallery
import play
from curriculum import PARTS, SHORT, minutes, number
from execution import Failure
from PIL import Image
from series import README, REPOSITORY, Lesson, read

HERE = Path(__file__).parent
PAIRS = ("3 → 8", "4 → 9", "5 → 6", "6 → 8", "8 → 3", "9 → 4")  # of morphs.gif, from left to right
EXTRA = {  # further pages by parts of the side bar, and what the first page says of them
    "See": {
        "gallery": "the morphs, moving",
        "figures": "the paper's figures, made again, beside its own text",
        "atlas": "digits on their way to every other class, to browse",
        "scope": "frozen networks as whole matrices, to walk through",
        "drawn": "classes, channels and neurons, drawn by the networks themselves",
    },
    "Look up": {
        "glossary": "words and symbols",
        "equations": "every equation, and the cell that checks it",
        "measured": "what was measured, and how",
        "api/index": "every function",
    },
    "Teach": {
        "teachers": "plans, questions and slides",
        "solutions": "one way to solve each exercise",
    },
}
TITLES = {
    "atlas": "The atlas",
    "scope": "Rows and columns",
    "drawn": "What networks look for",
    "figures": "The paper's figures",
    "measured": "What was measured",
    "equations": "Every equation",
}
SENTENCE = (
    "Ask a neural network what change would turn this image into that class, and watch its answer: "
    "a gradient that becomes a motion."
)


def films(static: Path) -> str:
    """Write the sheets of the tiles into a folder; the tiles that run through them."""
    pictures = gallery.frames(HERE / "morphs.gif")
    height = pictures[0].height
    tiles = []
    for index, pair in enumerate(PAIRS):
        left = index * (height + 4)  # digits are squares, parted by a line
        own = [picture.crop((left, 0, left + height, height)) for picture in pictures]
        gallery.sheet(own).convert("L").save(static / f"tile-{index}.png", optimize=True)
        style = (
            f"background-image:url(_static/tile-{index}.png);background-size:100% {100 * len(own)}%;"
            f"animation-duration:2.4s;animation-timing-function:steps({len(own) - 1});"
            f"animation-delay:-{0.4 * index:.1f}s"
        )
        tiles.append(
            f'<figure><div class="film" role="img" aria-label="A digit on its way, {pair}" style="{style}">'
            f"</div><figcaption>{pair}</figcaption></figure>"
        )
    return "".join(tiles)


def door(address: str, name: str, words: str) -> str:
    """One of the doors."""
    return f'<a class="door" href="{address}"><b>{name}</b><span>{words}</span></a>'


def doors(first: str) -> str:
    """The three doors."""
    return "".join(
        [
            door("play.html", "Play", "Draw a digit and watch it morph"),
            door(f"{first}.html", "Learn", "Lessons that run, with every number checked"),
            door("#in-your-own-code", "Use", "A thin PyTorch module for your own model"),
        ]
    )


def card(this: Lesson, failed: Iterable[Failure], static: Path) -> str:
    """A lesson, with its picture, which is written into the folder ``static``."""
    lines = [f'<a class="lesson" href="{this.path.stem}.html">']
    if found := curriculum.thumbnail(this):
        path, words = found
        shutil.move(path, static / f"card-{path.name}")
        with Image.open(static / f"card-{path.name}") as shown:
            size = shown.size
        lines.append(
            f'<img src="_static/card-{path.name}" alt="{html.escape(words)}" '
            f'width="{size[0]}" height="{size[1]}" loading="lazy">'
        )
    marks = [
        f"<strong>Failed at cell {each.cell}.</strong> " for each in failed if each.page == this.path.stem
    ]
    short = '<span class="badge">short course</span>' if number(this) in SHORT else ""
    time = minutes(read(this.path))
    summary = re.sub(r"\$([^$]+)\$", r"<i>\1</i>", html.escape(this.summary, quote=False))
    lines += [
        f'<span class="facts"><span>{number(this)}</span><span>{time} min</span>{short}</span>',
        f"<b>{html.escape(this.title)}</b><span>{''.join(marks)}{summary}</span></a>",
    ]
    return "".join(lines)


def course(series: list[Lesson], failed: list[Failure], static: Path) -> str:
    """The lessons by parts, as Markdown."""
    parts = []
    for name, numbers in {**PARTS, "The explorer": ("",)}.items():
        own = [this for this in series if number(this) in numbers]
        if own:
            cards = "\n".join(card(this, failed, static) for this in own)
            parts.append(f'### {name}\n\n```{{raw}} html\n<div class="lessons">\n{cards}\n</div>\n```')
    return "\n\n".join(parts)


def short_course(series: list[Lesson]) -> str:
    """The sentence about the short course."""
    chosen = [this for this in series if number(this) in SHORT]
    total = sum(minutes(read(this.path)) for this in chosen)
    links = ", ".join(f"[{number(this)}]({this.path.name})" for this in chosen)
    return f"**In a hurry?** The short course is {links}: {total} minutes of reading, without the exercises."


def contents(series: list[Lesson]) -> str:
    """The side bar: lessons with their numbers, by parts, and the further pages."""
    parts = {
        name: [
            f"{number(this)} {this.title} <{this.path.stem}>" for this in series if number(this) in numbers
        ]
        for name, numbers in PARTS.items()
    }
    parts["See"] = [this.path.stem for this in series if not number(this)]
    for name, pages in EXTRA.items():
        own = [f"{TITLES[page]} <{page}>" if page in TITLES else page for page in pages]
        parts[name] = [*parts.get(name, []), *own]
    return "\n\n".join(
        f":::{{toctree}}\n:hidden:\n:caption: {name}\n\n" + "\n".join(lines) + "\n:::"
        for name, lines in parts.items()
        if lines
    )


def code() -> str:
    """The README's example, and the command that installs the module."""
    example = re.search(r"```python\n(.+?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    return f"```sh\npip install git+{REPOSITORY}\n```\n\n```python\n{example}```"


def write(folder: Path, series: list[Lesson], failed: list[Failure]) -> None:
    """Write index.md into a folder, and its pictures into the folder's sheets/."""
    (static := folder / "sheets").mkdir(exist_ok=True)
    tiles = f'<div class="tiles">{gallery.SWITCH}{films(static)}</div>'
    further = {page: words for pages in EXTRA.values() for page, words in pages.items()}
    names = {"api/index": "Reference", "teachers": "For teachers"} | TITLES
    suffixes = {"solutions": ".ipynb"}
    listed = "\n".join(
        f"- [{names.get(page, page.capitalize())}]({page}{suffixes.get(page, '.md')}): {words}"
        for page, words in further.items()
    )
    (folder / "index.md").write_text(
        f"---\nhtml_theme.sidebar_secondary.remove: true\n---\n\n# Steerlens\n\n```{{raw}} html\n"
        f'<div class="hero"><div class="words"><p class="lead">{SENTENCE}</p>'
        f'<nav class="doors" aria-label="Ways in">{doors(series[0].path.stem)}</nav></div>\n'
        f'<div id="play-embed">{play.compact()}\n<noscript>{tiles}</noscript></div></div>\n```\n\n'
        f"## Lessons\n\n{short_course(series)}\n\n{course(series, failed, static)}\n\n"
        f"## In your own code\n\n{code()}\n\n## More\n\n{listed}\n\n{contents(series)}\n",
        encoding="utf-8",
    )
