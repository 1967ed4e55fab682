"""Training: the seed alone decides, nothing else is touched, accuracy counts, shifts do not wrap."""

import copy
import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from steerlens.classifiers import training
from steerlens.classifiers.training import accuracy, fit

SIZE = 8, 10


def classifier(seed=0, classes=3):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2)]
        return nn.Sequential(*layers, nn.Linear(4 * 6 * 8, classes))


def stripes(n, seed=0):
    """Images of three classes, told apart by where they are bright."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (n,), generator=generator)
    images = 0.3 * torch.rand(n, 1, *SIZE, generator=generator)
    for image, label in zip(images, labels, strict=True):
        image[..., 3 * label : 3 * label + 3] += 0.6
    return images, labels


def same(model, other):
    pairs = zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_fit_learns_in_place_and_returns_eval_mode():
    model = classifier()
    images, labels = stripes(300)
    before = images.clone(), labels.clone()
    fitted = fit(model, images, labels, epochs=3, batch_size=32)
    assert fitted is model
    assert not any(module.training for module in model.modules())
    assert accuracy(model, *stripes(200, seed=1)) >= 0.99
    assert torch.equal(images, before[0])
    assert torch.equal(labels, before[1])


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 2**63 - 1), noise=st.integers(0, 2**31), shift=st.integers(0, 2))
def test_the_seed_alone_decides(seed, noise, shift):
    """Order, shifts and dropout come from it; the global generator neither matters nor changes."""
    fits = []
    for _ in range(2):
        torch.manual_seed(noise := noise + 1)
        state = torch.get_rng_state()
        fits.append(fit(classifier(), *stripes(40), epochs=2, batch_size=16, shift=shift, seed=seed))
        assert torch.equal(torch.get_rng_state(), state)
    assert same(*fits)
    assert not same(
        fits[0], fit(classifier(), *stripes(40), epochs=2, batch_size=16, shift=shift, seed=seed ^ 1)
    )


def test_each_option_matters():
    options = [{}, {"epochs": 2}, {"batch_size": 8}, {"learning_rate": 1e-3}]
    options += [{"shift": 1}, {"mirror": True}, {"adversary": 0.5}, {"seed": 1}]
    fits = [fit(classifier(), *stripes(32), **{"epochs": 1, "batch_size": 16, **other}) for other in options]
    assert not any(same(a, b) for a, b in itertools.combinations(fits, 2))


@pytest.mark.parametrize("n, batch_size, epochs", [(10, 4, 3), (7, 7, 1), (5, 100, 2), (9, 2, 1)])
def test_every_image_is_seen_once_an_epoch(n, batch_size, epochs):
    seen = []

    class Spy(nn.Linear):
        def forward(self, images):
            if self.training:
                seen.extend(images.flatten(1)[:, 0].tolist())
                assert len(images) <= batch_size + (n % batch_size == 1)  # one left over joins the others
            return super().forward(images.flatten(1))

    images = torch.arange(n).reshape(n, 1, 1, 1).expand(-1, 1, *SIZE) / n
    fit(Spy(80, 3), images, torch.arange(n) % 3, epochs=epochs, batch_size=batch_size)
    assert sorted(seen) == sorted(images[:, 0, 0, 0].tolist() * epochs)


def test_fit_where_autograd_is_off():
    with torch.no_grad():
        inside = fit(classifier(), *stripes(32), epochs=1)
    assert same(inside, fit(classifier(), *stripes(32), epochs=1))


def test_frozen_parameters_stay():
    model = classifier()
    model[0].requires_grad_(False)
    before = copy.deepcopy(model)
    fit(model, *stripes(32), epochs=1)
    assert same(model[0], before[0])
    assert not same(model[5], before[5])


def test_one_label_for_all_images():
    images, _ = stripes(16)
    expected = fit(classifier(), images, torch.full((16,), 2), epochs=1)
    assert same(fit(classifier(), images, 2, epochs=1), expected)


# Accuracy.
@settings(deadline=None, max_examples=30)
@given(
    labels=st.lists(st.integers(0, 3), min_size=1, max_size=30),
    scores=st.lists(st.integers(0, 3), min_size=30, max_size=30),
)
def test_accuracy_is_the_share_of_hits(labels, scores):
    """Against a count by hand, of a model that says what is written in its images."""

    class Reader(nn.Module):
        def forward(self, images):
            return nn.functional.one_hot((images[:, 0, 0, 0] * 4).long(), 4).float()

    said = scores[: len(labels)]
    images = torch.tensor(said).reshape(-1, 1, 1, 1).expand(-1, 1, *SIZE) / 4
    hits = sum(a == b for a, b in zip(said, labels, strict=True))
    found = accuracy(Reader(), images, torch.tensor(labels))
    assert found == pytest.approx(hits / len(labels))


def test_accuracy_is_that_of_eval_mode():
    model = fit(classifier(), *stripes(100), epochs=2, batch_size=16)
    images, labels = stripes(100, seed=2)
    expected = (model(images).argmax(1) == labels).float().mean().item()
    model.train()
    before = copy.deepcopy(model)
    assert accuracy(model, images, labels) == pytest.approx(expected)
    assert model.training
    assert same(model, before)  # running statistics of the batch norm, too


# Shifts.
def shifted(images, dy, dx):
    """By a loop over pixels: what leaves is lost, black comes in."""
    moved = torch.zeros_like(images)
    height, width = images.shape[-2:]
    for y, x in itertools.product(range(height), range(width)):
        if 0 <= y - dy < height and 0 <= x - dx < width:
            moved[..., y, x] = images[..., y - dy, x - dx]
    return moved


@pytest.mark.parametrize("shift", [1, 2, 3])
def test_shifts_are_all_there_and_none_wraps(shift):
    images = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)) + 0.1
    steps = range(-shift, shift + 1)
    expected = {shifted(images, dy, dx).numpy().tobytes() for dy, dx in itertools.product(steps, steps)}
    assert len(expected) == len(steps) ** 2
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = {training._moved(images, shift).numpy().tobytes() for _ in range(40 * len(expected))}
    assert found == expected


def test_no_shift_is_no_change():
    images = torch.rand(2, 1, *SIZE)
    state = torch.get_rng_state()
    assert training._moved(images, 0) is images
    assert torch.equal(torch.get_rng_state(), state)


# Mirror images.
def test_each_image_or_its_mirror_image():
    images = torch.rand(64, 2, 4, 5, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = training._mirrored(images)
    kept = (found == images).flatten(1).all(1)
    turned = (found == images.flip(-1)).flatten(1).all(1)
    assert torch.equal(kept, ~turned)
    assert 16 < turned.sum() < 48


def test_mirrored_training_takes_its_draws_from_the_seed():
    first, again = (fit(classifier(), *stripes(32), epochs=1, mirror=True, seed=4) for _ in range(2))
    assert same(first, again)


# Adversarial training.
@pytest.mark.parametrize("radius", [0.1, 1.0, 30.0])
def test_attacked_images_lie_within_the_radius_and_cost_more(radius):
    model, (images, labels) = fit(classifier(), *stripes(100), epochs=2).eval(), stripes(30, seed=3)
    found = training._attacked(model, images, labels, radius)
    assert (found - images).flatten(1).norm(dim=1).max() <= radius * (1 + 1e-5)
    assert (found.min() >= 0) and (found.max() <= 1)
    assert not found.requires_grad

    def losses(x):
        return nn.functional.cross_entropy(model(x), labels, reduction="none")

    assert (losses(found) >= losses(images)).double().mean() >= 0.9


def test_adversarial_training_withstands_more():
    (images, labels), (test, truth) = stripes(300), stripes(100, seed=3)
    share = []
    for adversary in (None, 2.0):
        model = fit(classifier(), images, labels, epochs=12, adversary=adversary)
        attacked = training._attacked(model, test, truth, 2.0)
        share.append(accuracy(model, attacked, truth))
    assert share[1] > share[0]
