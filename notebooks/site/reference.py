"""The API reference: a page for each room of the module, made of its docstrings by Sphinx's autodoc.

write     the pages
prepare   what Sphinx does to each docstring: plain text is kept as it is, and lessons that use it are named
"""

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from pathlib import Path

from series import lessons, read

import steerlens

ROOMS = ("transforms", "morphs", "classifiers", "data", "evaluation", "maco", "linear", "plot", "explorer")
LITERAL = re.compile(r"(``.+?``|`[^`\n]+`)")
MARKUP = re.compile(r"([*|\\]|_\b)")  # what reStructuredText would take for markup


def public(room: str) -> dict[str, list[str]]:
    """Functions and classes with a docstring that each module of a room defines, by the module's name."""
    package = importlib.import_module(f"steerlens.{room}")
    modules = [f"{package.__name__}.{found.name}" for found in pkgutil.iter_modules(package.__path__)]
    names = {}
    for module in map(importlib.import_module, modules):
        found = vars(module).items()
        names[module.__name__] = [
            name
            for name, value in found
            if not name.startswith("_")
            and (inspect.isclass(value) or inspect.isfunction(value))
            and value.__module__ == module.__name__
            and value.__doc__
        ]
    return {module: found for module, found in names.items() if found}


def write(folder: Path) -> list[str]:
    """Write a page for each room into ``folder``/api, and an overview; their names, without ending."""
    (folder / "api").mkdir(exist_ok=True)
    for room in ROOMS:
        lines = [f"# {room}", "", "```{eval-rst}"]
        for module, names in public(room).items():
            lines += [
                ".. autosummary::",
                "   :nosignatures:",
                "",
                *(f"   ~{module}.{name}" for name in names),
                "",
            ]
        for module in public(room):
            lines += [f".. automodule:: {module}", "   :members:", "   :member-order: bysource", ""]
        (folder / "api" / f"{room}.md").write_text("\n".join([*lines, "```"]) + "\n", encoding="utf-8")
    first = {
        room: (importlib.import_module(f"steerlens.{room}").__doc__ or "").split("\n")[0] for room in ROOMS
    }
    overview = [
        "# Reference",
        "",
        "`import steerlens as sl`; each name is loaded when it is first used. By rooms:",
        "",
        *(f"- [{room}]({room}.md): {text}" for room, text in first.items()),
        "",
        ":::{toctree}\n:hidden:\n" + "\n".join(ROOMS) + "\n:::",
    ]
    (folder / "api" / "index.md").write_text("\n".join(overview) + "\n", encoding="utf-8")
    return ["api/index"]


def users() -> dict[str, list[str]]:
    """Pages of the lessons in whose code a name stands, by name."""
    found = defaultdict(list)
    for lesson in lessons():
        code = "\n".join(cell.source for cell in read(lesson.path).cells if cell.cell_type == "code")
        for name in set(re.findall(r"\b[A-Za-z]\w+", code)):
            found[name].append(lesson.path.stem)
    return found


def prepare(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Sphinx's ``autodoc-process-docstring``: change the lines of a docstring in place."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...", "..", ":")):
            parts = LITERAL.split(line)
            parts[::2] = [MARKUP.sub(r"\\\1", part) for part in parts[::2]]
            lines[number] = "".join(parts).replace("Eq. ", "Eq.\N{NO-BREAK SPACE}")  # no end of a sentence
    if what in ("function", "class") and name.startswith(steerlens.__name__):
        pages = USERS.get(name.rpartition(".")[2], [])
        if pages:
            lines += ["", "Lessons: " + ", ".join(f":doc:`{page[:2]} </{page}>`" for page in pages), ""]


USERS = users()
