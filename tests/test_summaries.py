"""How the lessons say what they found: first arrivals, counts, medians."""

import pytest
import torch
from scipy.stats import binomtest
from steerlens_lessons.common.summaries import arrivals, counted, expect, quartiles, spread, table

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
    assert str(counted(torch.tensor([True] * 95 + [False] * 5))) == "95/100 [89%, 98%]"
    assert str(counted(torch.zeros(10, dtype=torch.bool))) == "0/10 [0%, 28%]"
    assert str(counted(torch.tensor([True] * 99 + [False]), 1)) == "99/100 [94.6%, 99.8%]"


@pytest.mark.parametrize("count, total", [(0, 1), (3, 7), (500, 500)])
def test_a_count_is_its_share(count, total):
    low, high = binomtest(count, total).proportion_ci(method="wilson")
    found = counted(torch.arange(total) < count, 2)
    assert (float(found), found.low, found.high) == (count / total, low, high)
    assert f"{found:>30}".endswith(f" {count}/{total} [{low:.2%}, {high:.2%}]")


def test_quartiles():
    assert str(quartiles(torch.tensor([5, 1, 3, 2, 4]))) == "3.00 [2.00, 4.00]"
    assert str(quartiles(torch.tensor([1.0, 2.0, 4.0, 8.0]), 1)) == "3.0 [1.8, 5.0]"
    assert str(spread(-0.25, -1, 0.125, 1)) == "-0.2 [-1.0, 0.1]"


def test_a_table_sorts_plots_and_exports_its_numbers():
    hits, values = torch.arange(10) < 3, torch.arange(1.0, 6)
    rows = {"a < b": {"n": 10, "right": counted(hits), "mean": 0.123456}}
    rows["c"] = {"n": 5, "right": counted(~hits), "mean": 1e-9}
    found = table(rows)
    assert list(found.sort_values("right", ascending=False).index) == ["c", "a < b"]
    assert found["right"].astype(float).tolist() == [0.3, 0.7]
    assert found.to_csv().splitlines()[1] == 'a < b,10,"3/10 [11%, 60%]",0.123456'
    shown = found.assign(spread=quartiles(values))._repr_html_()
    for part in ("a &lt; b", "3/10 <small>[11%, 60%]</small>", "0.123", "1e-09", "3.00 <small>[2.00, 4.00]"):
        assert part in shown, part


def test_claims_are_those_of_the_real_data():
    expect(False, False, torch.tensor([True, False]))
    expect(True, True, torch.tensor(3.0) > 2, torch.tensor([True, True]))
    with pytest.raises(AssertionError, match="claim 2 does not hold"):
        expect(True, True, torch.tensor([True, False]))
