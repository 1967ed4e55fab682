"""The linear interpreter on torchvision's classifiers and its singular triplets."""

import pytest
import torch
from torch import nn
from torchvision import models

from steerlens.linear import LinearInterpreter
from steerlens.linear.singular import DEPTH, power_triplet

NETWORKS = {  # smallest comfortable side of the input
    "alexnet": 63,
    "vgg11_bn": 32,
    "resnet18": 32,
    "densenet121": 32,
    "squeezenet1_0": 32,
    "inception_v3": 75,
    "mobilenet_v2": 32,
    "mobilenet_v3_small": 32,
    "convnext_tiny": 32,
}


def network(name):
    """With random weights, biases and running means, float64, ten classes."""
    unset = {"init_weights": False} if name in ("inception_v3", "vgg11_bn") else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = models.get_model(name, num_classes=10, **unset).double().eval()
        for key, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if key.endswith(("bias", "running_mean")):
                tensor.data.normal_(0, 0.1)
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_contributions_sum_to_the_score(name):
    generator = torch.Generator().manual_seed(0)
    x0 = torch.randn(1, 3, NETWORKS[name], NETWORKS[name], dtype=torch.float64, generator=generator)
    model = network(name)
    interpreter = LinearInterpreter(model, x0)
    entries = [3, interpreter.output.argmax().item()]
    parts = interpreter.contributions(entries)
    with torch.no_grad():
        score = model(x0)[0, entries]
    scale = score.abs().max()
    assert scale > 0 and (parts.biases.abs().sum(0) > 0).all()
    assert (parts.scores - score).abs().max() <= 1e-10 * scale
    assert (parts.input + parts.biases.sum(1) - score).abs().max() <= 1e-10 * scale
    named = {label.split()[0] for label in parts.layers}
    biased = {k.removesuffix(".bias") for k, _ in model.named_parameters() if k.endswith(".bias")}
    assert named <= {name for name, _ in model.named_modules()}
    assert not [layer for layer in biased - named if "AuxLogits" not in layer and ".fc" not in layer]


@pytest.fixture
def small():
    """A network small enough to be materialised, and the singular value decomposition of its F."""
    torch.manual_seed(0)
    parts = nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.InstanceNorm2d(6, affine=True), nn.Conv2d(6, 8, 3)
    model = nn.Sequential(*parts, nn.PixelShuffle(2)).double()
    x0 = torch.randn(1, 2, 9, 9, dtype=torch.float64)
    interpreter = LinearInterpreter(model, x0, chunk=32)
    return interpreter, torch.linalg.svd(interpreter.matrix(), full_matrices=False)


@pytest.mark.parametrize("method", ["block", "power"])
def test_singular_triplets_are_those_of_the_matrix(small, method):
    interpreter, (u, sigma, v) = small
    found = interpreter.singular_triplets(5, method, steps=4000, tolerance=1e-7)
    assert torch.allclose(found.values, sigma[:5], rtol=1e-6)
    assert ((found.inputs.flatten(1) * v[:5]).sum(1).abs() - 1).abs().max() < 1e-8  # 1e-4 in the vector
    assert ((found.outputs.flatten(1) * u.T[:5]).sum(1).abs() - 1).abs().max() < 1e-8
    assert torch.allclose(
        interpreter.apply(found.inputs).flatten(1),
        found.values[:, None] * found.outputs.flatten(1),
        atol=1e-6 * sigma[0],
    )
    assert (found.errors <= 1e-7).all() and found.vectors > 0


@pytest.mark.parametrize("values", [[1.0] * 7, [3.0, 3.0, 3.0, 2.0, 2.0, 1.0, 0.0], [1e-9] * 2 + [0.0] * 5])
def test_equal_singular_values_are_all_found(values):
    """As many triplets as F has, and a basis that ends before the steps do."""
    torch.manual_seed(0)
    layer = nn.Linear(9, 7, bias=False, dtype=torch.float64)
    left, right = torch.linalg.qr(torch.randn(7, 7).double()).Q, torch.linalg.qr(torch.randn(9, 7).double()).Q
    layer.weight.data = left * torch.tensor(values, dtype=torch.float64) @ right.T
    interpreter = LinearInterpreter(layer, torch.ones(1, 9, dtype=torch.float64))
    for n in (2, 7):
        found = interpreter.singular_triplets(n, extra=0, tolerance=1e-12)
        assert torch.allclose(found.values.double(), torch.tensor(values[:n]).double(), atol=1e-12)
        for vectors in (found.inputs, found.outputs):
            assert torch.allclose(vectors @ vectors.T, torch.eye(n).double(), atol=1e-9)


def test_a_block_ends_when_it_has_all_directions():
    """A tolerance that no rounding lets it reach."""
    layer = nn.Linear(9, 7, bias=False, dtype=torch.float64)
    interpreter = LinearInterpreter(layer, torch.ones(1, 9, dtype=torch.float64))
    found = interpreter.singular_triplets(7, tolerance=1e-300)
    assert torch.allclose(found.values, torch.linalg.svdvals(layer.weight.detach()))


def test_a_block_needs_fewer_vectors_than_the_power_method(small):
    options = {"steps": 4000, "tolerance": 1e-7, "extra": 0}
    block, power = (small[0].singular_triplets(2, method, **options) for method in ("block", "power"))
    assert 2 * 2 * DEPTH < block.vectors < power.vectors / 3  # it was begun again
    assert torch.allclose(block.values, small[1][1][:2], rtol=1e-6)


def test_the_printed_sigma_is_too_small_where_there_is_momentum(small):
    interpreter, (_, sigma, _) = small
    start = torch.randn(interpreter.x0.numel(), dtype=torch.float64)
    best = sigma[1] ** 4 / 4
    for momentum in (0.0, 0.5 * best.item(), best.item()):
        found = power_triplet(interpreter, start, steps=4000, tolerance=1e-9, momentum=momentum)
        root = (sigma[0] ** 2 + (sigma[0] ** 4 - 4 * momentum).sqrt()) / 2  # s + m / s = sigma^2
        assert found.value == pytest.approx(sigma[0].item(), rel=1e-8)
        assert found.printed == pytest.approx(root.sqrt().item(), rel=1e-6)
    plain = power_triplet(interpreter, start, steps=4000, tolerance=1e-9)
    assert found.steps < plain.steps  # what momentum is for


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n: expected an integer from 1 to 162, got 0"),
        ({"method": "lanczos"}, "method: expected one of 'block', 'power'"),
        ({"steps": 0}, "steps: expected an integer >= 1"),
        ({"tolerance": 0.0}, "tolerance: expected a finite positive number"),
        ({"extra": -1}, "extra: expected an integer >= 0"),
        ({"method": "power", "momentum": float("nan")}, "momentum: expected a finite number"),
        ({"seed": -1}, "seed: expected an integer from 0"),
    ],
)
def test_bad_options_are_refused(small, options, message):
    with pytest.raises(ValueError, match=message):
        small[0].singular_triplets(**options)


def test_a_network_without_slope_has_only_zeros():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()).double()
    with torch.no_grad():
        model[0].bias.fill_(-100)
    dead = LinearInterpreter(model, torch.rand(1, 1, 6, 6, dtype=torch.float64))
    for method in ("block", "power"):
        found = dead.singular_triplets(2, method, steps=5)
        assert (found.values == 0).all() and found.inputs.isfinite().all() and found.outputs.isfinite().all()
    assert (dead.pixel_discussion([0, 1]) == 0).all()
