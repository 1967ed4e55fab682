"""Readers' own models and images: what was a wrong result without a word, one situation a test."""

import copy
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import steerlens as sl
from steerlens.classifiers.training import accuracy, fit
from steerlens.data import ImageData
from steerlens.evaluation import first_correct
from steerlens.maco import objectives

SHAPE = (12, 10)


class InPlace(nn.Module):
    """A classifier whose first step works in place: it writes over what it is given."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, images):
        return self.classifier(images.mul_(2).sub_(0.5))


@pytest.fixture
def pair(classifier):
    """A model that works in place, and one that computes the same and does not."""

    class Plain(InPlace):
        def forward(self, images):
            return self.classifier(images * 2 - 0.5)

    net = classifier(SHAPE)
    return InPlace(net), Plain(net)


@pytest.fixture
def x(images):
    return images(3, 1, *SHAPE)


TARGETS = torch.tensor([1, 2, 0])
PYRAMID = sl.SteerablePyramid(SHAPE, 2, 2)


@pytest.mark.parametrize("move", [sl.extrapolate, sl.steer])
def test_a_model_that_works_in_place_morphs_like_one_that_does_not(move, pair, x):
    before = x.clone()
    found, expected = (move(model, x, TARGETS, PYRAMID, steps=3, progress=False) for model in pair)
    assert torch.equal(x, before)
    assert found == expected


def test_a_model_that_works_in_place_leaves_the_images_as_they_are(pair, x):
    model, plain = pair
    before, data = x.clone(), ImageData(x, plain(x).argmax(1), tuple("abcde"), "made up")
    assert accuracy(model, x, data.labels) == 1
    assert first_correct(model, data, 3).tolist() == [0, 1, 2]
    sl.linear.LinearInterpreter(plain, x[:1])
    sl.wirtinger_gradient(model, x, TARGETS, PYRAMID)
    objectives.activations(model, x)
    assert torch.equal(x, before)


def test_a_model_that_works_in_place_can_be_trained(pair, x):
    model, _ = pair
    before = x.clone()
    fit(model, x, TARGETS, epochs=2, progress=False)
    fit(model, x, TARGETS, epochs=2, adversary=0.5, progress=False)
    assert torch.equal(x, before)


def test_what_a_hook_captures_is_the_layers_own_output(images):
    """A ReLU in place rewrites its input, which is the output of the layer before."""
    convolution = nn.Conv2d(1, 4, 3).double()
    model = nn.Sequential(convolution, nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(4 * 8 * 8, 3).double())
    x = images(2, 1, 10, 10) - 0.5
    found = objectives.activations(model, x + 0.5, "0")
    assert torch.equal(found, convolution(x + 0.5)) and (found < 0).any()


class Returning(nn.Module):
    """A classifier whose output is made something else."""

    def __init__(self, classifier, output):
        super().__init__()
        self.classifier, self.output = classifier, output

    def forward(self, images):
        return self.output(self.classifier(images))


@pytest.mark.parametrize(
    ("output", "came"),
    [
        (lambda z: (z, None), "got tuple"),
        (lambda z: {"logits": z}, "got dict"),
        (lambda z: SimpleNamespace(logits=z), "got SimpleNamespace"),
        (lambda z: z.argmax(1), "got torch.int64"),
        (lambda z: z[..., None], r"got \(3, 5, 1\)"),
    ],
)
def test_outputs_that_are_no_logits_are_told_with_the_remedy(output, came, classifier, x):
    model = Returning(classifier(SHAPE), output)
    for call in (sl.extrapolate, sl.steer, sl.wirtinger_gradient):
        with pytest.raises(ValueError, match=rf"model: expected logits .* {came}; wrap it .*lesson 11"):
            call(model, x, TARGETS, PYRAMID)


@pytest.mark.parametrize("move", [sl.extrapolate, sl.steer])
def test_a_single_column_is_the_logit_of_class_1_against_class_0(move, classifier, x):
    net = classifier(SHAPE)
    one, two = (
        Returning(net, lambda z, end=end: torch.stack([0 * z[:, 0], z[:, 0]], 1)[:, end:]) for end in (1, 0)
    )
    targets = torch.tensor([0, 1, 1])
    found, expected = (move(model, x, targets, PYRAMID, steps=3, progress=False) for model in (one, two))
    assert found == expected and found.probabilities.shape[2] == 2
    assert (found.distances[:, -1] > 0).all()


def test_probabilities_in_place_of_logits_are_told(classifier, x):
    net = classifier(SHAPE)
    with pytest.warns(UserWarning, match="model: expected logits, got rows that look like probabilities"):
        sl.steer(Returning(net, lambda z: z.softmax(1)), x, TARGETS, PYRAMID, steps=1, progress=False)
    sl.steer(Returning(net, lambda z: z.log_softmax(1)), x, TARGETS, PYRAMID, steps=1, progress=False)


def test_logits_of_half_precision(classifier, x):
    net = Returning(classifier(SHAPE), lambda z: z.half())
    morph = sl.steer(net, x, TARGETS, PYRAMID, steps=2, progress=False)
    assert morph.probabilities.dtype == torch.float32 and morph.frames.isfinite().all()


@contextmanager
def default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


SURROUNDINGS = {
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "default dtype": default_dtype,
    "default device": lambda: torch.device("meta"),
}


@pytest.fixture(scope="module")
def small():
    """A float32 classifier and images, made under torch's own settings."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2))
        net.extend([nn.Flatten(), nn.Linear(16, 3)])
        return net.eval(), torch.rand(3, 1, *SHAPE)


CALLS = {
    "extrapolate": lambda net, x: sl.extrapolate(net, x, TARGETS, PYRAMID, steps=3, progress=False).frames,
    "steer": lambda net, x: sl.steer(net, x, TARGETS, PYRAMID, steps=3, progress=False).frames,
    "views": lambda net, x: sl.steer(net, x, 1, PYRAMID, views=sl.Views(2), steps=2, progress=False).frames,
    "Fourier": lambda net, x: sl.steer(net, x, 1, sl.Fourier(SHAPE), steps=2, progress=False).frames,
    "wirtinger_gradient": lambda net, x: sl.wirtinger_gradient(net, x, TARGETS, PYRAMID).bands[0],
    "matched_edit": lambda net, x: sl.evaluation.matched_edit(
        net, x, TARGETS, sl.evaluation.editors(SHAPE)["smooth warp"], 0.2
    )[0],
    "warp_energy": lambda net, x: sl.evaluation.warp_energy(x, x.flip(-1), progress=False),
    "linear": lambda net, x: sl.linear.LinearInterpreter(net, x[:1]).matrix(),
    "maco": lambda net, x: (
        sl.maco.maco(
            sl.objectives.logit(net, 1), sl.spectra.magnitude_spectrum(x), steps=2, progress=False
        ).images
    ),
    "accuracy": lambda net, x: torch.tensor(accuracy(net, x, TARGETS), dtype=torch.float64, device="cpu"),
}


@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@pytest.mark.parametrize("call", CALLS)
def test_settings_of_others_change_nothing(call, surrounding, small):
    expected = CALLS[call](*small)
    with SURROUNDINGS[surrounding]():
        found = CALLS[call](*small)
    assert found.dtype == expected.dtype
    assert torch.allclose(found, expected, atol=1e-6)


def test_threads_share_a_model(small):
    """A morph in each of four: all as alone, and statistics and mode come back as they were."""
    net, x = copy.deepcopy(small[0]).train(), small[1]
    net[0].eval()
    modes, state = [m.training for m in net.modules()], copy.deepcopy(net.state_dict())
    alone = [sl.steer(net, x, target, PYRAMID, steps=12, progress=False) for target in (0, 1, 2, 0)]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(
            lambda target: sl.steer(net, x, target, PYRAMID, steps=12, progress=False), (0, 1, 2, 0)
        )
        assert all(torch.allclose(a.frames, b.frames, atol=1e-6) for a, b in zip(found, alone, strict=True))
    assert [m.training for m in net.modules()] == modes
    assert all(torch.equal(state[name], value) for name, value in net.state_dict().items())


def exported(net, x):
    return torch.export.export(net, (x,)).module()


@pytest.mark.parametrize(
    "made",
    [
        exported,
        lambda net, x: torch.compile(net, backend="eager"),
        lambda net, x: torch.jit.trace(net, x),
        lambda net, x: nn.DataParallel(net),
    ],
    ids=["exported", "compiled", "traced", "DataParallel"],
)
@pytest.mark.filterwarnings(  # torch's, of these ways
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore:The .grad attribute:UserWarning"
)
def test_models_that_were_made_into_something_else(made, small):
    net, x = small
    found, expected = (
        sl.steer(model, x, TARGETS, PYRAMID, steps=2, progress=False) for model in (made(net, x), net)
    )
    assert torch.allclose(found.frames, expected.frames, atol=1e-5)


def test_an_exported_model_takes_the_batch_that_it_was_exported_for(small):
    net, x = small
    with pytest.raises(ValueError, match=r"model: expected one that accepts .* \(2, 1, 12, 10\), got Assert"):
        sl.steer(exported(net, x), x[:2], 1, PYRAMID, steps=2, progress=False)


def test_rounding_beyond_the_range_is_clipped(small):
    net, x = small
    beyond = x.clone()
    beyond[0, 0, 0, :2] = torch.tensor([1.0000001, -1e-7])
    morph = sl.steer(net, beyond, TARGETS, PYRAMID, steps=2, progress=False)
    assert morph.frames.min() >= 0 and morph.frames.max() <= 1
    assert beyond.max() > 1
    with pytest.raises(ValueError, match=r"in \[0, 1\], got \[0\.\d+, 1\.00001\]"):
        sl.steer(net, x.clamp(0.01).clone().index_fill_(3, torch.tensor(0), 1.00001), TARGETS, PYRAMID)
