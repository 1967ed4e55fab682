"""Lesson 13: suspicions of labels, tables by pair of classes, what is stored, the checks of its exercises."""

import numpy as np
import pandas as pd
import pytest
import torch
from steerlens_lessons.l13_atlas import checks, faces, labels, maps, table
from torch import nn

import steerlens as sl

NEVER = np.nan
PAIRS = pd.DataFrame(
    [  # image, label, source, target, distance_half
        (0, 0, 0, 1, 2.0),
        (0, 0, 0, 2, NEVER),
        (1, 0, 0, 1, 4.0),
        (1, 0, 0, 2, 3.0),
        (2, 1, 1, 0, 1.0),
        (2, 1, 1, 2, NEVER),
        (3, 2, 1, 0, 0.5),
        (3, 2, 1, 2, 7.0),
        (4, 2, 0, 1, 0.5),
        (4, 2, 0, 2, NEVER),
    ],
    columns=["image", "label", "source", "target", "distance_half"],
)


# Labels.
def test_the_list_of_errors_is_one_of_images_that_people_saw():
    assert len(labels.SHOWN) == len(set(labels.SHOWN)) == 100 and len(labels.MISLABELLED) == 15
    assert set(labels.MISLABELLED) < set(labels.SHOWN) and max(labels.SHOWN) < 10_000


def test_suspicion_is_the_way_to_the_label_or_minus_the_way_to_another_class():
    assert labels.suspicion(PAIRS).tolist() == [-2, -3, -1, 7, np.inf]
    reversed_ = PAIRS.iloc[::-1].assign(distance_half=PAIRS["distance_half"].astype("float32"))
    assert labels.suspicion(reversed_).tolist() == [-2, -3, -1, 7, np.inf]


def test_suspects_are_the_label_or_the_second_choice():
    logits = torch.tensor([[3.0, 1, 2], [1, 3, 2], [1, 2, 3]])
    assert labels.suspects(logits, torch.tensor([0, 0, 2])).tolist() == [2, 0, 1]


def test_the_straight_line_ends_the_lead_of_a_linear_model():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).double()
    x, targets = torch.rand(20, 1, 8, 8, dtype=torch.float64), torch.arange(20) % 3
    found, source = labels.linear_distance(model, x, targets, batch=7), model(x).argmax(1)
    assert torch.equal(found.isnan(), source == targets)
    weights = model[1].weight.detach()
    away = weights[targets] - weights[source]
    moved = x + (found / away.norm(dim=1)).nan_to_num()[:, None, None, None] * away.view(-1, 1, 8, 8)
    scores = model(moved).gather(1, torch.stack([source, targets], 1))
    assert torch.allclose(scores[:, 0], scores[:, 1])
    assert labels.signed(torch.tensor([1.0, torch.nan, 2.0]), torch.tensor([True, True, False])).tolist() == [
        1,
        torch.inf,
        -2,
    ]


def test_rankings_count_what_they_hold():
    order = labels.ranked(torch.tensor([1.0, 3, 2, 3]), torch.tensor([0.0, 1, 0, 2]))
    assert order.tolist() == [3, 1, 2, 0]  # equal ones by their loss
    errors = np.zeros(300, bool)
    errors[[0, 5, 150]] = True
    row = labels.found({"all": np.arange(300)}, errors, (1, 4, 10)).loc["all"]
    assert [row[f"of the first {n}"].text for n in (1, 4, 10)] == ["1/1", "1/4", "2/10"]
    assert row["errors in the first 100"].text == "2/3"
    assert labels.place(np.arange(300), errors).value == pytest.approx(5 / 300)


def test_every_ranking_finds_planted_labels():
    digits = sl.data.small_digits()
    lenet = sl.models.load("lenet", digits)
    given, errors = labels.planted(digits.labels, 10, seed=1)
    assert errors.sum() == 10 and ((given != digits.labels).numpy() == errors).all() and given.max() < 10
    assert torch.equal(labels.planted(digits.labels, 10, seed=1)[0], given)
    with torch.no_grad():
        logits = lenet(digits.images)
    order = labels.confident_learning(given, logits.softmax(1))
    assert sorted(order) == list(range(len(digits))) and errors[order[:12]].sum() >= 9
    line = labels.linear_distance(lenet, digits.images, labels.suspects(logits, given))
    loss = nn.functional.cross_entropy(logits, given, reduction="none")
    order = labels.ranked(labels.signed(line, logits.argmax(1) != given), loss)
    assert errors[order[:12]].sum() >= 9


# Maps.
def test_maps_by_pair_of_classes():
    arrive, away = maps.arriving(PAIRS), maps.medians(PAIRS)
    assert arrive.loc[0, 1] == 1 and arrive.loc[0, 2] == pytest.approx(1 / 3) and np.isnan(arrive.loc[0, 0])
    assert maps.arriving(PAIRS, 2).loc[0, 1] == pytest.approx(2 / 3)
    assert away.loc[0, 1] == 2 and np.isinf(away.loc[0, 2]) and away.loc[1, 2] == np.inf
    one, other = (pd.DataFrame(np.arange(25.0).reshape(5, 5) ** power) for power in (1, 3))
    assert maps.alike(one, other).value == pytest.approx(1)


def test_classes_are_as_far_apart_as_their_means():
    images = torch.zeros(4, 1, 2, 2)
    images[2:, 0, 0] = 0.5
    apart = maps.between_means(images, torch.tensor([3, 3, 7, 7]))
    assert apart.loc[3, 7] == apart.loc[7, 3] == pytest.approx(0.5**0.5) and np.isnan(apart.loc[3, 3])


# Faces.
def test_pictures_under_two_labels_and_of_one_grey(images):
    assert faces.conflicting(torch.tensor([0, 1, 0, 0, 2]), torch.tensor([5, 5, 6, 6, 7])).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]
    x = images(3, 1, 48, 48, dtype=torch.float32)
    x[1] = 0.5
    assert faces.blank(x).tolist() == [False, True, False]
    twice = faces.folds(torch.cat([x, x]))
    assert torch.equal(twice[:3], twice[3:]) and twice.max() < faces.FOLDS


def test_networks_judge_faces_that_they_have_not_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(faces, "EPOCHS", 1)
    monkeypatch.setattr(faces, "FOLDS", 2)
    drawn = sl.data.schematic_faces(24)
    data = faces.Emotions(
        drawn.images, drawn.labels, torch.arange(24), [str(n) for n in range(24)], ["a", "b"]
    )
    rows = faces.out_of_fold(data, tmp_path)
    assert rows["image"].tolist() == list(range(24)) and set(rows["fold"]) == {0, 1}
    assert np.allclose(rows["p_a"] + rows["p_b"], 1) and (rows["target"] != rows["source"]).all()
    disagree = rows["source"] != rows["label"]
    assert (rows["target"][disagree] == rows["label"][disagree]).all() and (rows["linear"] >= 0).all()
    again = faces.out_of_fold(data, tmp_path)  # nothing is made twice
    pd.testing.assert_frame_equal(rows, again)


def test_emotions_are_read_in_the_order_of_their_names(tmp_path, monkeypatch, images):
    pixels = (images(4, 48, 48, dtype=torch.float32) * 255).to(torch.uint8).numpy()
    from PIL import Image

    names = ["test/happy/b.png", "train/happy/a.png", "train/sad/a.png", "train/sad/c.png", "test/sad/x.png"]
    for number, name in enumerate(names):
        path = tmp_path / "fer2013" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[number % 4]).save(path)
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path))
    data = faces.emotions()
    assert data.names == ["test/happy/b.png", "test/sad/x.png", *names[1:4]]
    assert data.labels.tolist() == [0, 1, 0, 1, 1] and data.classes == ["happy", "sad"]
    assert data.pictures[0] == data.pictures[1] and len(set(data.pictures.tolist())) == 4
    assert torch.equal(faces.pictures(data.names[:2]), data.images[:2])
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path / "fer2013"))  # there is none inside
    assert faces.pictures(["a.png"]) is None
    with pytest.raises(FileNotFoundError, match="expected FER2013 in"):
        faces.emotions()


# Stored tables.
def test_stored_tables_are_whole():
    rows = table.distances(sl.data.small_digits())
    frozen = rows[(rows["run"] == "frozen") & (rows["distance"] == 1)]
    assert len(frozen) == 9 * frozen["image"].nunique() and not frozen.duplicated(["image", "target"]).any()
    assert {"live", "live, one target", "frozen, mlp"} < set(rows["run"])
    expression = table.expressions()
    assert len(expression) == 35_887 and expression["image"].tolist() == list(range(35_887))
    shares = expression.filter(like="p_")
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-3)
    pictures = expression["picture"]
    conflict = faces.conflicting(
        *(torch.tensor(expression[name].to_numpy()) for name in ("label", "picture"))
    )
    assert pictures[conflict].nunique() == 57 and expression["blank"].sum() >= 12  # as data/README.md says


def test_a_stored_table_that_was_changed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(table.records, "committed", lambda kind: tmp_path)
    table._write("atlas-fer2013", PAIRS, "nothing", 1.2)
    pd.testing.assert_frame_equal(table.expressions(), PAIRS)
    (tmp_path / "atlas-fer2013.parquet").write_bytes(b"other")
    with pytest.raises(ValueError, match="make tables"):
        table.expressions()


# Exercises.
def test_check_nearest(says, tells, solved):
    pairs = PAIRS.assign(probability_before=[0.1, 0.2] * 5)
    assert says(checks.check_nearest, 2, pairs, 1) == "Right"
    for wrong in (0, 1, 9, "two"):
        assert says(checks.check_nearest, wrong, pairs, 1) == "Not yet"
    tells(checks.check_nearest, pairs, 1)
    assert "Right" in solved("13", 1, frozen=pairs.assign(image=pairs["image"] + 7))


def test_check_there_and_back(says, tells, solved):
    away = pd.DataFrame(np.arange(100.0).reshape(10, 10) + 1)
    assert says(checks.check_there_and_back, 50 / 95, away, 4, 9) == "Right"
    for wrong in (95 / 50, -45, 1, "far"):
        assert says(checks.check_there_and_back, wrong, away, 4, 9) == "Not yet"
    tells(checks.check_there_and_back, away, 4, 9)
    assert "Right" in solved("13", 2, away=away)


def test_check_precision(says, tells, solved):
    assert says(checks.check_precision, lambda order, errors, n: errors[order[:n]].mean()) == "Right"
    for wrong in (lambda o, e, n: e[:n].mean(), lambda o, e, n: e[o[:n]].sum(), lambda o, e, n: 0.5, 1):
        assert says(checks.check_precision, wrong) == "Not yet"
    tells(checks.check_precision)
    assert "Right" in solved("13", 3)
