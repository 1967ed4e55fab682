"""What several test files share: smooth random classifiers, random images, tolerances by precision."""

import os

import pytest
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
    """What an exercise's check prints: 'Right', 'Not yet' or 'Open'; with what was expected and what came."""

    def call(check, *arguments, **named):
        check(*arguments, **named)
        out = capsys.readouterr().out
        verdict = out.split(":")[0]
        assert verdict != "Not yet" or ("expected" in out and "got" in out)
        return verdict

    return call
