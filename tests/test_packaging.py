"""The house rules: dependencies said once, no index host named, imports that never point up, short code."""

import ast
import re
import subprocess
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "steerlens").rglob("*.py"))
FLOORS = [  # each imports only from floors below it
    {"buffers"},
    {"checks", "chunks", "fft", "masks", "modes", "networks", "progress"},
    {"transforms", "linear"},
    {"color", "pyramid", "gradients", "data"},
    {"editing", "training", "imagenet", "spectra", "objectives"},
    {"frozen", "models", "maco"},
    {"morph"},
    {"steering"},
    {"evaluation", "plot"},
    {"widgets", "atlas"},
    {"explorer"},
    {"lessons"},
]
FLOOR = {module: level for level, modules in enumerate(FLOORS) for module in modules}
CONDA_NAMES = {"torch": "pytorch"}
INDEX_HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|debian\.org|anaconda\.org")

each_source = pytest.mark.parametrize(
    "path", [*MODULES, *sorted((ROOT / "notebooks").glob("*.py"))], ids=lambda path: path.stem
)


def test_environment_lists_the_dependencies_of_the_package():
    *conda, pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    python = re.search(r'requires-python = "(.+)"', (ROOT / "pyproject.toml").read_text())[1]
    needed = [line for line in requires("steerlens") if "extra ==" not in line]
    names = [re.sub(r"^[\w-]+", lambda name: CONDA_NAMES.get(name[0], name[0]), line) for line in needed]
    assert sorted(conda) == sorted([f"python{python}", "pip", *names])
    assert pip == {"pip": ["-e .[notebooks]"]}


def test_no_index_host_is_named():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert files
    assert [path.name for path in files if INDEX_HOSTS.search(path.read_text(errors="ignore"))] == []


def parts(path):
    """The dotted name of a module, split: steerlens, lessons, quickstart."""
    return path.relative_to(ROOT).with_suffix("").parts


def imports(path):
    """Names below steerlens that a file imports from another part of it, anywhere in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            above = ".".join(parts(path)[: -node.level]) + "." if node.level else ""
            found = [f"{above}{node.module or ''}".strip(".") + f".{alias.name}" for alias in node.names]
        else:
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names = [name.split(".")[1] for name in found if name.startswith("steerlens.")]
        yield from (name for name in names if len(parts(path)) == 2 or name != parts(path)[1])


@pytest.mark.parametrize("path", [path for path in MODULES if path.stem != "__init__"], ids=lambda p: p.stem)
def test_imports_point_down(path):
    assert [name for name in imports(path) if FLOOR[name] >= FLOOR[parts(path)[1]]] == []


@each_source
def test_short_file(path):
    assert len(path.read_text().splitlines()) < 250


@each_source
def test_short_functions(path):
    """Bodies, without signature and docstring: parameters stand one a line and cost nothing to read."""
    lengths = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lengths[node.name] = node.end_lineno - body[0].lineno + 1 if body else 0
    assert {name: lines for name, lines in lengths.items() if lines >= 30} == {}
