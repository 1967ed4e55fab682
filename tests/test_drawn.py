"""The page of what networks look for as it is written: each picture has its tile; what is said is stored."""

import json

import drawn
import pytest
from steerlens_lessons.l14_channels import classes, own, units

import steerlens as sl


@pytest.fixture(scope="module")
def groups():
    return drawn.groups()


def test_every_stored_picture_is_on_the_page_once(groups):
    for sheet in (classes.DRAWN, units.DRAWN, own.DRAWN):
        tiles = [
            entry["tile"] for group in groups if group["sheet"] == sheet.name for entry in group["entries"]
        ]
        assert sorted(tiles) == list(range(len(sheet.read()[0])))


def test_every_entry_can_be_sorted_and_found(groups):
    for group in groups:
        ids = [entry["id"] for entry in group["entries"]]
        assert len(set(ids)) == len(ids) and group["title"] and group["words"]
        assert all(set(group["sorts"]) == set(entry["keys"]) for entry in group["entries"])
        assert all(value == value for entry in group["entries"] for value in entry["keys"].values())


def test_what_the_page_says_of_a_class_is_stored(groups):
    rows, _ = classes.DRAWN.read()
    shark = next(entry for entry in groups[0]["entries"] if entry["id"] == 3)
    assert (
        shark["name"] == "tiger shark"
        and dict(shark["facts"])["rank among 1000"] == f"{rows.loc[3, 'rank']:.0f}"
    )
    assert [near["photo"] for near in shark["near"]] == [rows.loc[3, f"near_{k}"] for k in range(4)]


def test_what_is_written(tmp_path):
    drawn.write(tmp_path)
    script = (tmp_path / "drawn" / "pictures.js").read_text(encoding="utf-8")
    content = json.loads(script.split("Steerlens.drawn = ", 1)[1].rstrip(";\n"))
    for group in content["groups"]:
        assert (tmp_path / "drawn" / f"{group['sheet']}.jpg").is_file()
    for kind, kept in content["data"].items():
        assert (tmp_path / "drawn" / kept["sheet"]).is_file()
        named = [
            near["photo" if kind == "photo" else "own"]
            for group in content["groups"]
            for entry in group["entries"]
            for near in entry["near"]
            if ("photo" in near) == (kind == "photo") and (kind == "photo" or group.get("data") == kind)
        ]
        assert named and {str(each) for each in named} <= set(kept["tiles"])
    assert ("photo" in content["data"]) == (len(sl.data.photos(16)) == 100)


def test_the_page_leads_to_its_scripts():
    text = drawn.text()
    assert text.startswith("# ") and all(f"drawn/{name}.js" in text for name in ("pictures", "drawn"))
