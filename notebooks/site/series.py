"""The lessons as a series: the cells nobody types.

    python notebooks/site/series.py write             generate badges, set-up, links and the README's table
    python notebooks/site/series.py check             say what `write` would change

`notebooks/site/execution.py` runs them.

A lesson is a file notebooks/NN_name.ipynb; explore.ipynb is a page of its own, without a number. The
opening cell begins with `# Title`; the first sentence of the paragraph below is its summary. Generated cells
are known by their ids, so they are replaced, never repeated. Everything that depends on where the project is
hosted comes from the URL in pyproject.toml.
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

HERE = Path(__file__).resolve().parents[1]  # of the notebooks
ROOT = HERE.parent
README = ROOT / "README.md"
EXPLORER = "explore.ipynb"

BADGES_ID, SETUP_ID, LINKS_ID = "generated-badges", "generated-setup", "generated-links"
ONLY_IN_THE_FILE = {"tags": ["remove-cell"]}  # the site has buttons and links of its own


def project_field(name: str) -> str:
    """The value of a `name = "value"` line of pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(rf'^{name} = "(.+)"$', text, re.MULTILINE)[1]


REPOSITORY = project_field("Repository")
SETUP = f"""\
# Colab gets what it lacks and keeps its torch and numpy.
from importlib.util import find_spec

if not find_spec("steerlens"):
    %pip install -q --no-deps git+{REPOSITORY}"""
ALSO = {  # further packages of single lessons, with those of their dependencies that Colab lacks
    "02_steerable_pyramid": "plenoptic pyrtools einops",
    "13_atlas": "cleanlab zarr numcodecs donfig google-crc32c",
}


@dataclass(frozen=True)
class Lesson:
    """One notebook of the series, as its opening cell introduces it."""

    path: Path
    title: str
    summary: str

    @property
    def colab(self) -> str:
        """Address of the lesson in Colab."""
        slug = REPOSITORY.removeprefix("https://github.com/")
        return f"https://colab.research.google.com/github/{slug}/blob/main/notebooks/{self.path.name}"

    @property
    def binder(self) -> str:
        """Address of the lesson in Binder."""
        slug = REPOSITORY.removeprefix("https://github.com/")
        front_end = "voila/render" if self.path.name == EXPLORER else "lab/tree"
        return f"https://mybinder.org/v2/gh/{slug}/main?urlpath={front_end}/notebooks/{self.path.name}"

    @property
    def setup(self) -> str:
        """The code of its set-up cell."""
        if not (packages := ALSO.get(self.path.stem)):
            return SETUP
        first = packages.split()[0]
        return f'{SETUP}\nif not find_spec("{first}"):\n    %pip install -q --no-deps {packages}'


def read(path: Path) -> NotebookNode:
    """A notebook, as nbformat 4."""
    return nbformat.read(path, as_version=4)


def lesson(path: Path) -> Lesson:
    """Title and summary from the opening cell.

    Raises ValueError where the cell does not begin with `# Title` and a paragraph.
    """
    opening = read(path).cells[0].source
    match = re.match(r"# (?P<title>[^\n]+)\s+(?P<summary>[^#\s].*?[.!?])(\s|$)", opening, re.DOTALL)
    if not match:
        raise ValueError(f"{path.name}: expected '# Title' and a paragraph, its opening cell is {opening!r}")
    return Lesson(path, match["title"].strip(), " ".join(match["summary"].split()))


def lessons(folder: Path = HERE) -> list[Lesson]:
    """Every lesson in the folder, in order."""
    return [lesson(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]


def pages(folder: Path = HERE) -> list[Lesson]:
    """Every lesson in the folder, in order, and the explorer's page."""
    return [*lessons(folder), lesson(folder / EXPLORER)]


def badges(this: Lesson) -> str:
    """The line under the title."""
    return (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({this.colab})\n"
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({this.binder})"
    )


def links(previous: Lesson | None, following: Lesson | None) -> str:
    """The line at the foot: previous lesson, the series, next lesson; Colab follows no relative link."""
    parts = [f"[All lessons]({REPOSITORY}#lessons)"]
    if previous:
        parts.insert(0, f"← [{previous.title}]({previous.path.name}) ([Colab]({previous.colab}))")
    if following:
        parts.append(f"[{following.title}]({following.path.name}) ([Colab]({following.colab})) →")
    return "---\n" + " · ".join(parts)


def normalized(notebook: NotebookNode) -> NotebookNode:
    """The notebook without widget state, timings, versions and what else makes differences noisy."""
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    for cell in notebook.cells:
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in ("tags",) if key in cell.metadata})
    return notebook


def generated(this: Lesson, previous: Lesson | None, following: Lesson | None) -> str:
    """The text of a lesson's file with its generated cells up to date."""
    notebook = normalized(read(this.path))
    before = {cell.get("id"): cell for cell in notebook.cells}
    cells = [cell for cell in notebook.cells if cell.get("id") not in (BADGES_ID, SETUP_ID, LINKS_ID)]
    setup = before.get(SETUP_ID, new_code_cell(id=SETUP_ID))
    setup.source = this.setup
    first_code = next((i for i, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    cells.insert(first_code, setup)
    cells.insert(1, new_markdown_cell(badges(this), id=BADGES_ID, metadata=ONLY_IN_THE_FILE))
    cells.append(new_markdown_cell(links(previous, following), id=LINKS_ID, metadata=ONLY_IN_THE_FILE))
    notebook.cells = cells
    return nbformat.writes(notebook) + "\n"


def readme(series: list[Lesson]) -> str:
    """The README's text with its table of lessons up to date."""
    rows = [
        f"| {lesson.path.name[:2]} | [{lesson.title}](notebooks/{lesson.path.name}) "
        f"| {lesson.summary} | [Colab]({lesson.colab}) |"
        for lesson in series
    ]
    table = "\n".join(["|  | Lesson | In a sentence | Open |", "|---|---|---|---|", *rows])
    start, end = "<!-- lessons -->", "<!-- /lessons -->"
    head, rest = README.read_text(encoding="utf-8").split(start)
    _, tail = rest.split(end)
    return f"{head}{start}\n{table}\n{end}{tail}"


def outdated() -> dict[Path, str]:
    """Files that are not as `write` would leave them, with the text they should have."""
    series = lessons()
    padded = [None, *series, None]
    neighbours = [*zip(series, padded[:-2], padded[2:], strict=True), (lesson(HERE / EXPLORER), None, None)]
    expected = {this.path: generated(this, *others) for this, *others in neighbours}
    expected[README] = readme(series)
    return {path: text for path, text in expected.items() if path.read_text(encoding="utf-8") != text}


def write() -> None:
    """Bring generated cells and the README's table up to date."""
    for path, text in outdated().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


def check() -> None:
    """Exit with a message where `write` has something to do."""
    if late := [str(path.relative_to(ROOT)) for path in outdated()]:
        sys.exit(f"out of date: {', '.join(late)}; run: make write")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["write", "check"])
    globals()[parser.parse_args().command]()


if __name__ == "__main__":
    main()
