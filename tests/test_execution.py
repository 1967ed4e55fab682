"""Running the series: one lesson that fails stops nothing, and marked outputs are compared as nbval does."""

import json
import os
import subprocess
import sys

import execution
import nbformat
import pages
import pytest
import series
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

TITLE = "# {}\n\nA lesson of a test."


def write(folder, name, *codes, printed=""):
    """A lesson whose first code cell has `printed` as its committed output."""
    cells = [new_markdown_cell(TITLE.format(name)), *map(new_code_cell, codes)]
    if printed:
        cells[1].execution_count, cells[1].outputs = 1, [new_output("stream", name="stdout", text=printed)]
    folder.mkdir(exist_ok=True)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """Three lessons, of which the second raises and the third prints something else than it did."""
    root = tmp_path_factory.mktemp("series")
    source, folder = root / "source", root / "executed"
    write(source, "00_first", "print(1)", "2 + 2")
    write(source, "01_raises", "x = 1", "print('so far')\nassert x == 2, 'one is not two'", "print('never')")
    write(source, "02_differs", f"{execution.MARK}\nprint(1 + 1)", "print('goes on')", printed="3\n")
    write(source, "explore", f"{execution.MARK}\nprint('same')", printed="same\n")
    command = [sys.executable, execution.__file__, str(folder), str(source)]
    return folder, subprocess.run(command, capture_output=True, text=True)


def outputs(folder, name):
    return "".join(
        output.get("text", "")
        for cell in series.read(folder / name).cells
        for output in cell.get("outputs", [])
    )


def test_the_other_lessons_run(executed):
    folder, _ = executed
    assert outputs(folder, "00_first.ipynb") == "1\n"
    assert outputs(folder, "01_raises.ipynb") == "so far\n"
    assert outputs(folder, "02_differs.ipynb") == "2\ngoes on\n"
    assert outputs(folder, "explore.ipynb") == "same\n"


def test_the_last_lines_name_lesson_cell_and_error_and_the_status_is_1(executed):
    _, done = executed
    assert done.returncode == 1
    assert done.stderr.splitlines()[-3:] == [
        "2 failed:",
        "01_raises, cell 2: AssertionError: one is not two",
        "02_differs, cell 1: expected the committed '3', got '2'",
    ]


def test_the_site_has_all_of_them_and_marks_what_failed(executed, tmp_path):
    folder, _ = executed
    figures = tmp_path / "figures"
    figures.mkdir()
    for lesson in series.lessons():  # which the table of equations names
        write(folder, lesson.path.stem)
    (figures / "index.html").write_text("figures")
    (figures / execution.FAILURES).write_text(json.dumps(["Figure 2: RuntimeError: no disks"]))
    command = [sys.executable, pages.__file__, str(folder), str(figures), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-4:] == [
        "3 failed:",
        "01_raises, cell 2: AssertionError: one is not two",
        "02_differs, cell 1: expected the committed '3', got '2'",
        "Figure 2: RuntimeError: no disks",
    ]
    index = (tmp_path / "site" / "index.html").read_text()
    assert index.count("Failed at cell 2.") == index.count("Failed at cell 1.") == 1
    failed = {
        page: "This page failed" in (tmp_path / "site" / f"{page}.html").read_text()
        for page in ("00_first", "01_raises", "02_differs", "explore")
    }
    assert failed == {"00_first": False, "01_raises": True, "02_differs": True, "explore": False}
    assert "one is not two" in (tmp_path / "site" / "01_raises.html").read_text()


def test_in_place_a_lesson_that_raises_stays_as_it_was(tmp_path):
    write(tmp_path, "01_raises", "1 / 0")
    write(tmp_path, "02_differs", f"{execution.MARK}\nprint(2)", printed="3\n")
    before = (tmp_path / "01_raises.ipynb").read_text()
    raises, differs = series.lessons(tmp_path)
    (failure,) = execution.run(raises, tmp_path)
    assert str(failure) == "01_raises, cell 1: ZeroDivisionError: division by zero"
    assert (tmp_path / "01_raises.ipynb").read_text() == before
    assert execution.run(differs, tmp_path) == []
    assert outputs(tmp_path, "02_differs.ipynb") == "2\n"


def test_marked_outputs_are_compared_as_nbval_does(tmp_path):
    """A marked cell that prints what it did, one that does not, an unmarked one that does not."""
    write(tmp_path, "00_same", f"{execution.MARK}\nprint(0.1)", printed="0.1\n")
    write(tmp_path, "01_differs", f"{execution.MARK}\nprint(0.1)", printed="0.10\n")
    write(tmp_path, "02_unmarked", "print(0.1)", printed="0.10\n")
    for lesson in series.lessons(tmp_path):
        _, failures = execution.execute_page(lesson.path)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--nbval-lax",
            lesson.path.name,
        ]
        judged = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert judged.returncode in (0, 1), judged.stdout
        assert bool(failures) == (judged.returncode == 1) == (lesson.path.stem == "01_differs")


def test_pages_side_by_side_have_one_thread_each_where_nothing_else_is_set(tmp_path):
    """Two kernels with as many threads as cores took ten times as long as with one each."""
    code = f"{execution.MARK}\nimport os; print(os.environ['OMP_NUM_THREADS'])"
    write(tmp_path / "source", "explore", code, printed="1\n")
    command = [sys.executable, execution.__file__, str(tmp_path / "executed"), str(tmp_path / "source")]
    unset = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    for environment, status in ((unset, 0), ({**unset, "OMP_NUM_THREADS": "2"}, 1)):
        made = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert made.returncode == status, made.stderr
