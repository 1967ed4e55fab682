"""Runs the tests and the lessons as other machines would, and writes the table tests/machines.md.

    python tests/machines.py              all machines (`make machines`), and the table
    python tests/machines.py NAME ...     these machines
    python tests/machines.py table        the table of the machines that were run last

A Python of its own is looked for on the PATH and, by uv, where uv keeps interpreters.

A machine is a set of instructions (of torch, oneDNN and MKL), a number of threads, a Python and a torch. The
lessons' assertions are recorded while they run: the second table has those whose distance to the threshold is
less than three times what the machines differ by. Without STEERLENS_DATA only the runs without data are made.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "machines"
TABLE = Path(__file__).with_name("machines.md")
VARIABLES = ("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR", "OMP_NUM_THREADS")
NARROW = 3  # times what the machines differ by


@dataclass(frozen=True)
class Machine:
    """One way to compute the same.

    Attributes:
        settings: environment variables of torch and its libraries.
        python: version of an interpreter of its own; that of .venv if empty.
        packages: requirements of its own instead of constraints.txt.
        data: whether it is tried on the real data, too.
    """

    settings: dict[str, str]
    python: str = ""
    packages: tuple[str, ...] = ()
    data: bool = False

    def environment(self, data: str | None) -> dict[str, str]:
        """What its processes see."""
        kept = {k: v for k, v in os.environ.items() if k not in (*VARIABLES, "STEERLENS_DATA", "PYTHONPATH")}
        waiting = {"OMP_WAIT_POLICY": "PASSIVE"}  # threads of two processes share the cores
        found = {**kept, "TQDM_DISABLE": "1", "CI": "true", **waiting, **self.settings}
        return found | ({"STEERLENS_DATA": data} if data else {})


def settings(aten: str = "", onednn: str = "", mkl: str = "", threads: int = 1) -> dict[str, str]:
    """The environment variables of a machine."""
    named = dict(zip(VARIABLES, (aten, onednn, mkl, str(threads)), strict=True))
    return {name: value for name, value in named.items() if value}


OLDEST = ("torch==2.4.*", "torchvision==0.19.*", "numpy<2.3")
MACHINES = {
    "no vector instructions": Machine(settings("default", "SSE41"), data=True),
    "AVX2, compatible MKL": Machine(settings("avx2", "AVX2", "COMPATIBLE", threads=2), data=True),
    "AVX-512": Machine(settings("avx512", threads=4)),
    "oldest torch, Python 3.10": Machine(settings(threads=2), "3.10", OLDEST),
    "Python 3.12": Machine(settings(threads=2), "3.12"),
    "Python 3.13": Machine(settings(threads=2), "3.13"),
    "Python 3.14": Machine(settings(threads=2), "3.14"),
}

# Runs in a lesson's kernel before its first cell: every comparison that is asserted is recorded.
RECORDER = """
import ast, json, operator, os
def __compare__(source, names, *values, _path="{folder}/{page}.jsonl", _operators=operator):
    holds = [getattr(_operators, name)(a, b) for name, a, b in zip(names, values, values[1:])]
    for a, b in zip(values, values[1:]):
        try:
            gap = a - b
            gap = gap.flatten()[gap.abs().argmin()].item() if hasattr(gap, "argmin") else float(gap)
            scale = max(float(abs(a).max() if hasattr(a, "max") else abs(a)), abs(float(b)))
            with open(_path, "a") as file:
                file.write(json.dumps([source, gap, scale]) + "\\n")
        except Exception:
            pass  # no numbers
    result = holds[0]
    for each in holds[1:]:
        result = result and each
    return result
class __Comparisons__(ast.NodeTransformer):
    names = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
    def visit_Compare(self, node):
        self.generic_visit(node)
        if not all(type(op) in self.names for op in node.ops):
            return node
        names = ast.List([ast.Constant(self.names[type(op)]) for op in node.ops], ast.Load())
        arguments = [ast.Constant(ast.unparse(node)), names, node.left, *node.comparators]
        call = ast.Call(ast.Name("__compare__", ast.Load()), arguments, [])
        return ast.copy_location(call, node)
class __Assertions__(ast.NodeTransformer):
    def visit_Assert(self, node):
        node.test = __Comparisons__().visit(node.test)
        return ast.fix_missing_locations(node)
    def visit_Call(self, node):
        if ast.unparse(node.func) == "expect" and "STEERLENS_DATA" in os.environ:  # else nothing is asserted
            node.args = [__Comparisons__().visit(claim) for claim in node.args]
        return ast.fix_missing_locations(node)
get_ipython().ast_transformers.append(__Assertions__())
"""


@dataclass
class Result:
    """What a machine's runs came to."""

    machine: str
    versions: str
    runs: dict[str, str] = field(default_factory=dict)  # by kind: "ok" or what failed
    comparisons: dict[str, list] = field(default_factory=dict)  # by kind and lesson: source, gap, scale


def prepared(name: str, machine: Machine) -> Path | None:
    """The interpreter of a machine, with what it needs; None where there is none."""
    if not machine.python:
        return ROOT / ".venv" / "bin" / "python"
    folder = _record(name).with_suffix("")
    uv = [str(ROOT / ".venv" / "bin" / "python"), "-m", "uv"]
    made = subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", machine.python, str(folder)])
    if made.returncode:
        return None
    chosen = machine.packages or ("--constraints", "constraints.txt")
    python = folder / "bin" / "python"
    install = [*uv, "pip", "install", "--quiet", "--python", str(python), "--editable", ".[notebooks,test]"]
    subprocess.run([*install, *chosen], cwd=ROOT, check=True)
    return python


def tested(python: Path, environment: dict[str, str]) -> str:
    """The unit tests: "ok" or the first that failed."""
    command = ["-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--ignore", "tests/browser", "tests"]
    done = subprocess.run(
        [str(python), *command], cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace"
    )
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if not done.returncode:
        return f"ok ({re.findall(r'[0-9]+ passed', done.stdout)[-1]})"
    return f"{len(failed)} failed: {', '.join(failed[:3])}" if failed else done.stdout[-300:]


def run_lessons(python: Path, environment: dict[str, str], folder: Path) -> str:
    """The lessons, their comparisons recorded in the folder: "ok" or the cells that failed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = f"{python.parent}{os.pathsep}{environment['PATH']}"  # kernels are started by name
    command = [str(python), str(Path(__file__)), "--lessons", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env={**environment, "PATH": path}, text=True)
    failures = folder / "failures.json"
    if not failures.is_file():
        return f"no lesson ran, exit status {done.returncode}"
    told = ("{page}, cell {cell}: {error}".format(**each) for each in json.loads(failures.read_text()))
    return "; ".join(told) or "ok"


def record_lessons(folder: Path) -> None:
    """In the process of a machine: run every page, and record its comparisons."""
    sys.path.insert(0, str(ROOT / "notebooks" / "site"))
    import execution

    recorder = RECORDER.replace("{folder}", str(folder))
    execution.report(execution.run_all(folder, before=recorder))


def run(name: str, machine: Machine, real: str | None) -> Result:
    """Everything on one machine."""
    python = prepared(name, machine)
    if python is None:
        return Result(name, f"Python {machine.python} could not be had")
    versions = (
        "import platform, torch; print(f'Python {platform.python_version()}, torch {torch.__version__}')"
    )
    done = subprocess.run([str(python), "-c", versions], capture_output=True, text=True, check=True)
    result = Result(name, done.stdout.strip())
    for data in (None, real) if real and machine.data else (None,):
        kind, start = "with data" if data else "without data", time.perf_counter()
        environment, folder = machine.environment(data), BUILD / "lessons"
        result.runs[f"lessons {kind}"] = run_lessons(python, environment, folder)
        for path in folder.glob("*.jsonl"):
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            result.comparisons[f"{kind}: {path.stem}"] = lines
        result.runs[f"tests {kind}"] = tested(python, environment)
        print(f"{name}, {kind}: {result.runs} ({time.perf_counter() - start:.0f} s)", flush=True)
    return result


def narrow(results: list[Result]) -> list[str]:
    """Rows of the second table: comparisons near their threshold, for what the machines differ by."""
    gaps = defaultdict(list)
    for result in results:
        for lesson, comparisons in result.comparisons.items():
            for number, (source, gap, scale) in enumerate(comparisons):
                gaps[lesson, number, source].append((gap, scale))
    rows = []
    for (lesson, _, source), found in gaps.items():
        values = [gap for gap, _ in found]
        least, apart = min(map(abs, values)), max(values) - min(values)
        if len(values) > 1 and apart > 1e-6 * max(scale for _, scale in found) and least < NARROW * apart:
            shown = source.replace("|", "\\|")
            rows.append(f"| {lesson} | `{shown}` | {least:.3g} | {apart:.3g} | {least / apart:.1f} |")
    return rows


def table(results: list[Result]) -> str:
    """The page."""
    kinds = [f"{what} {kind}" for kind in ("without data", "with data") for what in ("lessons", "tests")]
    lines = [
        "# Machines",
        "",
        f"Written by `make machines` on {platform.machine()}, {os.cpu_count()} cores. A machine is the same "
        "one under other settings, which give other last digits, or with another Python and torch. A run of "
        "the lessons compares their marked outputs and holds their assertions; a cell that failed is named.",
        "",
        f"| machine | settings | versions | {' | '.join(kinds)} |",
        f"|---|---|---|{'---|' * len(kinds)}",
    ]
    for result in results:
        said = " ".join(f"{key}={value}" for key, value in MACHINES[result.machine].settings.items())
        runs = " | ".join(result.runs.get(kind, "") for kind in kinds)
        lines.append(f"| {result.machine} | {said} | {result.versions} | {runs} |")
    count = sum(map(len, results[0].comparisons.values()))
    lines += [
        "",
        f"Of the {count} comparisons that the lessons assert on the first machine, these are nearer to their "
        f"threshold than {NARROW} times what the machines differ by:",
        "",
        "| lesson | comparison | least distance | machines apart | ratio |",
        "|---|---|---:|---:|---:|",
        *narrow(results),
    ]
    return "\n".join(lines) + "\n"


def main(names: list[str]) -> None:
    """Run machines, write the table, and exit with 1 if something failed."""
    real = os.environ.get("STEERLENS_DATA")
    BUILD.mkdir(parents=True, exist_ok=True)
    chosen = [] if names == ["table"] else names or list(MACHINES)
    for name in chosen:
        result = run(name, MACHINES[name], real)
        _record(name).write_text(json.dumps(asdict(result)), encoding="utf-8")
    told = [name for name in MACHINES if _record(name).is_file()]
    found = {name: Result(**json.loads(_record(name).read_text(encoding="utf-8"))) for name in told}
    if chosen != names:
        TABLE.write_text(table(list(found.values())), encoding="utf-8")
    checked = [found[name] for name in chosen or found]
    if any(not text.startswith("ok") for result in checked for text in result.runs.values()):
        sys.exit("not every machine came to the same")


def _record(name: str) -> Path:
    return BUILD / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.json"


if __name__ == "__main__":
    record_lessons(Path(sys.argv[2])) if sys.argv[1:2] == ["--lessons"] else main(sys.argv[1:])
