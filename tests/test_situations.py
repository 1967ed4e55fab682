"""Readers' own models and images: what was a wrong result without a word, one situation a test."""

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
