"""Lesson 08: the protocol, the command that computes its tables, the stored ones, pictures and checks."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from steerlens_lessons.l08_confidence import checks, figures, make_table, measures
from steerlens_lessons.l08_confidence import table as tables

from steerlens.data import ImageData, records
from steerlens.evaluation import warp_energy

SHAPE, CLASSES = (16, 12), ("a", "b", "c", "d", "e")
EDITORS = 8


@pytest.fixture
def tiny(monkeypatch, classifier, images):
    """A protocol of random images and random classifiers, in the place of MNIST's."""
    x = (images(60, 1, *SHAPE, dtype=torch.float32) - 0.5).clamp(0, 1)
    nets = {name: classifier(SHAPE, dtype=torch.float32, seed=n) for n, name in enumerate("abc")}
    with torch.no_grad():
        for net in nets.values():
            net[-1].bias -= net(x).mean(0)
        labels = nets["a"](x).argmax(1)
    data = ImageData(x, labels, CLASSES, "random images")
    protocol = replace(
        tables.PROTOCOLS["mnist"],
        data=lambda: data,
        driver="a",
        robust_driver=None,
        judges=("b", "c"),
        sources=10,
        distances=(0.2, 0.5),
        padding=0,
        held=("pixel, held",),
    )
    monkeypatch.setitem(tables.PROTOCOLS, "tiny", protocol)
    monkeypatch.setattr(ImageData, "training_split", lambda self: self)
    monkeypatch.setattr(tables, "model", lambda name, recipe: nets[recipe])
    caches = tables.data, tables.case, tables.rows
    yield protocol
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def table():
    """Two rows, eight sources, two distances."""
    draws = torch.Generator().manual_seed(0)

    def values(p, seen, energy):
        return {
            "probability": torch.full((2, 8), p),
            "first": torch.tensor([seen, seen]),
            "second": torch.ones(2, 8),
            "energy": energy + 0.01 * torch.rand(2, 8, generator=draws),
            "energy with gain": torch.full((2, 8), 0.9),
            "attained": torch.ones(2, 8),
            "distance": torch.tensor([[1.0], [2.0]]).expand(2, 8),
        }

    rows = {"one": values(0.995, [1.0] * 6 + [0.0] * 2, 0.7), "two": values(0.5, [0.0] * 8, 0.4)}
    return tables.Table(rows, torch.arange(8), torch.arange(8), {"distances": [1.0, 2.0]})


# The protocol.
def test_a_smaller_case_is_the_beginning_of_the_whole(tiny):
    images, labels, targets = tables.case("tiny")
    few = tables.case("tiny", 5)
    assert len(images) == 10 and len(few[0]) == 5
    for part, whole in zip(few, (images, labels, targets), strict=True):
        assert torch.equal(part, whole[:5])
    assert labels.tolist() == [0, 1, 2, 3, 4] * 2 and (labels != targets).all()


def test_a_row_is_measured_at_every_distance(tiny):
    images, _, targets = tables.case("tiny", 5)
    found = tables.measured("tiny", "pixel", images, targets)
    assert set(found) == set(tables.MEASURES)
    assert all(values.shape == (2, 5) for values in found.values())
    assert (found["attained"] == 1).all()
    torch.testing.assert_close(
        found["distance"], torch.tensor([[0.2], [0.5]]).expand(2, 5), atol=6e-4, rtol=0
    )
    again = tables.measured("tiny", "pixel", images, targets, (0.5,))
    torch.testing.assert_close(again["energy"][0], found["energy"][1])


def test_edits_and_who_sees_them(tiny):
    images, _, targets = tables.case("tiny", 5)
    edited, p, seen, attained = tables.edits("tiny", "CSP joint", images, targets, 0.5)
    assert attained.all()
    driver, *judges = (tables.model("tiny", name) for name in "abc")
    row = torch.arange(5)
    with torch.no_grad():
        torch.testing.assert_close(p, driver(edited).softmax(1)[row, targets])
        for judge, column in zip(judges, seen.T, strict=True):
            assert torch.equal(judge(edited).argmax(1) == targets, column)


# The make_table.
@pytest.fixture
def here(monkeypatch, tmp_path):
    """Tables go to a folder of their own, and are computed in this process."""
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    monkeypatch.setattr(make_table, "PART", 5)
    monkeypatch.setattr(make_table, "ProcessPoolExecutor", lambda *args: ThreadPoolExecutor(1))
    monkeypatch.setattr(make_table, "__spec__", type("Spec", (), {"name": "the command"}))
    return tmp_path


@pytest.fixture
def few_rows(monkeypatch, tiny):
    some = {row: tables.rows("tiny")[row] for row in ("pixel", "noise")}
    monkeypatch.setattr(tables, "rows", lambda name: some)


def test_the_table_is_computed_stored_and_loaded(few_rows, here):
    assert make_table.compute("tiny", build=here / "parts") == here / "confidence-tiny.safetensors"
    table = tables.load("tiny")
    assert list(table.values) == ["pixel", "noise"]
    images, labels, targets = tables.case("tiny")
    assert torch.equal(table.labels, labels) and torch.equal(table.targets, targets)
    fresh = tables.measured("tiny", "pixel", images[:5], targets[:5])
    for kind, values in fresh.items():
        torch.testing.assert_close(table.values["pixel"][kind][:, :5], values)
    assert table.record["command"] == "python -m the command tiny"
    assert table.record["seconds"] is not None and set(table.record["core_seconds"]) == {"pixel", "noise"}
    assert table.column(0.5) == 1


def test_an_interrupted_run_goes_on_where_it_stopped(few_rows, here, monkeypatch):
    make_table.compute("tiny", build=here / "parts")
    first = tables.load("tiny")
    calls, whole = [], make_table.measured

    def counted(name, row, images, targets):
        calls.append(row)
        return whole(name, row, images, targets)

    monkeypatch.setattr(make_table, "measured", counted)
    next((here / "parts").rglob("noise-1.safetensors")).unlink()
    make_table.compute("tiny", build=here / "parts")
    assert calls == ["noise"]
    again = tables.load("tiny")
    assert again.record["sha256"] == first.record["sha256"] and again.record["seconds"] is None


def test_named_rows_are_computed_and_the_others_kept(few_rows, here, monkeypatch):
    make_table.compute("tiny", build=here / "parts")
    before, calls, whole = tables.load("tiny"), [], make_table.measured
    monkeypatch.setattr(
        make_table, "measured", lambda name, row, *case: calls.append(row) or whole(name, row, *case)
    )
    make_table.compute("tiny", ["noise"], build=here / "other parts")
    assert set(calls) == {"noise"}
    after = tables.load("tiny")
    assert after.record["sha256"] == before.record["sha256"] and after.record["seconds"] is None
    assert set(after.record["core_seconds"]) == {"pixel", "noise"}
    with pytest.raises(ValueError, match="ROW: expected one of 'pixel', 'noise', got 'nosie'"):
        make_table.compute("tiny", ["nosie"], build=here / "parts")


def test_parts_of_other_code_are_not_used(few_rows, here, monkeypatch):
    make_table.compute("tiny", build=here / "parts")
    monkeypatch.setattr(make_table, "_code_digest", lambda: "another")
    monkeypatch.setattr(make_table, "measured", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make_table.compute("tiny", build=here / "parts")


def test_a_damaged_table_is_refused(few_rows, here):
    path = make_table.compute("tiny", build=here / "parts")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match=r"confidence-tiny.*sha256|SHA-256"):
        tables.load("tiny")


# The stored tables.
@pytest.mark.parametrize("name, sources", [("mnist", 300), ("fer2013", 200)])
def test_stored_tables_are_whole(name, sources):
    table, protocol = tables.load(name), tables.PROTOCOLS[name]
    assert list(table.values) == table.record["rows"] == list(tables.rows(name))
    assert table.record["sources"] == sources and table.record["distances"] == list(protocol.distances)
    assert (table.labels != table.targets).all()
    distances = torch.tensor(protocol.distances)[:, None]
    for values in table.values.values():
        assert set(values) == set(tables.MEASURES)
        assert all(v.shape == (len(distances), sources) and v.isfinite().all() for v in values.values())
        off = (values["distance"] - distances).abs()
        assert off[values["attained"] > 0].max() <= 6e-4
        assert (values["distance"] <= distances + 6e-4).all()


def test_eight_editors_take_at_most_twenty_minutes_on_two_cores():
    """As the stored record says: the sum over the editors' rows, on one core each."""
    table = tables.load("mnist")
    rows = [row for row in list(table.values)[:EDITORS]]
    assert sum(table.record["core_seconds"][row] for row in rows) <= 2 * 20 * 60


# Known warps.
def test_wavy_warps_are_smooth(images):
    sources = torch.nn.functional.pad(images(4, 1, 6, 6, dtype=torch.float32), [11] * 4)
    sources = torch.nn.functional.avg_pool2d(sources, 5, stride=1, padding=2)
    warped = measures.wavy_warps(sources, 1.0)
    assert warped.shape == sources.shape and not torch.equal(warped, sources)
    assert warp_energy(sources, warped, progress=False).median() > 0.99
    assert torch.allclose(measures.wavy_warps(sources, 0.0), sources, atol=1e-5)


@pytest.mark.parametrize("kind", measures.KINDS)
def test_gap_of_medians_is_the_largest(table, kind):
    live = {kind: values[1:, :4] + 0.125 for kind, values in table.values["one"].items()}
    assert measures.gap(table, "one", 2.0, live) == pytest.approx(0.125, abs=1e-5)
    live[kind] = live[kind] - 0.375
    assert measures.gap(table, "one", 2.0, live) == pytest.approx(0.25, abs=1e-5)


# Print and pictures.
def test_rows_in_print(table, capsys):
    measures.print_rows(table, 2.0)
    out = capsys.readouterr().out
    assert "L2 = 2" in out and "6/8 [41%, 93%]" in out and "0/8" in out


def test_paired_differences(table, capsys):
    found = measures.print_paired(table, "one", ["two"], 2.0)
    share, energy, gain = found["two"]
    assert share[0] == pytest.approx(0.75) and 0 < share[1] <= share[0] <= share[2]
    assert energy[0] == pytest.approx(0.3, abs=0.02) and energy[1] > 0.25
    assert gain == (0, 0, 0)
    assert "two" in capsys.readouterr().out


def test_published_figures_stand_beside_ours(capsys):
    measures.print_published(tables.load("mnist"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(measures.PUBLISHED) and "10" in lines[1]


def test_trade_off_has_a_point_for_each_row(table):
    (legend,) = figures.trade_off(table, 2.0).legends
    assert [text.get_text() for text in legend.get_texts()] == ["1  one", "2  two"]


def test_edit_grid(images):
    x = images(3, 1, 8, 8)
    seen = torch.tensor([[True, False], [True, True], [False, False]])
    figure = figures.edit_grid(x, {"pixel": (x, torch.tensor([0.1, 0.2, 0.3]), seen)}, ["a", "b", "c"])
    assert len(figure.axes) == 6
    assert [ax.get_xlabel() for ax in figure.axes] == ["a", "b", "c", "0.10 ✓–", "0.20 ✓✓", "0.30 ––"]


# The exercises.
def test_check_distance(says, tells, solved):
    x = torch.zeros(1, 1, 28, 28)
    assert says(checks.check_distance, 2.8, x, x + 0.1) == "Right"
    assert says(checks.check_distance, 7.84, x, x + 0.1) == "Not yet"
    tells(checks.check_distance, x, x + 0.1)
    assert "Right" in solved("08", 1, x=x, edited=x + 0.1)


def test_check_share(says, table, tells, solved):
    assert says(checks.check_share, 0.25, table, "one", 2.0) == "Right"
    for wrong in (0.75, 1.0, "0.25 of them"):
        assert says(checks.check_share, wrong, table, "one", 2.0) == "Not yet"
    tells(checks.check_share, table, "one", 2.0)
    values = {key: value[[0, 0, 1]] for key, value in table.values["one"].items()}
    lesson = tables.Table({"pixel": values}, table.labels, table.targets, {"distances": [1.0, 2.0, 4.0]})
    assert "Right" in solved("08", 2, mnist=lesson)


def test_check_fooled(says, classifier, images, tells, solved):
    source = images(1, 1, 28, 28, dtype=torch.float32)
    driver, judge = (classifier((28, 28), classes=10, dtype=torch.float32, seed=n) for n in (0, 1))
    target = (judge(source).argmax(1).item() + 1) % 10
    case = (driver, [judge, judge], source, target)
    assert says(checks.check_fooled, source, *case) == "Not yet"
    with torch.no_grad():
        driver[-1].bias[target] += 100
    assert says(checks.check_fooled, source, *case) == "Right"
    assert says(checks.check_fooled, source + 1, *case) == "Not yet"  # outside [0, 1]
    assert says(checks.check_fooled, 1 - source, *case) == "Not yet"  # too far
    assert says(checks.check_fooled, source[0], *case) == "Not yet"
    wrong = (driver, [judge, driver], source, target)  # one judge sees the target
    assert says(checks.check_fooled, source, *wrong) == "Not yet"
    tells(checks.check_fooled, *case)
    nets = [classifier((28, 28), classes=10, dtype=torch.float32) for _ in range(2)]
    with torch.no_grad():
        for net, convinced in zip(nets, (9, 0), strict=True):
            net[-1].bias[convinced] += 100
    lesson = {"driver": nets[0], "x": source.expand(8, 1, 28, 28), "editors": {"pixel": None}}
    lesson["matched_edit"] = lambda driver, x, *_: (x, None)
    lesson["table"] = SimpleNamespace(model=lambda *_: nets[1], judged=lambda *_: ())
    lesson["figures"] = SimpleNamespace(edit_grid=lambda *_: None)
    assert "Right" in solved("08", 3, targets=[9] * 8, captions=[""] * 8, **lesson)


def test_check_conclusion(says, tells, solved):
    assert says(checks.check_conclusion, "(c)"[1]) == "Right"
    assert [says(checks.check_conclusion, wrong) for wrong in "abd"] == ["Not yet"] * 3
    tells(checks.check_conclusion)
    assert "Right" in solved("08", 4)
