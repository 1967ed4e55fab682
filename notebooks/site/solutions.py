"""The exercises of the lessons, and a notebook of their solutions.

    python notebooks/site/solutions.py write FOLDER   generate FOLDER/solutions.ipynb, to be read
    python notebooks/site/solutions.py solve FOLDER   copy the lessons with the answers filled in, to be run

An exercise is Markdown with `**n.** *Difficulty 2 of 3, 5 minutes.* What to do`, a code cell that leaves
`answer = ...` open and calls a check, and Markdown that begins with the folded solution.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from series import Lesson, lessons, normalized, pages, read

NAME = "solutions"
OPEN = re.compile(r"^(?P<names>\w+(, \w+)*) = \.\.\.(, \.\.\.)*([ ]+#.*)?$", re.MULTILINE)
HEAD = re.compile(
    r"^\*\*(Exercise )?(?P<number>\d)\.\*\* "
    r"\*Difficulty (?P<level>[123]) of 3, (?P<minutes>\d+) minutes\.\* ",
    re.MULTILINE,
)
FOLDED = re.compile(r"<details><summary>Solution</summary>\n(?P<body>.*?)</details>", re.DOTALL)
CODE = re.compile(r"^```python\n(?P<code>.*?)\n```$", re.DOTALL | re.MULTILINE)
INTRODUCTION = """\
# Solutions

One way to solve each exercise of the lessons. The code uses what its lesson has computed: put it there, \
instead of the `...`. Generated from the folded solutions of the lessons.
"""


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson: the question with its number and difficulty, the open cell, the solution."""

    question: str
    number: int
    level: int
    minutes: int
    cell: NotebookNode
    code: str
    remark: str

    @property
    def solved(self) -> str:
        """The open cell's code with the solution in place of `answer = ...`."""
        gap = "\n\n" if self.code.splitlines()[-1].startswith(" ") else ""  # below a function
        return OPEN.sub(lambda _: self.code + gap, self.cell.source, count=1)


def exercises(notebook: NotebookNode) -> list[Exercise]:
    """The exercises of a lesson, in order. Raises ValueError where one lacks its head or its solution."""
    found, cells = [], notebook.cells
    for place, cell in enumerate(cells):
        if cell.cell_type != "code" or not OPEN.search(cell.source):
            continue
        before = next(c.source for c in reversed(cells[:place]) if c.cell_type == "markdown")
        heads, folded = list(HEAD.finditer(before)), FOLDED.match(cells[place + 1].source)
        if not heads or not folded or not (code := CODE.search(folded["body"])):
            raise ValueError(
                f"exercise {cell.source!r}: expected difficulty and minutes, and a folded solution"
            )
        remark = CODE.sub("", folded["body"]).strip()
        numbers = (int(heads[-1][key]) for key in ("number", "level", "minutes"))
        found.append(Exercise(before[heads[-1].start() :], *numbers, cell, code["code"], remark))
    return found


def page(series: list[Lesson]) -> NotebookNode:
    """The notebook of solutions."""
    cells = [new_markdown_cell(INTRODUCTION.strip(), id="introduction")]
    for this in series:
        number = this.path.name[:2]
        cells.append(
            new_markdown_cell(f"## [{number} {this.title}]({this.path.name})", id=f"lesson-{number}")
        )
        for each in exercises(read(this.path)):
            place = f"{number}-{each.number}"
            cells.append(new_markdown_cell(each.question, id=f"question-{place}"))
            cells.append(new_code_cell(each.solved, id=f"solution-{place}"))
            if each.remark:
                cells.append(new_markdown_cell(each.remark, id=f"remark-{place}"))
    return normalized(new_notebook(cells=cells))


def write(folder: Path) -> str:
    """Write the notebook of solutions into a folder; its name without the suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.ipynb").write_text(nbformat.writes(page(lessons())) + "\n", encoding="utf-8")
    return NAME


def solve(folder: Path) -> None:
    """Copy the lessons into a folder, every exercise solved."""
    folder.mkdir(parents=True, exist_ok=True)
    for this in pages():
        notebook = read(this.path)
        for each in exercises(notebook):
            each.cell.source = each.solved
        (folder / this.path.name).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


if __name__ == "__main__":
    commands = {"write": write, "solve": solve}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](Path(sys.argv[2]))
