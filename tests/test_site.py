"""What the site makes of the lessons: links, words for pictures, hidden plumbing, parts, slides."""

import re

import alt
import curriculum
import dark
import dressing
import glossary
import index
import links
import measured
import nbformat
import numpy as np
import pages
import pytest
import series
import slides
import torch
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from steerlens import plot

LESSONS = series.lessons()
PAGES = series.pages()
NOTEBOOKS = {this.path.stem: series.read(this.path) for this in PAGES}
TARGETS = {"00": "a.html", "02": "b.html", "10": "c.html"}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def picture(text="<Figure size 960x250 with 5 Axes>"):
    return new_output("display_data", data={"image/png": PNG, "text/plain": text})


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("see lesson 02.", 'see <a href="b.html">lesson 02</a>.'),
        ("Lesson 10's matrix", "<a href=\"c.html\">Lesson 10</a>'s matrix"),
        ("lessons 00 and 02", 'lessons <a href="a.html">00</a> and <a href="b.html">02</a>'),
        ("lessons 00 (live), 02; 10", 'lessons <a href="a.html">00</a> (live), <a href="b.html">02</a>; '
         '<a href="c.html">10</a>'),
        ("lesson 99", "lesson 99"),
        ("`lesson 02`", "`lesson 02`"),
        ("```python\n# lesson 02\n```", "```python\n# lesson 02\n```"),
        ("[lesson 02](x.md)", "[lesson 02](x.md)"),
        ("## What lesson 02 said", "## What lesson 02 said"),
        ("lesson 02, 10 of 20 digits", '<a href="b.html">lesson 02</a>, 10 of 20 digits'),
    ],
)  # fmt: skip
def test_lessons_that_a_text_names_are_linked(text, linked):
    assert dressing.link(text, TARGETS) == linked


def test_a_lesson_does_not_link_to_itself_and_linking_twice_changes_nothing():
    assert dressing.link("this is lesson 02", TARGETS, own="02") == "this is lesson 02"
    once = dressing.link("see lessons 00 and 02, or lesson 10", TARGETS)
    assert dressing.link(once, TARGETS) == once


def test_without_its_tags_a_linked_text_is_the_text():
    for notebook in NOTEBOOKS.values():
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                linked = dressing.link(cell.source, {f"{n:02}": "x.html" for n in range(20)})
                assert re.sub(r'<a href="x.html">(.*?)</a>', r"\1", linked) == cell.source


def hidden(*codes, outputs=()):
    notebook = new_notebook(cells=[new_code_cell(code, outputs=list(outputs)) for code in codes])
    dressing.hide(notebook)
    return notebook.cells


def test_plumbing_is_hidden_and_what_teaches_is_not():
    codes = ("gap = 1\nexpect(real, gap < 2)", "x = 1\nassert x == 1", "import torch")
    checks, used, imports, shown = hidden(*codes, "# NBVAL_CHECK_OUTPUT\nprint(1)")
    assert checks.metadata.tags == ["remove-cell"]
    assert "tags" not in used.metadata
    assert imports.metadata.tags == ["hide-input"]
    assert shown.source == "print(1)" and "tags" not in shown.metadata


def test_a_check_whose_name_is_read_later_or_that_prints_stays():
    kept, _ = hidden("gap = 1\nexpect(real, gap < 2)", "print(gap)")
    assert kept.source == "gap = 1" and "tags" not in kept.metadata
    (printing,) = hidden("for x in y:\n    assert x", outputs=[new_output("stream", name="stdout", text="1")])
    assert "tags" not in printing.metadata


def test_only_calls_of_expect_are_left_out_of_what_is_shown(tmp_path):
    for this in PAGES:
        copy = tmp_path / this.path.name
        nbformat.write(NOTEBOOKS[this.path.stem], copy)
        dressing.dress(series.Lesson(copy, this.title, this.summary), LESSONS)
        for before, after in zip(NOTEBOOKS[this.path.stem].cells, series.read(copy).cells, strict=True):
            if before.cell_type == "code" and dressing.parsed(before.source):
                kept = before.source.removeprefix(dressing.MARK).lstrip("\n")
                assert after.source in (kept, dressing.without_expect(kept))


def test_every_picture_of_the_lessons_has_words():
    for name, notebook in NOTEBOOKS.items():
        for number, cell in enumerate(notebook.cells):
            if any(
                {"image/png", "image/jpeg"} & set(each.get("data", {})) for each in cell.get("outputs", [])
            ):
                words = alt.words(notebook.cells, number)
                assert " " in words and "<" not in words and "Figure size" not in words, name
                assert 15 <= len(words) <= alt.LONGEST + 40, (name, words)


def test_words_are_the_pictures_own_or_those_around_it():
    cells = [
        new_markdown_cell("## Phases\n\nSome prose. Here is the *whole* pipeline:"),
        new_code_cell("draw()", outputs=[picture()]),
        new_markdown_cell("**Notice:** it lives in the strokes. More."),
    ]
    assert alt.words(cells, 1) == "Phases. Here is the whole pipeline. Notice: it lives in the strokes."
    cells[1].outputs = [picture("A slider over 25 frames.")]
    assert alt.words(cells, 1) == "A slider over 25 frames."
    assert alt.words(cells, 0) == ""


def test_each_lesson_is_in_one_part_and_has_the_picture_that_was_chosen():
    numbers = [number for part in curriculum.PARTS.values() for number in part]
    assert sorted(numbers) == sorted(this.path.name[:2] for this in LESSONS)
    assert set(curriculum.SHORT) <= set(numbers)
    assert set(curriculum.PICTURES) == set(NOTEBOOKS)
    for name, chosen in curriculum.PICTURES.items():
        assert curriculum.png(NOTEBOOKS[name], chosen.cell), f"{name} has no picture in cell {chosen.cell}"


def test_longer_lessons_take_longer():
    def of(words, cells):
        return curriculum.minutes(
            new_notebook(cells=[new_markdown_cell("word " * words), *map(new_code_cell, cells)])
        )

    assert of(10, []) == 5 <= of(2000, []) == 10 < of(2000, ["x"] * 50) == 25


def test_the_side_bar_names_every_lesson_once():
    bar = index.contents(PAGES)
    for this in PAGES:
        assert len(re.findall(rf"\b{this.path.stem}\b", bar)) == 1
    assert "08 Confidence is not evidence <08_confidence_is_not_evidence>" in bar


def test_words_of_a_lesson_stand_at_its_foot():
    assert {"frozen", "live", "joint", "cap", "held", "driver", "judge", "CSP", "low-pass"} <= set(
        glossary.words()
    )
    used = glossary.used(new_notebook(cells=[new_markdown_cell("Two judges see a frozen morph.")]))
    assert used == ["morph", "judge", "frozen"]
    assert glossary.foot(new_notebook(cells=[new_markdown_cell("Nothing.")])) == ""


def test_slides_have_headings_pictures_and_what_to_notice_but_no_exercises():
    for name in slides.LESSONS:
        cells = slides.outline(NOTEBOOKS[name]).cells
        pictures = [cell for cell in NOTEBOOKS[name].cells if alt.drawn(cell)]
        assert sum(cell.cell_type == "code" for cell in cells) == len(pictures)
        assert cells[0].source.startswith("# ") and not any("## Exercises" in cell.source for cell in cells)
        assert {cell.metadata.slideshow.slide_type for cell in cells} == {
            "slide",
            "subslide",
            "fragment",
            "-",
        }


def test_slides_ask_for_nothing_outside_the_site(tmp_path):
    this = next(this for this in LESSONS if this.path.stem == slides.LESSONS[0])
    slides.write(this, tmp_path)
    page = BeautifulSoup((tmp_path / f"slides-{this.path.stem}.html").read_text(), "html.parser")
    asked = [tag.get("src") or tag.get("href") for tag in page.select("script[src], link[href]")]
    assert asked and all(address.startswith("_static/") for address in asked)
    words = [image.get("alt", "") for image in page.select("img")]
    assert words and all(len(each) > 15 and "No description" not in each for each in words)


def test_the_table_of_equations_links_to_cells_that_check_one(tmp_path):
    pages.equations(tmp_path, LESSONS)
    found = re.findall(r'href="(\w+)\.html#([\w-]+)"', (tmp_path / "equations.md").read_text())
    assert len(found) > 50
    for name, place in found:
        (cell,) = [cell for cell in NOTEBOOKS[name].cells if cell.id == place]
        assert "check_equation" in cell.source


def test_the_page_of_figures_looks_for_pictures_where_they_are(tmp_path):
    film = '<p style="background:url(./figure-2a-sheet.png)"></p>'
    body = f'<div class="paper"><img src="figure-2a.png">{film}</div>'
    (tmp_path / "index.html").write_text(f"<html><body><main><h1>x</h1>{body}</main></body></html>")
    pages.paper_figures(tmp_path, tmp_path, LESSONS)
    page = (tmp_path / "figures.md").read_text()
    assert 'src="figures/figure-2a.png"' in page and "url(figures/figure-2a-sheet.png)" in page
    assert "<h1>" not in page


def test_what_was_measured_has_every_record(tmp_path):
    measured.write(tmp_path, {"08": "eight.html"})
    page = (tmp_path / "measured.md").read_text()
    for record in measured.records("checkpoints").values():
        assert f"`{record['model']}`" in page and record["source"] in page
    for name in measured.records("results"):
        assert f"| {name} |" in page
    assert '<a href="eight.html">Lesson 08</a>' in page


def test_the_first_page_opens_with_three_doors_and_the_playground(tmp_path):
    index.write(tmp_path, PAGES[:1], [])
    page = (tmp_path / "index.md").read_text(encoding="utf-8")
    doors = re.findall(r'class="door" href="([^"]+)"', page)
    assert doors == ["play.html", f"{PAGES[0].path.stem}.html", "#in-your-own-code"]
    assert page.index("data-steerlens-playground") < page.index("## Lessons")


def test_six_digits_move_where_scripts_do_not_run(tmp_path):
    tiles = index.films(tmp_path)
    assert tiles.count('role="img"') == len(index.PAIRS) == len(list(tmp_path.glob("tile-*.png")))


@pytest.fixture
def site(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top">One</h1><a href="sub/two.html#here">two</a><a href="#top">up</a><img src="p.png">'
        '<a href="https://example.org/gone">out</a><div style="background:url(p.png)"></div>'
    )
    (tmp_path / "sub" / "two.html").write_text('<p id="here">Two</p><a href="../index.html">back</a>')
    (tmp_path / "p.png").write_bytes(b"")
    links.page.cache_clear()
    return tmp_path


def test_a_sound_site_has_no_broken_link(site):
    assert links.broken(site) == []


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ('<a href="three.html">', "there is no such file"),
        ('<a href="sub/two.html#there">', "the page has no such place"),
        ('<a href="#nowhere">', "the page has no such place"),
        ('<img src="q.png">', "there is no such file"),
        ('<div style="background-image:url(q.png)">', "there is no such file"),
        ('<a href="../../secret.html">', "leads out of the site"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(site, tag, said):
    with (site / "index.html").open("a") as page:
        page.write(tag)
    (line,) = links.broken(site)
    assert line.startswith("index.html: ") and line.endswith(said)


def test_a_paragraph_that_says_what_to_notice_is_marked():
    document = new_document("lesson")
    said, other = nodes.paragraph(), nodes.paragraph("", "Notice that this one is plain.")
    said += [nodes.emphasis("", "A caption."), nodes.strong("", "Notice:"), nodes.Text(" it moves.")]
    document += [said, other]
    dressing.notices(None, document)
    assert (said["classes"], other["classes"]) == (["notice"], [])


def test_in_the_dark_paper_and_words_turn_and_images_stay(tmp_path):
    """Also where an image is white or black at its edge; what is no figure of ours is left alone."""
    image = torch.zeros(1, 16, 16)
    image[:, :8], image[:, 8:, 8:] = 1, 0.5
    figure = plot.grid({"a row": [(image, "a note")] * 3}, ["one", "two", "three"])
    figure.savefig(tmp_path / "figure.png", dpi=80, facecolor=figure.get_facecolor())
    Image.new("RGB", (40, 40), "white").save(tmp_path / "photograph.png")
    html = '<div class="cell_output"><img class="x" src="figure.png"><img src="photograph.png"></div>'
    page = BeautifulSoup(html, "html.parser")
    dark.dress(page, tmp_path)
    light, second, photograph = page.select("img")
    assert light["class"] == ["x", "only-light"] and second["class"] == ["x", "only-dark"]
    assert second["src"] == "figure-dark.png" and photograph.get("class") is None
    before = np.asarray(Image.open(tmp_path / "figure.png").convert("RGB"), dtype=int)
    after = np.asarray(Image.open(tmp_path / second["src"]), dtype=int)
    paper = (before == 255).all(2) & (after == 20).all(2)
    assert paper.mean() > 0.2 and (after[0] == 20).all()
    bounds = figure.axes[1].get_window_extent().bounds
    left, bottom, width, height = (round(at * 80 / figure.dpi) for at in bounds)
    top = len(before) - bottom - height
    inside = slice(top + 2, top + height - 2), slice(left + 2, left + width - 2)
    assert (before[inside] == after[inside]).all() and (before[inside] == 255).any()
