"""Training readers' own models: what failed, or left a half-trained model behind."""

import copy

import pytest
import torch
from torch import nn

from steerlens.classifiers.training import accuracy, fit

SHAPE = (8, 8)
LABELS = torch.tensor([0, 1, 2, 1, 0, 2, 1, 0, 1])
QUIET = {"epochs": 2, "batch_size": 4, "progress": False}


def network(outputs: int = 3) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()
        return nn.Sequential(*layers, nn.Linear(4 * 36, 8), nn.BatchNorm1d(8), nn.Linear(8, outputs))


@pytest.fixture
def x(images):
    return images(9, 1, *SHAPE).float()


def test_one_image_that_is_left_over(x):
    """9 = 4 + 4 + 1, and a BatchNorm of one value has no spread."""
    seen, net = [], network()
    net.register_forward_pre_hook(
        lambda module, given: seen.append(len(given[0])) if module.training else None
    )
    fit(net, x, LABELS, **QUIET)
    assert seen == [4, 5] * 2


def test_batches_of_one_are_told(x):
    with pytest.raises(
        ValueError, match=r"model: expected one that accepts .* more than 1 value per channel"
    ):
        fit(network(), x, LABELS, epochs=1, batch_size=1, progress=False)


def failing(module: nn.Module, error: BaseException | None, call: int) -> nn.Module:
    """The module, which raises at a call in training, or gives NaN if there is no error."""
    calls = []

    def hook(module, _, output):
        calls.append(module.training)
        if sum(calls) == call:
            if error is None:
                return output * torch.nan
            raise error
        return output

    module.register_forward_hook(hook)
    return module


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("full"), MemoryError(), None])
@pytest.mark.parametrize("adversary", [None, 0.5])
def test_a_fit_that_fails_leaves_the_model_as_it_was(error, adversary, x):
    net = failing(network(), error, 4)
    net.train()
    net[1].eval()
    net[0].weight.grad = torch.ones_like(net[0].weight)
    state, modes = copy.deepcopy(net.state_dict()), [m.training for m in net.modules()]
    with pytest.raises((KeyboardInterrupt, ValueError, MemoryError)):
        fit(net, x, LABELS, adversary=adversary, **QUIET)
    assert all(torch.equal(state[name], value) for name, value in net.state_dict().items())
    assert [m.training for m in net.modules()] == modes
    assert torch.equal(net[0].weight.grad, torch.ones_like(net[0].weight)) and net[4].weight.grad is None


def test_a_buffer_that_the_model_assigns_anew_comes_back_too(x):
    class Averaging(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network()
            self.register_buffer("mean", torch.zeros(1, 1, *SHAPE))

        def forward(self, images):
            self.mean = 0.9 * self.mean + 0.1 * images.mean(0, keepdim=True)
            return self.net(images - self.mean)

    net = Averaging()
    failing(net.net, RuntimeError("full"), 3)
    state = copy.deepcopy(net.state_dict())
    with pytest.raises(ValueError, match="full"):
        fit(net, x, LABELS, **QUIET)
    assert all(torch.equal(state[name], value) for name, value in net.state_dict().items())


class DefaultDtype:
    def __enter__(self):
        torch.set_default_dtype(torch.float64)

    def __exit__(self, *_):
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    "surrounding",
    [
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu", torch.bfloat16),
        lambda: torch.device("meta"),
        DefaultDtype,
    ],
)
def test_what_surrounds_a_fit_changes_nothing(surrounding, x):
    alone, within = network(), network()
    how = {**QUIET, "shift": 1, "mirror": True, "adversary": 0.3}
    fit(alone, x, LABELS, **how)
    with surrounding():
        fit(within, x, LABELS, **how)
    pairs = zip(alone.state_dict().values(), within.state_dict().values(), strict=True)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in pairs)
    assert not within.training


def test_a_single_column_is_trained_as_two_classes(x):
    net = fit(network(1), x, LABELS.clamp(max=1), epochs=40, batch_size=9, progress=False)
    assert accuracy(net, x, LABELS.clamp(max=1)) == 1
