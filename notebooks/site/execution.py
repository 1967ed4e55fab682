"""Runs the lessons, and compares what they mark with what is committed.

    python notebooks/site/execution.py FOLDER [SOURCE]   run every page of SOURCE (notebooks/), into FOLDER
    python notebooks/site/execution.py in-place          run them where they are, to be committed

A page that fails stops nothing: the others run, it is written with a mark and as far as it came, and the last
lines name page, cell and error. The exit status is then 1. A cell that begins with `# NBVAL_CHECK_OUTPUT` has
failed, too, where its text is not that of SOURCE to the last digit, as nbval compares it.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from series import HERE, Lesson, normalized, pages, read

CELL_TIMEOUT = 600  # seconds
MOST_AT_ONCE = int(os.environ.get("PAGES_AT_ONCE", "4"))  # pages side by side, where there are as many cores
# Pages side by side have one thread each, as more wait for each other (ten times as long, measured); progress
# bars would stay in their outputs. What the caller has set, holds.
KERNELS = {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"} | dict(os.environ)
MARK = "# NBVAL_CHECK_OUTPUT"
FAILURES = "failures.json"  # in the folder of the executed pages


@dataclass(frozen=True)
class Failure:
    """Where a page failed."""

    page: str
    cell: int  # its number among the code cells, as in the brackets at its left
    error: str  # one line

    def __str__(self) -> str:
        return f"{self.page}, cell {self.cell}: {self.error}"


def marked_text(cell: NotebookNode) -> list[tuple[str, str]]:
    """What of a cell's outputs is compared: streams and plain text, with their kind."""
    streams, texts = {}, []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
        elif "text/plain" in output.get("data", {}):
            texts.append((output.output_type, output.data["text/plain"]))
    return [*streams.items(), *texts]


def difference(cell: NotebookNode, committed: NotebookNode) -> str:
    """The first line of a marked cell that is not as committed; empty if there is none."""
    found, expected = marked_text(cell), marked_text(committed)
    if not cell.source.startswith(MARK) or found == expected:
        return ""
    lines = [[line for _, text in part for line in text.splitlines()] for part in (expected, found)]
    length = max(map(len, lines))
    pairs = zip(*[part + ["nothing"] * (length - len(part)) for part in lines], strict=True)
    expected_line, line = next((pair for pair in pairs if pair[0] != pair[1]), ("its outputs", "other kinds"))
    return f"expected the committed {expected_line!r}, got {line!r}"


def execute_page(path: Path, before: str = "") -> tuple[NotebookNode, list[Failure]]:
    """Run one page as far as it goes.

    Args:
        path: of the notebook; it runs in its folder.
        before: code that its kernel runs first, unseen.

    Returns:
        the executed notebook, and where it failed: marked outputs that differ, and the cell that raised, the
        last one that ran.
    """
    notebook, failures, number = read(path), [], 0
    committed = read(path).cells
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    cell = notebook.cells[0]
    try:
        with client.setup_kernel(env=KERNELS):
            client.kc.execute(before, silent=True)
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    number += 1
                    client.execute_cell(cell, index, execution_count=number)
                    if found := difference(cell, committed[index]):
                        failures.append(Failure(path.stem, number, found))
    except (CellControlSignal, RuntimeError) as error:  # a cell raised, or took too long, or its kernel died
        failures.append(Failure(path.stem, number, _in_a_line(cell, error)))
    return normalized(notebook), failures


def _in_a_line(cell: NotebookNode, error: Exception) -> str:
    """What a cell raised, without its traceback."""
    raised = next((output for output in cell.get("outputs", []) if output.output_type == "error"), None)
    if raised is None:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return f"{raised.ename}: {raised.evalue}".splitlines()[0]


def with_mark(notebook: NotebookNode, failures: Sequence[Failure]) -> NotebookNode:
    """The notebook with a box below its title that says where it failed."""
    lines = "\n".join(f"- Cell {failure.cell}: `{failure.error.replace('`', ' ')}`" for failure in failures)
    text = "**This page failed when it was run.** What stands below is as far as it came."
    box = f":::{{error}}\n{text}\n\n{lines}\n:::"
    notebook.cells.insert(1, new_markdown_cell(box, id="failed"))
    return notebook


def run(this: Lesson, folder: Path, before: str = "") -> list[Failure]:
    """Run one page, write it to `folder`, with a mark where it failed, and say how long it took."""
    start = time.perf_counter()
    notebook, failures = execute_page(this.path, before)
    if folder.samefile(this.path.parent):  # to be committed: what is marked may change; what raised stays
        failures = [failure for failure in failures if _raised(notebook)]
    elif failures:
        notebook = with_mark(notebook, failures)
    if not (failures and folder.samefile(this.path.parent)):
        nbformat.write(notebook, folder / this.path.name)
    said = "FAILED" if failures else f"{time.perf_counter() - start:6.1f} s"
    print(f"{this.path.name:40} {said}", flush=True)
    return failures


def _raised(notebook: NotebookNode) -> bool:
    """Whether some cell did not run to its end."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    errors = [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    return bool(errors) or any(cell.execution_count is None for cell in cells)


def run_all(folder: Path, source: Path = HERE, before: str = "") -> list[Failure]:
    """Run every page of `source`, some side by side; what failed is written to `folder`, too.

    Args:
        folder: the executed pages are written to it.
        source: folder of the pages.
        before: code that each kernel runs first, unseen; `{page}` in it stands for the page's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(min(MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
        found = pool.map(
            lambda this: run(this, folder, before.replace("{page}", this.path.stem)), pages(source)
        )
    failures = [failure for each in found for failure in each]
    if not folder.samefile(source):
        (folder / FAILURES).write_text(json.dumps(list(map(asdict, failures)), indent=2), encoding="utf-8")
    return failures


def report(failures: Sequence[object]) -> None:
    """Name what failed, in the last lines, and exit with status 1; return where nothing did."""
    if failures:
        sys.exit("\n".join([f"{len(failures)} failed:", *map(str, failures)]))


if __name__ == "__main__":
    where = [HERE] if sys.argv[1:] == ["in-place"] else list(map(Path, sys.argv[1:]))
    report(run_all(*where))
