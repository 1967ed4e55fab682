"""Lesson 15, tokens: what is measured on a transformer, the stored table, the check of the exercise."""

from dataclasses import replace

import pytest
import torch
from steerlens_lessons.common.activations import activations
from steerlens_lessons.l15_tokens import checks, table, tokens

import steerlens as sl
from steerlens import objectives
from steerlens.classifiers import networks
from steerlens.data import records
from steerlens.maco.spectra import magnitude_spectrum
from steerlens.morphs.scores import batched_logits


@pytest.fixture(scope="module")
def digits():
    return sl.data.small_digits()


@pytest.fixture(scope="module")
def vit(digits):
    return sl.models.load("vit", digits)


def test_activations_without_gradients(vit, digits):
    found = activations(vit, tokens.UNITS[2], digits.images[:6])
    assert not found.requires_grad
    expected = objectives.activations(vit, digits.images[:6], tokens.UNITS[2])
    assert torch.allclose(found, expected, atol=1e-4)


def test_one_unit_at_several_tokens(vit, digits):
    layer, x = tokens.UNITS[1], digits.images[:6]
    found = tokens.at_tokens(vit, layer, (5, 9), (0, 3, 16))(x)  # six visualisations
    for row, (unit, token) in enumerate((u, t) for u in (5, 9) for t in (0, 3, 16)):
        expected = objectives.neuron(vit, layer, unit, token)(x)[0, row]
        assert torch.allclose(found[row, 0], expected, atol=1e-5)


def test_most_active_units_and_their_digits(images):
    found = torch.zeros(30, 5)
    found[:12, 3], found[10:25, 1], found[4, 0] = 2, 1, 9
    found[7, 3], found[11, 1] = 5, 4
    units, best = tokens.most_active(found, 2, digits=1)
    assert units.tolist() == [3, 1] and best.tolist() == [[7], [11]]


def test_shares_of_patches():
    maps = torch.zeros(16, 28, 28)
    for token in range(16):
        row, column = divmod(token, 4)
        maps[token, 7 * row : 7 * row + 7, 7 * column : 7 * column + 7] = 1 + token
    divided = tokens.shares(maps)
    assert torch.allclose(divided, torch.eye(16))
    assert torch.allclose(tokens.own_share(divided), torch.ones(16))
    assert torch.allclose(tokens.away(divided), torch.zeros(16))
    even = tokens.shares(torch.ones(16, 28, 28))
    assert torch.allclose(even, torch.full((16, 16), 1 / 16))
    corner = sum((r**2 + c**2) ** 0.5 for r in range(4) for c in range(4)) / 16
    assert tokens.away(even)[0].item() == pytest.approx(corner)


def test_tokens_that_look_at_the_same(images):
    divided = images(3, 4, 9)
    same = divided[:, :1].expand(-1, 4, -1)
    assert torch.allclose(tokens.alike(same), torch.ones(3).double())
    pairs = torch.corrcoef(divided[1])
    assert tokens.alike(divided)[1].item() == pytest.approx(pairs[~torch.eye(4, dtype=bool)].mean().item())


def test_purity():
    labels = torch.tensor([0] * 10 + [1] * 10)
    found = torch.stack([torch.arange(20.0), (torch.arange(20) % 10).float()], 1)
    assert tokens.purity(found, labels, first=4).tolist() == [1, 0.5]


def test_what_a_token_looks_at(vit, digits, monkeypatch):
    monkeypatch.setattr(tokens, "WHOLE", tokens.WHOLE | {"steps": 2})
    held = magnitude_spectrum(digits.images[:100])
    found, divided = tokens.looked_at(vit, tokens.BEFORE[0], (5, 9), held)
    assert found.images.shape == (32, 1, 28, 28)
    for kind in ("look", "change"):
        assert divided[kind].shape == (2, 16, 16)
        assert torch.allclose(divided[kind].sum(2), torch.ones(2, 16), atol=1e-5)
    alone = tokens.shares(found.transparency[16:])  # of the second unit
    assert torch.equal(divided["look"][1], alone)


@pytest.mark.parametrize("make", [sl.data.digits, sl.data.small_digits])
def test_the_stored_table(make):
    digits = make()
    rows, record = (
        table.stored(digits),
        records.read(
            records.committed("results") / f"tokens-{records.slug(digits.source)}.csv", table.REMEDY
        ),
    )
    keys = rows[["driver", "method", "seed", "class"]]
    assert len(rows) == len(keys.drop_duplicates()) == 3 * 3 * len(table.SEEDS) * 10
    assert record["methods"] == table.METHODS and record["data"] == digits.source
    assert record["settings"] == {**tokens.HOW, "sides": list(tokens.HOW["sides"])}
    for judge in table.JUDGES:
        assert rows[judge].between(0, 9).all()
    pictures = table.stored_pictures(digits)
    assert len(pictures) == 9 and {picture.shape for picture in pictures.values()} == {(10, 1, 28, 28)}
    nets = table.networks(digits)
    for (driver, method), images in pictures.items():  # the table's own pictures, but for rounding to bytes
        first = rows[(rows["driver"] == driver) & (rows["method"] == method) & (rows["seed"] == 0)]
        seen = batched_logits(nets[driver], images).argmax(1).numpy()
        assert (seen == first[driver].to_numpy()).sum() >= 9


@pytest.mark.parametrize("method", table.METHODS)
def test_early_scores_of_the_table_are_found_again(method):
    """Later ones depend on every rounding."""
    digits = sl.data.digits()
    held = magnitude_spectrum(digits.images[: table.SPECTRUM])
    rows, drawing = table.drawn(table.networks(digits), digits, held, "vit", method, 1)
    stored = table.stored(digits).set_index(["driver", "method", "seed"]).loc[("vit", method, 1)]
    assert list(rows)[3:] == list(stored) and drawing.images.shape == (10, 1, 28, 28)
    gap = (rows["early_score"] - stored["early_score"].to_numpy()).abs().median()
    assert gap < 0.15 * stored["early_score"].abs().median() + 0.05


def test_a_damaged_table_is_refused(tmp_path, monkeypatch, digits):
    path = records.committed("results") / f"tokens-{records.slug(digits.source)}.csv"
    (tmp_path / path.name).write_bytes(path.read_bytes()[:-1])
    (tmp_path / path.name).with_suffix(".json").write_bytes(path.with_suffix(".json").read_bytes())
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    with pytest.raises(ValueError, match="damaged or altered"):
        table.stored(digits)


def test_tables_are_written_with_their_records(tmp_path, monkeypatch, digits):
    few = replace(digits, images=digits.images[:60], labels=digits.labels[:60])
    monkeypatch.setattr(table.datasets, "digits", lambda: few)
    monkeypatch.setattr(table.datasets, "small_digits", lambda: few)
    monkeypatch.setattr(table, "SEEDS", range(1))
    monkeypatch.setattr(table, "NETWORKS", ("mlp",))
    monkeypatch.setattr(table, "HOW", tokens.HOW | {"steps": table.EARLY + 1, "crops": 1})
    net, held = networks.mlp().eval(), magnitude_spectrum(few.images)
    monkeypatch.setattr(table.models, "load", lambda name, data: net)
    committed = records.committed("results")
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    table.main()
    rows, pictures = table.stored(few), table.stored_pictures(few)
    monkeypatch.setattr(records, "committed", lambda kind: committed)
    assert len(rows) == 30 and list(rows) == list(table.stored(digits))
    assert list(pictures) == [("mlp", method) for method in table.METHODS]
    found = table.drawn(dict.fromkeys(table.JUDGES, net), few, held, "mlp", "pixels", 0)[1]
    assert (pictures["mlp", "pixels"] - found.images).abs().max() <= 1 / 255


def test_shares_by_class():
    classes = torch.arange(4).repeat(5)
    hits = classes < 3
    assert tokens.by_class(hits, classes).tolist() == [1, 1, 1, 0]
    found = tokens.mean_share(tokens.by_class(hits, classes))
    assert float(found) == 0.75 and found.low <= 0.5 and found.high == 1 and found.text == "75%"
    assert float(tokens.mean_share(torch.ones(4), torch.ones(4))) == 0


def test_images_in_a_mosaic(images):
    x = images(16, 1, 5, 6)
    found = tokens.mosaic(x)
    assert found.shape == (1, 28, 32)
    for n in (0, 6, 15):
        row, column = divmod(n, 4)
        part = found[:, 7 * row + 1 : 7 * row + 6, 8 * column + 1 : 8 * column + 7]
        assert torch.equal(part, x[n])
    assert torch.equal(tokens.strip(x[:4]), found[:, :7])
    bright = tokens.brightened(3 * x[:, 0])
    assert bright.shape == x.shape and bright.min() >= 0 and bright.max() == 1


def test_check_class_direction(says, vit, digits, tells, solved):
    x = digits.images[:20]
    case = (vit, x, 3)
    w = vit.heads.head.weight[3]
    right = objectives.direction(vit, "encoder.ln", w, place=0)
    assert says(checks.check_class_direction, right, *case) == "Right"
    scaled = objectives.direction(vit, "encoder.ln", 7 * w, place=0)
    assert says(checks.check_class_direction, scaled, *case) == "Right"
    for wrong in (objectives.logit(vit, 3), objectives.direction(vit, "encoder.ln", w), "encoder.ln", w):
        assert says(checks.check_class_direction, wrong, *case) == "Not yet"
    tells(checks.check_class_direction, *case)
    assert "Right" in solved("15", 1, objectives=objectives, vit=vit, some=digits.images)


def test_check_count(says, tells, solved):
    assert says(checks.check_count, 197, 224, 16) == "Right"
    for wrong in (196, 14, 224**2, 198, "197 tokens", None):
        assert says(checks.check_count, wrong, 224, 16) == "Not yet"
    tells(checks.check_count, 224, 16)
    assert "Right" in solved("15", 2)


def test_check_attention(says, tells, solved):
    Q, K = torch.randn(2, 2, 3, 5, 16, generator=torch.Generator().manual_seed(0))
    right = torch.softmax(Q[0] @ K[0].mT / 4, -1)
    assert torch.allclose(right.sum(-1), torch.ones(3, 5))
    assert says(checks.check_attention, right, Q[0], K[0]) == "Right"
    for wrong in (right.mT, torch.softmax(Q[0] @ K[0].mT, -1), right[0], 1, None):
        assert says(checks.check_attention, wrong, Q[0], K[0]) == "Not yet"
    tells(checks.check_attention, Q[0], K[0])
    assert "Right" in solved("15", 3, Q=Q, K=K)
