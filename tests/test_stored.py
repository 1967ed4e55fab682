"""What lessons read from a table and measure in sight on a few: written, compared, vouched for."""

import pytest
import safetensors.torch
import torch
from steerlens_lessons.common import stored

import steerlens as sl
from steerlens.data import records

CASES = torch.arange(250.0), torch.arange(250)


def experiment(values, numbers):
    return {"twice": 2 * values, "squares": values.square()}


def kept(name, found):
    return {"itself": found, "sign": (found > 10).int()}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of results of its own."""
    monkeypatch.setattr(records, "committed", lambda kind: tmp_path)
    return tmp_path


def measured(of=experiment, few=(0, 3, 200)):
    return stored.measured("99 numbers", "Some data, twice", of, CASES, few, kept)


def test_all_cases_are_written_in_parts_and_read_again(here, monkeypatch):
    monkeypatch.setenv("STEERLENS_TABLES", "all")
    measured()
    stored.measured("99 others", "Some data, twice", experiment, CASES, [1], kept)
    monkeypatch.delenv("STEERLENS_TABLES")
    rows, few = measured()
    assert torch.equal(rows["twice"].itself, 2 * CASES[0]) and torch.equal(
        few["twice"], 2 * CASES[0][[0, 3, 200]]
    )
    assert rows["squares"].sign.sum() == 246
    (table,) = here.glob("*.safetensors")
    assert table.name == "lesson-99-some-data-twice.safetensors"
    assert {name.split("|")[0] for name in safetensors.torch.load_file(table)} == {"numbers", "others"}


def test_what_differs_here_is_said(here, monkeypatch):
    monkeypatch.setenv("STEERLENS_TABLES", "all")
    measured()
    monkeypatch.delenv("STEERLENS_TABLES")
    with pytest.raises(AssertionError, match="99 numbers, twice, itself: expected what is stored to 25"):
        measured(lambda values, numbers: {"twice": 2 * values + 30, "squares": values.square()})
    measured(
        lambda values, numbers: {"twice": 2 * values + 5, "squares": values.square()}
    )  # within the margin


def test_a_damaged_table_is_refused(here, monkeypatch):
    monkeypatch.setenv("STEERLENS_TABLES", "all")
    measured()
    monkeypatch.delenv("STEERLENS_TABLES")
    (table,) = here.glob("*.safetensors")
    content = bytearray(table.read_bytes())
    content[-1] ^= 1
    table.write_bytes(content)
    with pytest.raises(ValueError, match="make tables"):
        measured()


def test_a_morph_s_course_and_its_steps_are_kept(here, monkeypatch):
    def morphs(images, targets):
        transform = sl.Pixels((8, 8))
        return {"pixels": sl.extrapolate(model, images, targets, transform, steps=3, progress=False)}

    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2))
    cases = torch.rand(6, 1, 8, 8), torch.tensor([0, 1] * 3)
    monkeypatch.setenv("STEERLENS_TABLES", "all")
    row = stored.measured("99 morphs", "noise", morphs, cases, [2])[0]["pixels"]
    assert row.steps.tolist() == [0, 1, 2, 3]
    whole = morphs(*cases)["pixels"]
    assert torch.allclose(row.target_probabilities, whole.target_probabilities, atol=1e-6)
    assert torch.allclose(row.distances, whole.distances, atol=1e-6)
