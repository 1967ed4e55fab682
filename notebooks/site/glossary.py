"""Words and symbols: the page, and the line at a lesson's foot that names those it uses.

The page, glossary.md, is written by hand: a `{glossary}` of words, and a table of symbols.
"""

import re
from itertools import pairwise
from pathlib import Path

from nbformat import NotebookNode

PAGE = Path(__file__).with_name("glossary.md")


def words() -> list[str]:
    """The words that the page explains."""
    block = re.search(r":::\{glossary\}\n(.*?)\n:::", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    lines = block.splitlines()
    return [line for line, below in pairwise(lines) if below.startswith("  ")]


def used(notebook: NotebookNode) -> list[str]:
    """The words that stand in a lesson's text."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [word for word in words() if re.search(rf"\b{re.escape(word)}(s|es)?\b", text, re.IGNORECASE)]


def foot(notebook: NotebookNode) -> str:
    """The line at a lesson's foot; empty for a lesson that uses none of the words."""
    links = " · ".join(f"{{term}}`{word}`" for word in used(notebook))
    return f"---\n**Words of this lesson:** {links} · [symbols](glossary.md#symbols)" if links else ""
