"""Edits at equal distance, and how sure a median is."""

import numpy as np
import pytest
import torch
from scipy.stats import bootstrap as scipy_bootstrap

from steerlens.evaluation import (
    editors,
    matched_edit,
    median_difference,
    median_interval,
    resamples,
    warp_energy,
)
from steerlens.evaluation import matched as module
from steerlens.morphs.steps import l2_distance

SHAPE = (16, 12)
EDITORS = editors(SHAPE)

each_editor = pytest.mark.parametrize("name", EDITORS)


@pytest.fixture
def case(classifier, images):
    model = classifier(SHAPE, dtype=torch.float32)
    x = (images(3, 1, *SHAPE, dtype=torch.float32) - 0.5).clamp(0, 1)
    return model, x, (model(x).argmax(1) + 1) % 5


# Equal distance.
@each_editor
@pytest.mark.parametrize("distance", [0.2, 0.5])
def test_exactly_the_distance(case, name, distance):
    model, sources, targets = case
    before = sources.clone()
    images, attained = matched_edit(model, sources, targets, EDITORS[name], distance)
    assert attained.all()
    assert ((l2_distance(images, sources) - distance).abs() <= 6e-4).all()
    assert ((images >= 0) & (images <= 1)).all()
    assert torch.equal(sources, before)
    again, _ = matched_edit(model, sources, targets, EDITORS[name], distance)
    assert torch.equal(images, again)


@each_editor
def test_the_margin_rises(case, name):
    model, sources, targets = case
    images, _ = matched_edit(model, sources, targets, EDITORS[name], 0.3)

    def margin(x):
        logits = model(x)
        return (
            logits.gather(1, targets[:, None])[:, 0]
            - logits.gather(1, model(sources).argmax(1)[:, None])[:, 0]
        )

    assert (margin(images) > margin(sources)).all()


@each_editor
def test_what_cannot_be_attained_is_reported(case, name, monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 4)
    model, sources, targets = case
    images, attained = matched_edit(model, sources, targets, EDITORS[name], 1e3)
    assert not attained.any()
    assert images.shape == sources.shape
    assert (l2_distance(images, sources) > 0.1).all()


def test_smooth_warps_are_warps(case):
    model, sources, targets = case
    images, _ = matched_edit(model, sources, targets, EDITORS["smooth warp"], 0.5)
    assert warp_energy(sources, images).min() > 0.95


def test_a_black_image_cannot_be_warped(case):
    model, sources, _ = case
    images, attained = matched_edit(model, 0 * sources, 1, EDITORS["smooth warp"], 0.5)
    assert not attained.any()
    assert torch.equal(images, 0 * sources)


@pytest.mark.parametrize("distance", [0, -1, float("nan"), None, "2"])
def test_distances_that_are_none(case, distance):
    with pytest.raises((ValueError, TypeError), match="distance: expected a finite positive number"):
        matched_edit(*case, EDITORS["pixel"], distance)


# Bootstrap.
@pytest.mark.parametrize("n", [31, 200])
def test_interval_agrees_with_scipy(n):
    values = torch.randn(n, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    middle, low, high = median_interval(values, draws=4000)
    peer = scipy_bootstrap((values.numpy(),), np.median, n_resamples=4000, method="percentile", rng=1)
    other = peer.confidence_interval
    assert middle == np.median(values)  # of an even number the middle of the two
    spread = (high - low) / 5
    assert (low, high) == (pytest.approx(other.low, abs=spread), pytest.approx(other.high, abs=spread))


def test_interval_covers_the_median():
    """Of 200 samples of a known median about 190 intervals hold it."""
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(200, 60, generator=generator, dtype=torch.float64)
    intervals = [median_interval(sample, draws=400) for sample in samples]
    assert 180 <= sum(low <= 0 <= high for _, low, high in intervals) <= 199


def test_pairs_are_kept_together():
    generator = torch.Generator().manual_seed(1)
    values = 10 * torch.randn(100, generator=generator)
    for shift in (0.0, 0.5):
        middle, low, high = median_difference(values + shift, values)
        assert (middle, low, high) == pytest.approx((shift, shift, shift), abs=1e-5)
    _, low, high = median_difference(values, values[torch.randperm(100, generator=generator)])
    assert low < 0 < high


def test_draws_are_shared_and_reproducible():
    assert torch.equal(resamples(50), resamples(50))
    assert resamples(50).shape == (2000, 50)
    assert not torch.equal(resamples(50), resamples(50, seed=1))
    counts = resamples(50).flatten().bincount(minlength=50)
    assert (counts - 2000).abs().max() < 6 * 2000**0.5


@pytest.mark.parametrize(
    "values, expected",
    [
        (torch.rand(2, 2), "expected a real tensor"),
        (torch.rand(0), "expected a real tensor"),
        ([1.0], "expected a real tensor"),
        (torch.tensor([1.0, float("nan")]), "expected no NaN, got 1 of 2"),
    ],
)
def test_bad_values(values, expected):
    with pytest.raises(ValueError, match=expected):
        median_interval(values)
    with pytest.raises(ValueError, match=expected):
        median_difference(values, torch.rand(2))


def test_bad_pairs_and_levels():
    with pytest.raises(ValueError, match="others: expected 3 values, got 2"):
        median_difference(torch.rand(3), torch.rand(2))
    for level in (0, 1, 2.0):
        with pytest.raises(ValueError, match="level: expected a number between 0 and 1"):
            median_interval(torch.rand(3), level=level)
