"""What the atlas's page is written of: its numbers are the table's, its pictures the arrays'."""

import base64
import json

import atlases
import numpy as np
import pandas as pd
import pytest
import zarr
from PIL import Image

from steerlens.atlas import site, sprites


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return atlases.digits(tmp_path_factory.mktemp("digits"), 120)


@pytest.fixture(scope="module")
def page(folder):
    return site(folder, progress=False).parent


def content(path):
    """What a script hands to the page."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text[text.index(", ") + 2 : text.rindex(")")])


def decoded(array):
    kind, text = array
    return np.frombuffer(base64.b64decode(text), np.dtype(kind).newbyteorder("<"))


def tile(path, number, size, columns):
    """One picture of a sheet, grey."""
    (height, width), pixels = size, np.asarray(Image.open(path))
    top, left = number // columns * height, number % columns * width
    assert (pixels[..., :1] == pixels).all()
    return pixels[top : top + height, left : left + width, 0]


def rows_of(folder):
    return pd.read_parquet(folder / "table")


def test_it_is_a_page_that_holds_all_it_needs(page):
    names = {path.name for path in page.iterdir()}
    assert {"index.html", "atlas.css", "atlas.js", "data", "sprites"} <= names and "large" not in names
    html = (page / "index.html").read_text(encoding="utf-8")
    assert "http" not in html
    scripts = {f"class-{c}.js" for c in range(10)} | {"atlas.js", "images.js"}
    assert {path.name for path in (page / "data").iterdir()} == scripts


def test_counts_and_medians_are_those_of_the_table(folder, page):
    overview, table = content(page / "data" / "atlas.js"), rows_of(folder)
    cells = pd.DataFrame(overview["cells"])
    assert overview["rows"] == len(table) and overview["images"] == table["image"].nunique()
    assert cells["count"].sum() == len(table) and cells["errors"].sum() == table["error"].notna().sum() > 0
    for cell in cells.itertuples():
        distance = overview["distances"][cell.d]
        keys = (table["source"] == cell.source) & (table["target"] == cell.target)
        rows = table[keys & (table["distance"] == distance)]
        fine = rows[rows["error"].isna()].astype({"probability": float})
        assert (cell.count, cell.errors) == (len(rows), len(rows) - len(fine))
        assert cell.probability == pytest.approx(fine["probability"].median(), abs=6e-5)
        assert cell.reached == pytest.approx((fine["probability"] >= 0.5).mean(), abs=6e-5)
        assert cell.attained == pytest.approx((fine["attained"] >= distance - 1e-3).mean(), abs=6e-5)
        first = fine["first_half"].astype(float).fillna(np.inf).median()
        assert cell.first == ("never" if np.isinf(first) else first)
        half = fine["distance_half"].astype(float).fillna(np.inf).median()
        assert cell.half == ("never" if np.isinf(half) else pytest.approx(half, abs=6e-5))
        agree = [(fine[judge] == fine["target"]).mean() for judge in ("resnet", "robust")]
        assert cell.agree == pytest.approx(np.mean(agree), abs=6e-5)


def test_values_are_those_of_the_table(folder, page):
    table, distances = rows_of(folder), atlases.DISTANCES
    for source, rows in table.groupby("source"):
        found = content(page / "data" / f"class-{source}.js")
        rows = rows.sort_values(["target", "image", "distance"])
        images = decoded(found["images"])[decoded(found["image"])]
        assert (np.repeat(images, len(distances)) == rows["image"]).all()
        assert (np.repeat(decoded(found["target"]), len(distances)) == rows["target"]).all()
        for name in ("probability", "attained", "distance_half", "first_half", "resnet_probability"):
            found_here = decoded(found["values"][name])
            np.testing.assert_array_equal(found_here, rows[name].to_numpy("float32", na_value=np.nan))
        verdicts = decoded(found["values"]["robust"])
        np.testing.assert_array_equal(verdicts, rows["robust"].to_numpy("int16", na_value=-1))
        said = [found["messages"][code - 1] if code else None for code in decoded(found["errors"])]
        assert said == [None if pd.isna(text) else text for text in rows["error"]]


def test_whereabouts_of_images(folder, page):
    source = decoded(content(page / "data" / "images.js")["source"])
    assert (source == rows_of(folder).groupby("image")["source"].first()).all()


def test_small_pictures_are_kept_to_the_last_bit(folder, page, monkeypatch, tmp_path):
    """With sheets so small that a source has many of them, gathered in many goes."""
    monkeypatch.setattr(sprites, "MOST", 9)
    monkeypatch.setattr(sprites, "MEMORY", 28 * 28 * 20)
    out = site(folder, tmp_path / "out", progress=False).parent
    group, size = zarr.open_group(str(folder / "images.zarr"), mode="r"), (28, 28)
    originals, morphs = group["originals"][:], group["morphs"][:]
    keys = rows_of(folder).drop_duplicates(["source", "target", "image", "slot"])
    for source, rows in keys.groupby("source"):
        for place, image in enumerate(sorted(rows["image"].unique())):
            path = out / "sprites" / f"class-{source}-original-{place // 9}.webp"
            np.testing.assert_array_equal(tile(path, place % 9, size, 3), originals[image, 0])
        rows = rows.sort_values(["target", "image"])
        for place, row in enumerate(rows.itertuples()):
            for d in range(3):
                path = out / "sprites" / f"class-{source}-{d}-{place // 9}.webp"
                expected = morphs[row.image, row.slot, d, 0]
                np.testing.assert_array_equal(tile(path, place % 9, size, 3), expected)


def test_large_pictures_have_thumbnails_and_a_sheet_of_their_own(tmp_path):
    folder = atlases.noises(tmp_path / "photos", 5, (3, 150, 200), 1000, broken=0)
    page = site(folder, progress=False).parent
    overview = content(page / "data" / "atlas.js")
    assert (overview["sprites"]["width"], overview["sprites"]["height"]) == (96, 72)
    morphs = zarr.open_group(str(folder / "images.zarr"), mode="r")["morphs"]
    row, large = rows_of(folder).iloc[0], overview["large"]
    pixels = np.asarray(Image.open(page / "large" / f"{row['image']}.webp")).astype(float)
    left, expected = large["width"], np.moveaxis(morphs[row["image"], 0, 1], 0, -1).astype(float)
    assert large["columns"] == 2
    assert np.abs(pixels[:150, left : left + 200] - expected).mean() < 4  # WebP with losses


def test_what_the_model_fails_on_and_what_is_missing(tmp_path):
    """Rows whose source is unknown are kept, and rows that a stopped run lacks are said to be missing."""
    folder = atlases.digits(tmp_path / "atlas", 20, broken=0, judges=())
    path = folder / "table" / "0.parquet"
    table = pd.read_parquet(path)
    lost = table["image"] == 3
    table.loc[lost, ["source"]] = pd.NA
    table.loc[lost, "error"] = "RuntimeError: no"
    table.drop(index=table.index[0]).to_parquet(path)
    page = site(folder, progress=False).parent
    unknown = content(page / "data" / "class-unknown.js")
    assert unknown["messages"][1:] == ["RuntimeError: no"] and (decoded(unknown["errors"]) == 2).all()
    missing = content(page / "data" / f"class-{table['source'][0]}.js")
    assert (decoded(missing["errors"]) == 1).sum() == 1 and "stopped" in missing["messages"][0]


def test_it_is_written_again_and_never_over_something_else(folder, tmp_path):
    out = tmp_path / "out"
    first = site(folder, out, progress=False)
    (out / "leftover").touch()
    assert site(folder, out, progress=False) == first == out / "index.html"
    assert not (out / "leftover").exists() and not (tmp_path / "out.new").exists()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").touch()
    with pytest.raises(ValueError, match="out: expected a new or empty folder"):
        site(folder, tmp_path / "own", progress=False)
    with pytest.raises(FileNotFoundError, match="found none in"):
        site(tmp_path / "own")


@pytest.mark.parametrize(
    ("changed", "said"), [({"format": 2}, "format 1, got 2"), ({"shape": [4, 28, 28]}, "1 or 3 channels")]
)
def test_an_atlas_of_another_kind_is_refused(changed, said, tmp_path):
    folder = atlases.digits(tmp_path / "atlas", 12)
    record = json.loads((folder / "record.json").read_text()) | changed
    (folder / "record.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=said):
        site(folder, progress=False)
    assert not (folder / "site").exists()
