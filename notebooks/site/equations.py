"""The table of the paper's equations: which cell of which lesson checks each, and the error found.

    python notebooks/site/equations.py write   generate notebooks/equations.md from the executed lessons
    python notebooks/site/equations.py check   say what `write` would change, and which equation has no cell

The formulas stand in formulas.py; a cell checks one by calling `check_equation`, which asserts and then
prints the line that is collected here.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from formulas import EQUATIONS, PARTS
from nbformat import NotebookNode
from series import HERE, Lesson, lessons, read
from steerlens_lessons.common.equations import LINE

TABLE = HERE / "equations.md"
INTRODUCTION = """\
# Every equation, and the cell that checks it

At least one cell of a lesson checks each line, and stops the lesson if the error is too large. *exact* means
that sympy found both sides to be identical. Other errors are those of float64 arithmetic, relative to the
largest value; beside each stands the largest error allowed. Cells are counted as they ran: see the number in
brackets to the left of a code cell. Generated from the executed lessons by `make refresh`.
"""


@dataclass(frozen=True)
class Check:
    """One executed call of `check_equation`: in which lesson and cell, with what error."""

    lesson: Lesson
    count: int  # execution count of the cell
    error: float
    tolerance: float

    @property
    def text(self) -> str:
        """For the table: the lesson's number, the cell and the error."""
        found = "exact" if self.tolerance == 0 else f"{self.error:.0e} ≤ {self.tolerance:.0e}"
        return f"[{self.lesson.path.name[:2]}]({self.lesson.path.name}), cell {self.count}: {found}"


def stdout(cell: NotebookNode) -> str:
    """What a code cell printed."""
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def collect(series: list[Lesson]) -> dict[str, list[Check]]:
    """The checks of every label, in the order of the lessons.

    Only what a cell that calls `check_equation` printed counts, and only once a cell.
    """
    found = {label: [] for label in EQUATIONS}
    for this in series:
        for cell in read(this.path).cells:
            if cell.cell_type != "code" or not re.search(r"\bcheck_equation\(", cell.source):
                continue
            for match in LINE.finditer(stdout(cell)):
                error, tolerance = float(match["error"]), float(match["tolerance"])
                if match["label"] not in found:
                    sys.exit(f"{this.path.name}: no equation ({match['label']}) in formulas.py")
                found[match["label"]].append(Check(this, cell.execution_count, error, tolerance))
    return found


def unchecked(found: dict[str, list[Check]]) -> list[str]:
    """Labels that no cell checks within its tolerance."""
    return [label for label, checks in found.items() if not any(c.error <= c.tolerance for c in checks)]


def tabular(formula: str) -> str:
    """A formula without the character that would end its cell of a table."""
    return formula.replace("|", r"\vert ")


def table(found: dict[str, list[Check]]) -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for title, formulas in PARTS.items():
        lines = [f"## {title}", "", "|  | Formula | Checked in lesson, error |", "|---|---|---|"]
        for label, formula in formulas.items():
            checks = "<br>".join(check.text for check in found[label]) or "open"
            lines.append(f"| ({label}) | ${tabular(formula)}$ | {checks} |")
        parts.append("\n".join(lines))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def write() -> None:
    """Bring the table up to date."""
    TABLE.write_text(table(collect(lessons())), encoding="utf-8")


def check(path: Path = TABLE) -> None:
    """Exit with a message where the table is out of date or an equation is checked by no cell."""
    found = collect(lessons())
    if missing := unchecked(found):
        sys.exit(f"no cell checks {', '.join(missing)}")
    if not path.exists() or path.read_text(encoding="utf-8") != table(found):
        sys.exit(f"out of date: {path.name}; run: python notebooks/site/equations.py write")


if __name__ == "__main__":
    commands = {"write": write, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
