"""What a lesson measures on hundreds of images: read from a table, and some of it measured again in sight.

measured   an experiment's rows on all its cases, stored, and what it yields here on a few of them
course     what is kept of a morph: its probabilities and distances

A lesson that runs with ``STEERLENS_TABLES`` set measures all its cases and writes them (``make tables``).
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from steerlens import Morph
from steerlens.data import records

REMEDY = "restore it, or compute it again (make tables)"
PART = 100  # cases that are held at once
MARGIN = 0.05  # of a measure's range: how far the middle case may be off, on another processor


def course(name: str, morph: Morph) -> dict[str, Tensor]:
    """Probabilities of the target and distances, both (n, frames)."""
    return {"target_probabilities": morph.target_probabilities, "distances": morph.distances}


def measured(
    table: str,
    source: str,
    experiment: Callable[..., Mapping[str, Any]],
    cases: Sequence[Tensor],
    few: Sequence[int],
    measure: Callable[[str, Any], Mapping[str, Tensor]] = course,
) -> tuple[dict[str, SimpleNamespace], Mapping[str, Any]]:
    """What an experiment finds on every case, stored; run here on a few of them, and compared.

    Args:
        table: number of the lesson and what is measured, as in "06 hundred".
        source: of the data, each of which has its own table.
        experiment: from cases to what is done with them, by the names of a table's rows.
        cases: tensors of n cases each, the arguments of the experiment.
        few: which cases it is run on here.
        measure: from a row's name and what the experiment gave to what is kept of it: tensors (n, ...).

    Returns:
        by row, all n cases' measures, and a morph's steps, as attributes; and what the experiment gave
        here, for the few.

    Raises:
        ValueError: the table is not what its record vouches for.
        AssertionError: the few are not what is stored of them, as far as processors agree.
    """
    lesson, part = table.split()
    path = records.committed("results") / f"lesson-{lesson}-{records.slug(source)}.safetensors"
    here = experiment(*(case[list(few)] for case in cases))
    if os.environ.get("STEERLENS_TABLES"):
        _write(path, part, source, _all_of(experiment, cases, measure))
    records.checked(path, REMEDY)
    values, rows = safetensors.torch.load_file(path), {}
    for row, found in here.items():
        again = measure(row, found)
        kept = {"steps": found.steps} if isinstance(found, Morph) else {}
        for kind in again:
            kept[kind] = values[f"{part}|{row}|{kind}"].clone()  # the file may be written again
            _compare(f"{table}, {row}, {kind}", again[kind].double(), kept[kind].double(), list(few))
        rows[row] = SimpleNamespace(**kept)
    return rows, here


def _all_of(experiment: Callable, cases: Sequence[Tensor], measure: Callable) -> dict[str, dict[str, Tensor]]:
    """By row, the measures of all cases, a few at once."""
    pieces = [
        {row: measure(row, found) for row, found in experiment(*piece).items()}
        for piece in zip(*(case.split(PART) for case in cases), strict=True)
    ]
    return {
        row: {kind: torch.cat([piece[row][kind] for piece in pieces]) for kind in kinds}
        for row, kinds in pieces[0].items()
    }


def _compare(what: str, here: Tensor, kept: Tensor, few: list[int]) -> None:
    """Raise AssertionError where the middle of the few is not that of the table."""
    margin = MARGIN * (kept.max() - kept.min()) + 1e-3
    gap = (here - kept[few]).abs().quantile(0.5)
    assert gap <= margin, f"{what}: expected what is stored to {margin:.2g}, got {gap:.2g} beside it"


def _write(path: Path, part: str, source: str, rows: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Add a part to a lesson's table, or put it in the place of an older one."""
    old = safetensors.torch.load_file(path) if path.is_file() else {}
    whole = {name: values for name, values in old.items() if not name.startswith(f"{part}|")}
    for row, kinds in rows.items():
        whole |= {f"{part}|{row}|{kind}": values.contiguous() for kind, values in kinds.items()}
    record = {"data": source, "torch": torch.__version__, "command": "make tables"}
    records.write(path, safetensors.torch.save(dict(sorted(whole.items()))), record)
