"""Slides of lessons: their headings, first sentences, formulas, pictures, and what to notice in them.

outline   a lesson as the cells of its slides
write     the slides as a page, by nbconvert and reveal.js
reveal    what the page needs, copied into the site
"""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import alt
from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from series import Lesson, read
from traitlets.config import Config

LESSONS = ("00_quickstart", "02_steerable_pyramid")
LINES = 4  # of code that a slide shows above its picture
SHORT = 40  # characters of a sentence that says too little alone
QUIET = "quiet"  # the tag of a picture whose code is longer
HERE = Path(__file__).parent
LEFT_OUT = ("Exercises", "References")
FORMULA = re.compile(r"\$\$.+?\$\$", re.DOTALL)


def on_slide(cell: NotebookNode, kind: str) -> NotebookNode:
    """A cell with its place: slide (a new one), subslide (below it), fragment (appears), - (on the same)."""
    cell.metadata["slideshow"] = {"slide_type": kind}
    return cell


def first_sentences(markdown: str, most: int = 2) -> str:
    """The first sentences of the first paragraph of prose, as Markdown."""
    prose = alt.paragraphs(markdown)
    if not prose:
        return ""
    found = [each.strip() for each in alt.SENTENCE.findall(prose[0]) if each.strip()]
    return re.sub(r":$", ".", " ".join(found[:most]))


def headed(section: str) -> list[NotebookNode]:
    """The slide that a section of text begins with: heading, first sentences, first formula."""
    title, _, text = section.partition("\n")
    title = title.strip()
    if title in LEFT_OUT:
        return []
    if title == "Recap":
        return [on_slide(new_markdown_cell(f"## {title}\n{text}"), "slide")]
    if title == "Quiz":
        return quiz(text)
    formula = FORMULA.search(text)
    parts = [f"## {title}", first_sentences(text), formula[0] if formula else ""]
    return [on_slide(new_markdown_cell("\n\n".join(filter(None, parts))), "slide")]


def quiz(text: str) -> list[NotebookNode]:
    """A slide a question; its answer appears."""
    cells = []
    for question, answer in re.findall(
        r"\*\*\d\.\*\* (.+?)\n<details><summary>Answer</summary>(.+?)</details>", text, re.DOTALL
    ):
        cells.append(on_slide(new_markdown_cell(f"## A question\n\n{question}"), "slide"))
        cells.append(on_slide(new_markdown_cell(answer), "fragment"))
    return cells


def pictured(cells: list[NotebookNode], index: int) -> list[NotebookNode]:
    """The slide of a picture, with its code where that is short."""
    pictures = alt.drawn(cells[index])
    if not pictures:
        return []
    short = len(cells[index].source.splitlines()) <= LINES
    shown = new_code_cell(cells[index].source, outputs=[NotebookNode(pictures[0])])
    mime = min(alt.MIMES & pictures[0].data.keys())
    shown.outputs[0]["data"] = {mime: pictures[0].data[mime]}
    shown.outputs[0]["metadata"] = {mime: {"alt": alt.words(cells, index)}}
    shown.metadata["tags"] = [] if short else [QUIET]
    return [shown]


def outline(notebook: NotebookNode) -> NotebookNode:
    """The slides of a lesson."""
    opening, *rest = notebook.cells
    title = opening.source.split("\n", 1)[0]
    slides = [on_slide(new_markdown_cell(f"{title}\n\n{first_sentences(opening.source)}"), "slide")]
    for index, cell in enumerate(rest):
        if cell.cell_type == "code":
            own = not slides[-1].source.startswith("## ")  # the first one stands below its heading
            slides += [on_slide(shown, "subslide" if own else "-") for shown in pictured(rest, index)]
            continue
        before, *sections = re.split(r"^## ", cell.source, flags=re.MULTILINE)
        notice = re.search(r"\*\*Notice:?\*\*:?\s*(.+)", before, re.DOTALL)
        if notice and slides[-1].cell_type == "code":
            said = first_sentences(notice[1], 1)
            said = said if len(said) > SHORT else first_sentences(notice[1], 2)
            slides.append(on_slide(new_markdown_cell(said[:1].upper() + said[1:]), "fragment"))
        slides += [slide for section in sections for slide in headed(section)]
    return new_notebook(cells=slides, metadata={"title": title.removeprefix("# ")})


def write(this: Lesson, folder: Path) -> None:
    """Write the slides of a lesson into a folder."""
    config = Config()
    config.TagRemovePreprocessor.update({"enabled": True, "remove_input_tags": {QUIET}})
    exporter = SlidesExporter(
        config=config,
        raw_template=(HERE / "slides.html.j2").read_text(encoding="utf-8"),
        reveal_url_prefix="_static/reveal",
        reveal_theme="white",
        exclude_anchor_links=True,
    )
    page, _ = exporter.from_notebook_node(outline(read(this.path)))
    (folder / f"slides-{this.path.stem}.html").write_text(page, encoding="utf-8")


def reveal(target: Path) -> None:
    """Put the slides beside the pages of a site, and reveal.js where they look for it."""
    package = Path(find_spec("sphinx_revealjs").origin).parent / "_static/revealjs/dist"
    where = target / "_static/reveal/dist"
    (where / "theme").mkdir(parents=True)
    for name in ("reveal.css", "reveal.js", "theme/white.css"):
        shutil.copy(package / name, where / name)
    shutil.copytree(package / "theme/fonts/source-sans-pro", where / "theme/fonts/source-sans-pro")
    shutil.copy(HERE / "slides.css", target / "_static")
    for page in (target / "_static").glob("slides-*.html"):
        shutil.move(page, target / page.name)
