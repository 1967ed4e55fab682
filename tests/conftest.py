"""What several test files share: random classifiers, images, tolerances by precision, judges of exercises."""

import importlib
import math
import os

import pytest
import series
import solutions
import torch
from torch import nn

os.environ["TQDM_DISABLE"] = "1"  # no bars among the test results
torch.set_num_threads(1)  # two would wait for each other where other work runs beside the tests

TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}


def pytest_terminal_summary(terminalreporter):
    """The tables that tests recorded, whichever process they ran in."""
    for test in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in test.user_properties:
            if name == "table":
                terminalreporter.write_line(value)


def smooth_classifier(shape, channels=1, classes=5, dtype=torch.float64, seed=0):
    """A differentiable classifier (batch, channels, *shape) -> (batch, classes), the same for a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(channels, 6, 3, padding=1),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(6 * shape[0] * shape[1], classes),
        ).to(dtype)


def random_images(*size, dtype=torch.float64, seed=0):
    return torch.rand(*size, dtype=dtype, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def classifier():
    return smooth_classifier


@pytest.fixture
def images():
    return random_images


@pytest.fixture
def tolerance():
    return TOLERANCE


@pytest.fixture
def says(capsys):
    """What an exercise's check prints: 'Right', 'Not yet' or 'Open'."""

    def call(check, *arguments, **named):
        check(*arguments, **named)
        return capsys.readouterr().out.split(":")[0]

    return call


NONSENSE = ("?", "", None, True, math.nan, -1.5, (), {}, object(), torch.full((2, 3), 7.0), lambda *_: None)


@pytest.fixture
def tells(says):
    """Each typical slip of an exercise is told as what it is, and nonsense is refused."""

    def call(check, *arguments, **named):
        key = check.key(*arguments, **named)
        assert {said: key.error(slip) for said, slip in key.slips.items()} == {
            said: said for said in key.slips
        }
        assert len(key.slips) != 1 and says(check, ..., *arguments, **named) == "Open"
        assert {says(check, answer, *arguments, **named) for answer in NONSENSE} == {"Not yet"}

    return call


@pytest.fixture
def solved(capsys):
    """What is printed where the declared solution of an exercise is run, with what the lesson has by then."""

    def call(number, place, **names):
        (path,) = series.HERE.glob(f"{number}_*.ipynb")
        (folder,) = (series.HERE / "steerlens_lessons").glob(f"l{number}_*")
        modules = {"torch": torch, "nn": torch.nn, "math": math, "sl": importlib.import_module("steerlens")}
        modules["checks"] = importlib.import_module(f"steerlens_lessons.{folder.name}.checks")
        exec(solutions.exercises(series.read(path))[place - 1].solved, modules | names)
        return capsys.readouterr().out

    return call
