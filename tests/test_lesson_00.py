"""Lesson 00: its checks accept the solution, reject plausible wrong answers, and leave open ones open."""

import pytest
import torch
from steerlens_lessons.l00_quickstart.checks import check_distance, check_first_arrival, check_frozen_frame

from steerlens import SteerablePyramid, extrapolate, gradient_step, steer, wirtinger_gradient

SHAPE = (12, 12)
PYRAMID = SteerablePyramid(SHAPE, 2, 3)


@pytest.fixture
def model(classifier):
    return classifier(SHAPE, dtype=torch.float32)


@pytest.fixture
def x(images):
    return images(2, 1, *SHAPE, dtype=torch.float32)


def test_first_arrival(model, x, says):
    morph = steer(model, x, (model(x).argmax(1) + 1) % 5, PYRAMID, direction="joint", steps=20)
    p = morph.target_probabilities[0]
    wanted = 0.7 * p.max().item()
    first = next(k for k, value in enumerate(p.tolist()) if value >= wanted)
    assert says(check_first_arrival, ..., morph, 0, wanted) == "Open"
    assert says(check_first_arrival, first, morph, 0, wanted) == "Right"
    for wrong in (first - 1, first + 1, p[first].item(), "seven"):
        assert says(check_first_arrival, wrong, morph, 0, wanted) == "Not yet"


def test_frozen_frame(model, x, says):
    targets, k = (model(x).argmax(1) + 1) % 5, 4
    morph = extrapolate(model, x, targets, PYRAMID, alpha=3.0, steps=6, residuals="fixed")
    c, g = PYRAMID.analyze(x), wirtinger_gradient(model, x, targets, PYRAMID)

    def frame(turn, residuals=c.residuals):
        bands = tuple(turn(S, g_S) for S, g_S in zip(c.bands, g.bands, strict=True))
        return PYRAMID.synthesize(type(c)(bands, residuals)).clamp(0, 1)

    def turned(alpha, sign=1.0):
        return lambda S, g_S: S * torch.exp(sign * 1j * k * gradient_step(S, g_S, alpha).angle())

    assert says(check_frozen_frame, ..., morph, k) == "Open"
    assert says(check_frozen_frame, frame(turned(3.0)), morph, k) == "Right"
    no_residuals = tuple(torch.zeros_like(r) for r in c.residuals)
    for wrong in (
        frame(turned(6.0)),  # torch's factor 2
        frame(turned(3.0, sign=-1.0)),
        frame(lambda S, g_S: S * torch.exp(1j * k * gradient_step(S, g_S.conj(), 3.0).angle())),
        frame(turned(3.0), no_residuals),
        frame(lambda S, g_S: S * gradient_step(S, g_S, 3.0) ** k),  # amplitude not held
        x[:1],
        None,
    ):
        assert says(check_frozen_frame, wrong, morph, k) == "Not yet"


def test_distance(model, x, says):
    morph = steer(model, x, 1, PYRAMID, direction="joint", steps=10)
    wanted = 0.5 * morph.distances[:, -1].min().item()
    found, attained = morph.at_distance(wanted)
    assert attained.all()
    assert says(check_distance, ..., x, wanted) == "Open"
    assert says(check_distance, found, x, wanted) == "Right"
    for wrong in (x, morph.frames[:, -1], found * 0.9, (found, attained)):
        assert says(check_distance, wrong, x, wanted) == "Not yet"
