"""What the site changes in its copies of the lessons; the files in notebooks/ stay as they are.

    dress            all of it, in one copy
    hide             plumbing: nobody reads it to learn something, and the file has it
    link             "lesson 08" becomes a link
    describe         each picture gets words for those who do not see it (alt.py)
    notices          paragraphs that say what to notice stand in a box

What is hidden, and nothing else:
- the set-up cell, and a cell of nothing but imports (folded, one click opens it);
- the line `# NBVAL_CHECK_OUTPUT`;
- top-level calls of `expect(...)`, which compare a number with what the text says of it, and a cell without
  output that has nothing but `expect` and `assert`, or but `expect` and what is computed for it alone.
"""

import ast
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import alt
import nbformat
from docutils import nodes
from execution import MARK
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from series import SETUP_ID, Lesson

CHECK = "expect"
AND = r"(?:\s\([^()\n]*\))?(?:,\s+and\s+|,\s+|;\s+|\s+and\s+|\s+or\s+|\s+to\s+)"  # between two numbers
NUMBERS = re.compile(rf"\b[Ll]esson\s+\d\d\b|\b[Ll]essons\s+\d\d\b(?:{AND}\d\d\b)*")
FIRST = re.compile(r"(?P<word>[Ll]essons?\s+)?\b(?P<number>\d\d)\b")
KEPT = re.compile(  # parts of Markdown in which nothing may be linked: code, formulas, links, tags, headings
    r"```.*?```|``.+?``|`[^`\n]+`|\$\$.*?\$\$|\$[^$\n]+\$|!?\[[^\]\n]*\]\([^)\n]*\)|<a\b.*?</a>|<[^>\n]+>"
    r"|^#[^\n]*$",
    re.DOTALL | re.MULTILINE,
)


def outside(pattern: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """A text with its parts changed that do not match a pattern."""
    parts, end = [], 0
    for match in pattern.finditer(text):
        parts += [change(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, change(text[end:])])


def link(text: str, targets: dict[str, str], own: str = "") -> str:
    """Markdown in which each "lesson NN" is a link, and each number of "lessons NN, NN and NN".

    Args:
        text: Markdown.
        targets: addresses by number.
        own: the lesson's own number, which is not linked.
    """

    def one(match: re.Match[str]) -> str:
        address = targets.get(match["number"])
        if not address or match["number"] == own:
            return match[0]
        whole = (
            (match["word"] or "").lower().startswith("lesson ")
        )  # one lesson: the word belongs to the link
        before, shown = ("", match[0]) if whole else (match["word"] or "", match["number"])
        return f'{before}<a href="{address}">{shown}</a>'

    return outside(KEPT, text, lambda part: NUMBERS.sub(lambda found: FIRST.sub(one, found[0]), part))


def names(code: str) -> set[str]:
    """The names that a piece of code reads."""
    found = ast.walk(ast.parse(code))
    return {node.id for node in found if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def is_check(statement: ast.stmt) -> bool:
    """Whether a statement compares something with what was expected, and does nothing else."""
    if isinstance(statement, ast.For | ast.If):
        return all(map(is_check, [*statement.body, *statement.orelse]))
    return isinstance(statement, ast.Assert) or is_expect(statement)


def is_expect(statement: ast.stmt) -> bool:
    """Whether a statement is a call of `expect`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == CHECK


def only_checks(code: str, later: Iterable[str]) -> bool:
    """Whether a cell has checks alone, or calls of `expect` and what is assigned for them alone."""
    statements = ast.parse(code).body
    assigned = [each for each in statements if isinstance(each, ast.Assign)]
    if not assigned:
        return all(map(is_check, statements))
    stored = [node for each in assigned for node in ast.walk(each) if isinstance(node, ast.Name)]
    made = {node.id for node in stored if isinstance(node.ctx, ast.Store)}
    others = [each for each in statements if each not in assigned]
    return bool(others) and all(map(is_expect, others)) and not any(made & names(code) for code in later)


def without_expect(code: str) -> str:
    """Code without its top-level calls of `expect`, where anything else is left."""
    lines, statements = code.splitlines(), ast.parse(code).body
    gone = [each for each in statements if is_expect(each)]
    if len(gone) == len(statements):
        return code
    for each in reversed(gone):
        del lines[each.lineno - 1 : each.end_lineno]
    return "\n".join(lines).strip("\n")


def parsed(code: str) -> bool:
    """Whether a cell is plain Python: not so the set-up's magics."""
    try:
        return bool(ast.parse(code).body)
    except SyntaxError:
        return False


def hide(notebook: NotebookNode) -> None:
    """Tag what is plumbing, and leave out the lines of a shown cell that are."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    codes = [cell.source for cell in cells]
    for index, cell in enumerate(cells):
        if cell.get("id") == SETUP_ID:
            cell.metadata["tags"] = ["remove-cell"]
        cell.source = cell.source.removeprefix(MARK).lstrip("\n")
        if not parsed(cell.source):
            continue
        later = (code for code in codes[index + 1 :] if parsed(code))
        if not cell.outputs and only_checks(cell.source, later):
            cell.metadata["tags"] = ["remove-cell"]
        elif all(isinstance(each, ast.Import | ast.ImportFrom) for each in ast.parse(cell.source).body):
            cell.metadata["tags"] = ["hide-input"]
            cell.metadata["mystnb"] = {"code_prompt_show": "Imports", "code_prompt_hide": "Imports"}
        else:
            cell.source = without_expect(cell.source)


def describe(notebook: NotebookNode) -> None:
    """Give each picture its words, where myst-nb looks for them, and charts a class: they turn dark, too."""
    for index, cell in enumerate(notebook.cells):
        if words := alt.words(notebook.cells, index):
            look = {"classes": "chart"} if words.startswith("A chart ") else {}
            cell.metadata.setdefault("mystnb", {})["image"] = {"alt": words} | look


def dress(this: Lesson, series: list[Lesson], foot: str = "") -> None:
    """Change a copy of a lesson, in its file, as the site shows it.

    Args:
        this: the copy.
        series: all lessons, to which the text is linked.
        foot: Markdown at the lesson's end.
    """
    notebook = nbformat.read(this.path, as_version=4)
    targets = {other.path.name[:2]: f"{other.path.stem}.html" for other in series}
    describe(notebook)
    hide(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = link(cell.source, targets, this.path.name[:2])
    if foot:
        notebook.cells.append(new_markdown_cell(foot, id="words"))
    nbformat.write(notebook, this.path)


def anchors(app: object, doctree: object) -> None:
    """Sphinx's ``doctree-read``: a lesson's cells carry their ids, so that other pages can link to them."""
    path = Path(str(app.env.doc2path(app.env.docname)))
    if path.suffix != ".ipynb":
        return
    cells = nbformat.read(path, as_version=4).cells
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            node["ids"].append(cells[node["cell_index"]]["id"])


def notices(app: object, doctree: nodes.document) -> None:
    """Sphinx's ``doctree-read``: a paragraph that says what to notice is marked, for the style sheet."""
    for node in doctree.findall(nodes.paragraph):
        if any(
            isinstance(part, nodes.strong) and part.astext().startswith("Notice") for part in node.children
        ):
            node["classes"].append("notice")
