"""Lesson 00: its checks accept the solution, tell slips by their kind, and leave open ones open."""

import pytest
import torch
from steerlens_lessons.l00_quickstart.checks import check_distance, check_first_arrival, check_frozen_frame

from steerlens import SteerablePyramid, extrapolate, gradient_step, steer, wirtinger_gradient

SHAPE = (12, 12)
PYRAMID = SteerablePyramid(SHAPE, 2, 3)


@pytest.fixture
def model(classifier):
    return classifier(SHAPE, classes=10, dtype=torch.float32)


@pytest.fixture
def x(images):
    return images(2, 1, *SHAPE, dtype=torch.float32)


def test_first_arrival(model, x, says, tells, solved):
    targets = (model(x).argmax(1) + 1) % 10
    morph = steer(model, x, targets, PYRAMID, direction="joint", steps=20)
    p = morph.target_probabilities[0]
    wanted = 0.7 * p.max().item()
    first = next(k for k, value in enumerate(p.tolist()) if value >= wanted)
    assert says(check_first_arrival, first, morph, 0, wanted) == "Right"
    for wrong in (first - 1, first + 1, p[first].item(), "seven"):
        assert says(check_first_arrival, wrong, morph, 0, wanted) == "Not yet"
    tells(check_first_arrival, morph, 0, wanted)
    assert "Right" in solved("00", 1, live=morph)


def test_frozen_frame(model, x, says, tells, solved):
    targets, k = (model(x).argmax(1) + 1) % 10, 4
    morph = extrapolate(model, x, targets, PYRAMID, alpha=3.0, steps=6, residuals="fixed")
    c, g = PYRAMID.analyze(x), wirtinger_gradient(model, x, targets, PYRAMID)
    case = (morph, k, PYRAMID, c, g, 3.0)

    def frame(turn, residuals=c.residuals):
        bands = tuple(turn(S, g_S) for S, g_S in zip(c.bands, g.bands, strict=True))
        return PYRAMID.synthesize(type(c)(bands, residuals)).clamp(0, 1)

    def turned(alpha, sign=1.0):
        return lambda S, g_S: S * torch.exp(sign * 1j * k * gradient_step(S, g_S, alpha).angle())

    assert says(check_frozen_frame, frame(turned(3.0)), *case) == "Right"
    no_residuals = tuple(torch.zeros_like(r) for r in c.residuals)
    for wrong in (
        frame(turned(6.0)),  # torch's factor 2
        frame(lambda S, g_S: S * torch.exp(1j * k * gradient_step(S, g_S.conj(), 3.0).angle())),
        frame(turned(3.0), no_residuals),
        x[:1],
    ):
        assert says(check_frozen_frame, wrong, *case) == "Not yet"
    tells(check_frozen_frame, *case)
    three = x[:1]
    parts = {"c": PYRAMID.analyze(three), "g": wirtinger_gradient(model, three, 8, PYRAMID)}
    assert "Right" in solved("00", 2, model=model, three=three, pyramid=PYRAMID, **parts)


def test_distance(model, x, says, tells, solved):
    live = steer(model, x, 1, PYRAMID, direction="joint", steps=10)
    frozen = extrapolate(model, x, 1, PYRAMID, alpha=3.0, steps=6)
    wanted = 0.5 * min(morph.distances[:, -1].min().item() for morph in (live, frozen))
    found, attained = frozen.at_distance(wanted)
    assert attained.all()
    assert says(check_distance, found, frozen, live, wanted) == "Right"
    for wrong in (found * 0.9, (found, attained), x + wanted / 12):  # the last: any image at this distance
        assert says(check_distance, wrong, frozen, live, wanted) == "Not yet"
    tells(check_distance, frozen, live, wanted)
    assert "Right" in solved("00", 3, frozen=frozen, live=live, model=model)
