"""The static site of the lessons, read without a network.

python notebooks/site/pages.py LESSONS FIGURES SITE   from lessons executed into LESSONS, and `make figures`

What failed there has its mark on the site, is named in the last lines, and makes the exit status 1; so does a
link that leads nowhere.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import browse
import drawn
import dressing
import gallery
import glossary
import index
import links
import measured
import play
import polish
import reference
import scope
import slides
import solutions
from execution import FAILURES, Failure, report
from series import HERE, Lesson, pages, read

OWN = Path(__file__).parent
TEXTS = ("teachers.md",)  # pages that are written by hand, beside the glossary


def failures(folder: Path) -> list[Failure]:
    """Where the lessons executed into a folder failed."""
    return [Failure(**failure) for failure in json.loads((folder / FAILURES).read_text(encoding="utf-8"))]


def addresses(series: list[Lesson]) -> dict[str, str]:
    """The page of each lesson, by its number."""
    return {this.path.name[:2]: f"{this.path.stem}.html" for this in series}


def equations(folder: Path, series: list[Lesson]) -> None:
    """Write the table of equations, with a link to each cell that it names."""
    cells = {
        this.path.name: [cell.id for cell in read(this.path).cells if cell.cell_type == "code"]
        for this in series
    }

    def one(match: re.Match[str]) -> str:
        own, count = cells.get(match["page"], []), int(match["count"])
        if count > len(own):  # a lesson that is not the committed one
            return match[0]
        address = match["page"].replace(".ipynb", f".html#{own[count - 1]}")
        return f'<a href="{address}">{match["lesson"]}, cell {count}</a>'

    text = (HERE / "equations.md").read_text(encoding="utf-8")
    named = re.compile(r"\[(?P<lesson>\d\d)\]\((?P<page>[^)]+)\), cell (?P<count>\d+)")
    (folder / "equations.md").write_text(named.sub(one, text), encoding="utf-8")


def paper_figures(figures: Path, folder: Path, series: list[Lesson]) -> None:
    """Write the page of the paper's figures, as a page of the site."""
    whole = (figures / "index.html").read_text(encoding="utf-8")
    body = re.search(r'<div class="paper">.*</div>(?=</main>)', whole, re.DOTALL)
    text = re.sub(r'(src="|url\()(\./)?(?=figure-)', r"\1figures/", body[0] if body else whole)
    text = dressing.link(text, addresses(series))
    (folder / "figures.md").write_text(
        f"# The figures of *Through a Steerable Lens*, made again\n\n```{{raw}} html\n{text}\n```\n",
        encoding="utf-8",
    )


def sources(folder: Path, figures: Path) -> list[Lesson]:
    """Write what Sphinx makes the site of into the folder of executed lessons; the lessons there."""
    every, failed = pages(folder), failures(folder)
    series = [this for this in every if this.path.name[:2].isdigit()]
    index.write(folder, every, failed)
    gallery.page(figures, folder)
    paper_figures(figures, folder, series)
    equations(folder, series)
    measured.write(folder, addresses(series))
    reference.write(folder)
    solutions.write(folder)
    for name in (*TEXTS, glossary.PAGE.name):
        text = (OWN / name).read_text(encoding="utf-8")
        (folder / name).write_text(dressing.link(text, addresses(series)), encoding="utf-8")
    for name, made in (("atlas", browse), ("scope", scope), ("drawn", drawn)):
        (folder / f"{name}.md").write_text(dressing.link(made.text(), addresses(series)), encoding="utf-8")
    for this in every:
        if this.path.stem in slides.LESSONS:
            slides.write(this, folder / "sheets")
        dressing.dress(this, series, glossary.foot(read(this.path)))
    return series


def site(folder: Path, figures: Path, target: Path) -> list[str]:
    """Make the static site of the lessons executed into `folder`, with the page of figures beside it.

    Returns what Sphinx warned of, in a line, if anything, and the links that lead nowhere.
    """
    sources(folder, figures)
    shutil.rmtree(target, ignore_errors=True)
    options = ["-q", "-W", "--keep-going", "-c", str(OWN), "-d", str(folder / ".doctrees")]
    status = subprocess.run([sys.executable, "-m", "sphinx", *options, str(folder), str(target)]).returncode
    shutil.copytree(figures, target / "figures")
    shutil.copytree(folder / "sheets", target / "_static", dirs_exist_ok=True)
    slides.reveal(target)
    polish.site(target)
    play.write(target)
    browse.write(target)
    scope.write(target)
    drawn.write(target)
    print(f"open {target / 'index.html'}")
    warned = ["the site: Sphinx warned, see above"] if status else []
    return [*warned, *links.broken(target)]


if __name__ == "__main__":
    executed, made, target = map(Path, sys.argv[1:])
    said = site(executed, made, target)
    report([*failures(executed), *json.loads((made / FAILURES).read_text(encoding="utf-8")), *said])
