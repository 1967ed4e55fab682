"""How the lessons say what they found: first arrivals, counts, medians."""

import pytest
import torch
from scipy.stats import binomtest
from steerlens_lessons.common.summaries import arrivals, counted, interval, quartiles

from steerlens import SteerablePyramid, steer


def test_arrivals(classifier, images):
    model, x = classifier((12, 12)), images(4, 1, 12, 12)
    targets = (model(x).argmax(1) + 1) % 5
    morph = steer(model, x, targets, SteerablePyramid((12, 12), 2, 3), steps=6)
    p = morph.target_probabilities
    level = p.max(1).values.median().item()
    arrived, first = arrivals(morph, level)
    assert 0 < arrived.sum() < 4
    for row in range(4):
        above = [k for k, value in enumerate(p[row].tolist()) if value >= level]
        assert arrived[row] == bool(above)
        assert first[row] == (above[0] if above else 6)


def test_counts_come_with_wilsons_interval():
    assert counted(torch.tensor([True] * 95 + [False] * 5)) == "95/100 [89%, 98%]"
    assert counted(torch.zeros(10, dtype=torch.bool)) == "0/10 [0%, 28%]"
    assert counted(torch.tensor([True] * 99 + [False]), 1) == "99/100 [94.6%, 99.8%]"


@pytest.mark.parametrize("count, total", [(0, 1), (3, 7), (500, 500)])
def test_interval(count, total):
    low, high = binomtest(count, total).proportion_ci(method="wilson")
    assert interval(torch.arange(total) < count, 2) == f"[{low:.2%}, {high:.2%}]"


def test_quartiles():
    assert quartiles(torch.tensor([5, 1, 3, 2, 4])) == "3.00 [2.00, 4.00]"
    assert quartiles(torch.arange(1.0, 6), 1) == "3.0 [2.0, 4.0]"
