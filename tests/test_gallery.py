"""The site's gallery: frames of an animation, their sheet, and the page that plays and pauses them."""

import gallery
import numpy as np
import pytest
import torch

import steerlens as sl


@pytest.fixture
def figures(tmp_path):
    """The animations that `make figures` would have written: five frames of 2x3 pixels, each of one grey."""
    levels = torch.tensor([0.0, 0.2, 0.4, 0.6, 0.8])
    frames = levels[None, :, None, None, None].expand(1, 5, 1, 2, 3)
    p, index = torch.full((1, 5, 2), 0.5), torch.zeros(1, dtype=torch.long)
    morph = sl.Morph(frames, p, torch.zeros(1, 5), torch.arange(5.0), index, index, render=None)
    for exhibit in gallery.EXHIBITS:
        morph.save_gif(tmp_path / f"{exhibit.stem}.gif", scale=2)
    return tmp_path


def test_frames_on_the_way_there_under_each_other(figures):
    pictures = gallery.frames(figures / f"{gallery.EXHIBITS[0].stem}.gif")
    assert [picture.getpixel((0, 0))[0] for picture in pictures] == pytest.approx(
        [0, 51, 102, 153, 204], abs=2
    )
    sheet = np.asarray(gallery.sheet(pictures))
    assert sheet.shape == (5 * 4, 6, 3)
    np.testing.assert_allclose(sheet[::4, 0, 0], [0, 51, 102, 153, 204], atol=2)


def test_every_exhibit_is_on_the_page(figures, tmp_path):
    folder = tmp_path / "site"
    gallery.page(figures, folder)
    page = (folder / "gallery.md").read_text()
    for exhibit in gallery.EXHIBITS:
        assert (folder / "sheets" / f"{exhibit.stem}-sheet.png").is_file()
        assert f"_static/{exhibit.stem}-sheet.png" in page and f'href="{exhibit.lesson}.html"' in page
    assert page.count('role="img"') == page.count("steps(4)") == len(gallery.EXHIBITS)
    assert page.count('type="checkbox"') == 1 and '<label for="motion">' in page


def test_an_animation_that_was_not_made_is_left_out(figures, tmp_path):
    """A figure that failed has its mark on the page of figures, and stops nothing."""
    (figures / f"{gallery.EXHIBITS[-1].stem}.gif").unlink()
    gallery.page(figures, tmp_path / "site")
    page = (tmp_path / "site" / "gallery.md").read_text()
    assert [exhibit.stem in page for exhibit in gallery.EXHIBITS] == [True] * (len(gallery.EXHIBITS) - 1) + [
        False
    ]
