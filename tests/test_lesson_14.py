"""Lesson 14: what units see, pictures kept on sheets, what is measured on them, the check of its exercise."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from steerlens_lessons.common.sheets import Sheet
from steerlens_lessons.l14_channels import checks, classes, measures, own, units

import steerlens as sl
from steerlens import objectives
from steerlens.data import records


@pytest.fixture(scope="module")
def reality():
    """The lesson's subject with SqueezeNet; skips where weights and photographs are not at hand."""
    this = measures.subject()
    if not this.real:
        pytest.skip("needs SqueezeNet's weights and the photographs: STEERLENS_DATA names no folder of them")
    return this


@pytest.mark.parametrize("layer", units.LAYERS)
def test_a_place_sees_its_frame_and_nothing_else(layer, reality):
    x = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0)).requires_grad_()
    found = objectives.activations(reality.front(layer), x, layer)
    row, column = found.shape[2] // 2, found.shape[3] // 2 - 1
    (slope,) = torch.autograd.grad(found[0, :, row, column].sum(), x)
    top, left, side = units.frame(layer, row, column)
    rows, columns = slope[0].abs().sum(0).nonzero().T
    assert top <= rows.min() and rows.max() < top + side
    assert left <= columns.min() and columns.max() < left + side
    assert rows.max() - rows.min() > 0.7 * side  # the frame is no larger than it must be; paths may be off


@pytest.mark.parametrize("layer", units.LAYERS)
def test_the_front_of_the_network_is_the_network(layer, reality):
    x = reality.images[:2]
    front = objectives.activations(reality.front(layer), x, layer)
    assert torch.equal(front, objectives.activations(reality.model, x, layer))


def test_exciting_finds_planted_places():
    found = torch.zeros(5, 2, 6, 7)
    found[3, 0, 4, 1], found[1, 0, 0, 6], found[4, 1, 5, 5] = 3.0, 2.0, 1.0
    best = units.exciting(found, 2)
    assert best.photographs[0].tolist() == [3, 1] and best.values[0].tolist() == [3, 2]
    assert (best.rows[0].tolist(), best.columns[0].tolist()) == ([4, 0], [1, 6])
    assert (best.photographs[1, 0], best.rows[1, 0], best.columns[1, 0]) == (4, 5, 5)


def test_nearest_is_by_direction_from_the_mean():
    known = torch.tensor([[2.0, 0.0], [0.0, 2.0], [-2.0, 0.0], [0.0, -2.0]]) + 5
    order, cosines = classes.nearest(torch.tensor([[5.1, 5.0], [5.0, 4.0]]), known)
    assert order[0, 0] == 0 and order[1, 0] == 3 and order[0, -1] == 2
    assert torch.allclose(cosines[:, 0], torch.ones(2)) and (cosines.diff(dim=1) <= 0).all()


def test_alike_is_correlation_of_pixels(images):
    x = images(4, 1, 8, 8)
    order, values = own.alike(0.5 * x + 0.2, x)
    assert order[:, 0].tolist() == [0, 1, 2, 3] and torch.allclose(values[:, 0], torch.ones(4).to(values))
    expected = torch.corrcoef(x.flatten(1))
    assert torch.allclose(values[0], expected[0][order[0]])


def test_specificity_is_that_of_the_data_itself(classifier, images):
    model, x = (
        classifier((16, 16), channels=3, dtype=torch.float32),
        images(12, 3, 16, 16, dtype=torch.float32),
    )
    layer = next(name for name, module in model.named_modules() if isinstance(module, torch.nn.Conv2d))
    spectrum = sl.maco.spectra.magnitude_spectrum(x)
    this = measures.Subject(model, x, (layer, layer), 0, spectrum, {}, False)
    means = objectives.activations(model, x, layer).mean((2, 3))
    scaled = (means - means.mean(0)) / means.std(0)
    channels = [2, 0, 1]
    assert torch.equal(measures.specificity(this, layer, channels, x), scaled[:, channels].argmax(1))


def test_the_lesson_runs_on_digits_where_there_are_no_weights(monkeypatch):
    monkeypatch.setattr(measures.imagenet, "pretrained", lambda name: None)
    this = measures.subject()
    assert not this.real
    this = replace(this, how=this.how | {"steps": 2})
    drawn = this.drawn(this.layers[1], "channel", range(2)).images
    shown = measures.examples(this, this.layers[1], range(2), drawn)
    assert list(shown) == ["channel 0", "channel 1"]
    assert all(len(row) == 5 and row[0].shape == row[4].shape == (1, 28, 28) for row in shown.values())


@pytest.mark.parametrize("sheet", [classes.DRAWN, units.DRAWN, own.DRAWN])
def test_a_stored_sheet_is_complete(sheet):
    rows, record = sheet.read()
    assert rows.index.is_unique and record["command"] == "make tables"
    tiles = sheet.pictures()
    assert len(rows) <= len(tiles) < len(rows) + sheet.across
    assert tiles.shape[1:] == (3, sheet.tile, sheet.tile)
    assert (tiles[: len(rows)].flatten(1).std(1) > 0.02).all() and (tiles[len(rows) :] < 0.1).all()


def test_the_stored_classes():
    rows, record = classes.DRAWN.read()
    assert rows.index.tolist() == classes.CLASSES[: len(rows)] and len(rows) >= 100
    assert record["settings"] == {**classes.SETTINGS, "sides": list(classes.SETTINGS["sides"])}
    assert rows["rank"].between(1, 1000).all() and (rows["rank"][rows["probability"] > 0.5] == 1).all()
    photographed = rows[rows["place_of_own"].notna()]
    assert photographed.index.tolist() == list(range(3, 1000, 10))
    first = photographed[photographed["place_of_own"] == 1]
    assert (first["near_0"] == first.index).all()


def test_the_stored_units():
    rows, _ = units.DRAWN.read()
    assert len(rows) == len(units.LAYERS) * len(units.KINDS) * units.COUNT
    channels = rows.xs("channel", level="kind")
    assert (channels["activation"] > channels["most"]).all()
    assert ((rows["deviations"] > 0) | (rows["place"] > 1)).all()


def test_the_stored_classes_of_our_own():
    rows, _ = own.DRAWN.read()
    assert [key for key in rows.index] == [
        (source, name, label)
        for source, names in own.NETWORKS.items()
        for name in names
        for label in range(10 if source == "MNIST" else 2)
    ]
    assert (rows["agree"] <= rows["judges"]).all() and (rows["correlation_0"] >= rows["correlation_3"]).all()


OTHER_MACHINE = 0.15  # relative difference of an early score, which rounding alone may make


def early(goal, spectrum, settings):
    """The mean score of the views at the step that another machine finds again."""
    scores = []

    class EnoughError(Exception):
        pass

    def recorded(views):
        scores.append(goal.score(views))
        return scores[-1]

    def stop(step, _):
        if step > classes.EARLY:
            raise EnoughError

    with pytest.raises(EnoughError):
        sl.maco.maco(objectives.Objective(recorded), spectrum, **settings, watch=stop, progress=False)
    return scores[classes.EARLY].mean().item()


def test_an_early_score_of_a_class_is_found_again(reality):
    spectrum = sl.maco.spectra.magnitude_spectrum(sl.data.photos(classes.CANVAS).images)
    expected = classes.DRAWN.read()[0].loc[53, "early_score"]
    found = early(objectives.logit(reality.model, 53), spectrum, classes.SETTINGS)
    assert found == pytest.approx(expected, rel=OTHER_MACHINE, abs=1)


@pytest.mark.parametrize("kind", units.KINDS)
def test_an_early_score_of_a_unit_is_found_again(kind, reality):
    layer = units.LAYERS[1]
    goal = units.KINDS[kind](reality.front(layer), layer, 42)
    expected = units.DRAWN.read()[0].loc[(layer, kind, 42), "early_score"]
    assert early(goal, reality.spectrum, units.SETTINGS) == pytest.approx(expected, rel=OTHER_MACHINE, abs=20)


def test_a_picture_is_measured_as_it_was(reality):
    drawer = units.Drawer.at_hand()
    rows, pictures = units.DRAWN.read()[0], units.DRAWN.pictures()
    key = (units.LAYERS[1], "channel", 42)
    found = drawer.measures(pictures[rows.index.get_loc(key)][None], *key)
    assert found["most"] == pytest.approx(rows.loc[key, "most"], rel=1e-3, abs=0.1)
    assert found["activation"] > rows.loc[key, "most"]  # from a small JPEG, too


def test_an_interrupted_sheet_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path / kind)
    sheet, calls = Sheet("tiny", ("name", "number"), tile=8, across=2), []

    def draw(name, number):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append((name, number))
        return {"value": number / 4}, torch.full((1, 5, 5), number / 4)

    todo = [("a b", 0), ("a b", 1), ("c", 2)]
    work = tmp_path / "build" / "table.csv"
    with pytest.raises(KeyboardInterrupt):
        sheet.compute(work, todo, draw, progress=False)
    calls.pop()
    rows = sheet.compute(work, todo, draw, progress=False)
    assert rows["value"].tolist() == [0, 0.25, 0.5] and calls == [("a b", 0), ("c", 2)]
    sheet.keep(work, todo, {"command": "make tables"}, quality=95)
    kept, record = sheet.read()
    assert kept["value"].tolist() == [0, 0.25, 0.5] and record["command"] == "make tables"
    tiles = sheet.pictures()
    assert torch.allclose(tiles.mean((1, 2, 3)), torch.tensor([0, 0.25, 0.5, 0]), atol=0.02)
    empty = sheet.compute(tmp_path / "other.csv", [], draw, progress=False)
    assert list(empty) == ["name", "number"] and isinstance(empty, pd.DataFrame)


def test_a_damaged_sheet_is_refused(tmp_path, monkeypatch):
    for suffix in (".csv", ".json", ".jpg"):
        path = own.DRAWN.path.with_suffix(suffix)
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    for suffix, read in ((".jpg", own.DRAWN.pictures), (".csv", own.DRAWN.read)):
        path = own.DRAWN.path.with_suffix(suffix)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(ValueError, match="damaged or altered"):
            read()


def test_check_seen(says, tells, solved):
    block = [(3, 1)] * 3
    layers = [(7, 2), (3, 2), *block, (3, 2), *block]
    assert says(checks.check_seen, 91, layers) == "Right"
    assert says(checks.check_seen, torch.tensor(35), layers[:5]) == "Right"
    for wrong in (90, 109, 8, 27, "91 pixels", None):
        assert says(checks.check_seen, wrong, layers) == "Not yet"
    tells(checks.check_seen, layers)
    assert "Right" in solved("14", 1)


def test_check_alone(says, tells, solved, classifier, images):
    model, x = (
        classifier((16, 16), channels=3, dtype=torch.float32),
        images(3, 3, 16, 16, dtype=torch.float32),
    )
    layer = next(name for name, module in model.named_modules() if isinstance(module, torch.nn.Conv2d))
    case = (model, layer, 2, x)
    one, mean = objectives.neuron(model, layer, 2), objectives.channel(model, layer, 2)
    assert says(checks.check_alone, one - mean, *case) == "Right"
    for wrong in (one + mean, mean - one, one, mean, 2 * one - mean, "neuron", 3):
        assert says(checks.check_alone, wrong, *case) == "Not yet"
    tells(checks.check_alone, *case)
    subject = SimpleNamespace(channel=2, images=x, front=lambda layer: model)
    assert "Right" in solved("14", 2, late=layer, subject=subject)


def test_check_most_excited(says, tells, solved):
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([1.0, 10, 0.1, 5])
    known = scale * torch.randn(30, 4, generator=generator)
    values = torch.tensor([[0.0, 5, 0.3, 4], [2.5, 3, 0, 6], [0, -3, 0.2, 30]])
    right = ((values - known.mean(0)) / known.std(0)).argmax(1)
    assert says(checks.check_most_excited, right, values, known) == "Right"
    assert says(checks.check_most_excited, right.tolist(), values, known) == "Right"
    for wrong in (values.argmax(1), right + 1, right[0], None):
        assert says(checks.check_most_excited, wrong, values, known) == "Not yet"
    tells(checks.check_most_excited, values, known)
    subject = SimpleNamespace(images=torch.cat([known[:20], values])[..., None, None])
    same = {"activations": lambda front, layer, part: part, "front": None, "late": ""}
    assert "Right" in solved("14", 3, subject=subject, **same)
