"""Words for the pictures of the lessons, for readers who do not see them.

A picture's own `text/plain` is used where it is a sentence, as widgets have it. Else the words are those that
stand around it: the heading above, and the sentence that leads to it or the one that says what to notice.
"""

import re
from collections.abc import Sequence

from nbformat import NotebookNode

LONGEST = 300  # characters
MIMES = {"image/png", "image/jpeg"}
SENTENCE = re.compile(r".+?(?:[.!?](?=\s|$)(?<!Eq\.)(?<!Sec\.)|$)", re.DOTALL)


def plain(markdown: str) -> str:
    """Markdown as plain text."""
    text = re.sub(r"<[^>]+>", "", markdown)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\\(mathcal|mathbf|mathrm|left|right|,|;|!)", "", text)
    text = re.sub(r"[*`$\\{}]|^#+ |^[-|>] ?", "", text, flags=re.MULTILINE)
    return " ".join(text.split())


def paragraphs(markdown: str) -> list[str]:
    """The paragraphs of Markdown that are prose: no formulas, tables, code and headings."""
    text = re.sub(r"```.*?```|\$\$.*?\$\$", "", markdown, flags=re.DOTALL)
    parts = [part.strip() for part in re.split(r"\n\s*\n", text)]
    return [part for part in parts if part and not part.startswith(("#", "|", "<", "---", ":::"))]


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, as plain text."""
    return [found.strip() for found in SENTENCE.findall(plain(paragraph)) if found.strip()]


def heading(cells: Sequence[NotebookNode]) -> str:
    """The last heading of some cells."""
    texts = (cell.source for cell in reversed(cells) if cell.cell_type == "markdown")
    found = (re.findall(r"^#+ (.+)$", text, re.MULTILINE) for text in texts)
    return plain(next((lines[-1] for lines in found if lines), ""))


def before(cells: Sequence[NotebookNode]) -> str:
    """The last sentence of the text above, without the colon that leads to the picture."""
    for cell in reversed(cells):
        if cell.cell_type == "markdown" and (found := paragraphs(cell.source)):
            return re.sub(r":$", ".", sentences(found[-1])[-1])
    return ""


def after(cells: Sequence[NotebookNode]) -> str:
    """The caption below, or the first sentence of what is to be noticed; empty if neither follows."""
    following = next((cell for cell in cells if cell.cell_type == "markdown"), None)
    for paragraph in paragraphs(following.source)[:2] if following else []:
        if caption := re.match(r"\*([^*]+)\*(?!\*)", paragraph):
            return plain(caption[1])
        if notice := re.match(r"\*\*Notice:?\*\*:?\s*(.+)", paragraph, re.DOTALL):
            return "Notice: " + sentences(notice[1])[0]
    return ""


def drawn(cell: NotebookNode) -> list[NotebookNode]:
    """The outputs of a cell that are pictures."""
    return [each for each in cell.get("outputs", []) if MIMES & each.get("data", {}).keys()]


def number(cells: Sequence[NotebookNode], index: int) -> str:
    """Which picture it is, of several that no text parts."""
    first = last = index
    while first and cells[first - 1].cell_type == "code":
        first -= 1
    while last + 1 < len(cells) and cells[last + 1].cell_type == "code":
        last += 1
    among = [n for n in range(first, last + 1) if drawn(cells[n])]
    return f" Picture {among.index(index) + 1} of {len(among)}." if len(among) > 1 else ""


def words(cells: Sequence[NotebookNode], index: int) -> str:
    """The words for the picture that a cell draws; empty if it draws none."""
    if not (pictures := drawn(cells[index])):
        return ""
    own = " ".join(pictures[0].data.get("text/plain", "").split())
    if " " in own and own[0] != "<" and own[-1] in ".!?":
        return own
    parts = [heading(cells[:index]), before(cells[:index]), after(cells[index + 1 :])]
    said = " ".join(part if part[-1] in ".!?" else f"{part}." for part in dict.fromkeys(parts) if part)
    if len(said) > LONGEST:
        said = said[:LONGEST].rsplit(" ", 1)[0] + " …"
    return (said or "A picture of this lesson.") + number(cells, index)
