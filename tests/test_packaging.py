"""The house rules: dependencies said once, no index host named, imports that never point up, short code."""

import ast
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml

import steerlens

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "steerlens").rglob("*.py"))
LESSONS = sorted((ROOT / "notebooks" / "steerlens_lessons").rglob("*.py"))
FLOORS = [  # of the rooms: each imports only from floors below it
    {"_internal"},
    {"transforms", "linear", "data"},
    {"morphs"},
    {"maco", "plot", "evaluation", "classifiers"},
    {"explorer", "atlas"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
CONDA_NAMES = {"torch": "pytorch", "lazy-loader": "lazy_loader"}
INDEX_HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|debian\.org|anaconda\.org")

SOURCES = [*MODULES, *LESSONS, *sorted((ROOT / "notebooks" / "site").glob("*.py"))]


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


def imported(path):
    """The modules, with their packages' names, that a file imports anywhere in it."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            above = ".".join(parts[: -node.level]) + "." if node.level else ""
            yield from (f"{above}{node.module or ''}".strip(".") + f".{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_imports_point_down():
    wrong = []
    for path in MODULES:
        here = path.relative_to(ROOT / "steerlens").parts[0]
        if here == "__init__.py":
            continue
        for name in imported(path):
            package, room, *_ = [*name.split("."), ""]
            if package == "steerlens" and room != here and FLOOR[room] >= FLOOR[here]:
                wrong.append(f"{path}: {name}")
    assert wrong == []


def test_the_module_knows_no_lesson():
    found = {name.split(".")[0] for path in MODULES for name in imported(path)}
    assert "steerlens_lessons" not in found


def test_a_lesson_looks_back_and_never_ahead():
    ahead = []
    for path in LESSONS:
        for name in imported(path):
            there = re.search(r"\bl[0-9]{2}_\w+", name)
            if there and there[0] > path.parent.name:
                ahead.append(f"{path}: {name}")
    assert ahead == []


def test_short_files():
    assert [str(path) for path in SOURCES if len(path.read_text().splitlines()) >= 250] == []


def test_short_functions():
    """Bodies, without signature and docstring: parameters stand one a line and cost nothing to read."""
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = node.end_lineno - body[0].lineno + 1 if body else 0
                long |= {f"{path}: {node.name}": lines} if lines >= 30 else {}
    assert long == {}


# Names that are loaded when they are first used.
def loaded_by(code):
    """Which slow packages a fresh process has loaded after some code."""
    slow = ("torch", "torchvision", "torch._dynamo", "sklearn", "scipy", "ipywidgets", "matplotlib.pyplot")
    code = f"import sys\n{code}\nprint(*[name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_importing_loads_nothing():
    assert loaded_by("import steerlens") == []


def test_a_pyramid_loads_torch_alone():
    assert loaded_by("import steerlens; steerlens.SteerablePyramid") == ["torch"]


def test_a_morph_of_digits_needs_neither_torchvision_nor_widgets():
    code = "import steerlens as sl; sl.data.digits, sl.models.load, sl.extrapolate, sl.steer, sl.data.faces"
    assert loaded_by(code) == ["torch"]


@pytest.mark.parametrize("package", [steerlens, steerlens.data], ids=lambda package: package.__name__)
def test_lazy_names_are_known_to_dir_and_loaded(package):
    assert sorted(package.__all__) == sorted(dir(package))
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert "Lazy" not in type(steerlens.SteerablePyramid).__name__
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(package, "no_such_" + "name")
