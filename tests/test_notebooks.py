"""The committed lessons: executed, small, clean, and with generated cells that are up to date."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from types import ModuleType

import nbformat
import pytest
import series
from IPython.core.inputtransformer2 import TransformerManager

LESSONS = series.pages()


NOTEBOOKS = {lesson.path.stem: series.read(lesson.path) for lesson in LESSONS}
CODE = {
    name: [cell for cell in notebook.cells if cell.cell_type == "code"]
    for name, notebook in NOTEBOOKS.items()
}


def test_generated_cells_and_readme_are_up_to_date():
    assert [path.name for path in series.outdated()] == []


def test_writing_again_changes_nothing(tmp_path):
    for lesson in LESSONS:
        copy = tmp_path / lesson.path.name
        copy.write_text(series.generated(lesson, None, None))
        again = series.Lesson(copy, lesson.title, lesson.summary)
        assert series.generated(again, None, None) == copy.read_text()


def test_valid():
    for notebook in NOTEBOOKS.values():
        nbformat.validate(notebook)
        assert "widgets" not in notebook.metadata


def test_executed_from_top_to_bottom():
    for name, cells in CODE.items():
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), name


def test_neither_errors_nor_stderr():
    outputs = [(name, output) for name, cells in CODE.items() for cell in cells for output in cell.outputs]
    assert [o for o in outputs if o[1].output_type == "error" or o[1].get("name") == "stderr"] == []


def test_short_cells():
    for name, cells in CODE.items():
        lengths = [len(cell.source.splitlines()) for cell in cells]
        assert max(lengths) <= 30, name
        assert median(lengths) <= 6, name


def test_below_two_megabytes():
    assert [lesson.path.name for lesson in LESSONS if lesson.path.stat().st_size >= 2_000_000] == []


def test_opening_cell_without_a_summary_is_refused(tmp_path):
    path = tmp_path / "00_bare.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Bare")]), path)
    with pytest.raises(ValueError, match=r"00_bare.ipynb: expected '# Title' and a paragraph"):
        series.lesson(path)


def test_the_explorer_is_a_page_but_no_lesson():
    page = series.pages()[-1]
    assert page.path.name == series.EXPLORER and page not in series.lessons()
    assert page.binder.endswith("urlpath=voila/render/notebooks/explore.ipynb")
    assert series.lessons()[0].binder.endswith("urlpath=lab/tree/notebooks/00_quickstart.ipynb")


def test_setup_cells_never_name_torch_or_numpy():
    """Each is guarded by find_spec and installs without dependencies, so Colab's own packages stay."""
    for page in series.pages():
        lines = [line.strip() for line in page.setup.splitlines()]
        for before, line in pairwise(lines):
            if "pip install" in line:
                assert before.startswith("if not find_spec(") and " --no-deps " in line
                assert not re.search(r"\b(torch|torchvision|numpy)\b", line)
    assert "plenoptic" in series.lesson(series.HERE / "02_steerable_pyramid.ipynb").setup


def test_what_the_lessons_import_is_there():
    missing = []
    for name, cells in CODE.items():
        source = "\n".join(TransformerManager().transform_cell(cell.source) for cell in cells)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("steerlens"):
                module = import_module(node.module)
                names = [alias.name for alias in node.names]
                missing += [(name, node.module, n) for n in names if not has(module, n)]
    assert missing == []


def has(module: ModuleType, name: str) -> bool:
    """Whether `from module import name` works."""
    inner = hasattr(module, "__path__") and find_spec(f"{module.__name__}.{name}")
    return hasattr(module, name) or bool(inner)
