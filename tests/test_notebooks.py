"""The committed lessons: executed, small, clean, and with generated cells that are up to date."""

import re
from itertools import pairwise
from statistics import median

import nbformat
import pytest
import series

LESSONS = series.pages()


@pytest.fixture(params=LESSONS, ids=[lesson.path.stem for lesson in LESSONS])
def notebook(request):
    return series.read(request.param.path)


@pytest.fixture
def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_generated_cells_and_readme_are_up_to_date():
    assert [path.name for path in series.outdated()] == []


def test_writing_again_changes_nothing(tmp_path):
    for lesson in LESSONS:
        copy = tmp_path / lesson.path.name
        copy.write_text(series.generated(lesson, None, None))
        again = series.Lesson(copy, lesson.title, lesson.summary)
        assert series.generated(again, None, None) == copy.read_text()


def test_valid(notebook):
    nbformat.validate(notebook)


def test_executed_from_top_to_bottom(code_cells):
    assert [cell.execution_count for cell in code_cells] == list(range(1, len(code_cells) + 1))


def test_neither_errors_nor_stderr(code_cells):
    outputs = [output for cell in code_cells for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []


def test_no_widget_state(notebook):
    assert "widgets" not in notebook.metadata


def test_short_cells(code_cells):
    lengths = [len(cell.source.splitlines()) for cell in code_cells]
    assert max(lengths) <= 30
    assert median(lengths) <= 6


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)
def test_below_two_megabytes(lesson):
    assert lesson.path.stat().st_size < 2_000_000


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
