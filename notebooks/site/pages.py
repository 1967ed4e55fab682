"""The static site of the lessons, read without a network.

python notebooks/site/pages.py LESSONS FIGURES SITE   from lessons executed into LESSONS, and `make figures`

What failed there has its mark on the site, is named in the last lines, and makes the exit status 1.
"""

import json
import shutil
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import gallery
import play
import reference
import solutions
from execution import FAILURES, Failure, report
from nbformat import NotebookNode
from series import HERE, Lesson, pages, project_field, read


def first_picture(notebook: NotebookNode) -> bytes | None:
    """The first PNG among the outputs."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    pictures = (output.data["image/png"] for output in outputs if "image/png" in output.get("data", {}))
    return next(map(b64decode, pictures), None)


def failures(folder: Path) -> list[Failure]:
    """Where the lessons executed into a folder failed."""
    return [Failure(**failure) for failure in json.loads((folder / FAILURES).read_text(encoding="utf-8"))]


def card(this: Lesson, failed: list[Failure]) -> str:
    """The lesson on the index page, with its first picture, which is written beside it."""
    lines = [f":::{{grid-item-card}} {this.title}", f":link: {this.path.stem}", ":link-type: doc"]
    if picture := first_picture(read(this.path)):
        thumbnail = this.path.with_suffix(".png")
        thumbnail.write_bytes(picture)
        lines += [f":img-top: {thumbnail.name}", f":img-alt: First picture of {this.title}"]
    marks = [f"**Failed at cell {each.cell}.**" for each in failed if each.page == this.path.stem]
    return "\n".join([*lines, "", *marks, this.summary, ":::"])


def site(folder: Path, figures: Path, target: Path) -> list[str]:
    """Make the static site of the lessons executed into `folder`, with the page of figures beside it.

    Returns what Sphinx warned of, in a line, if anything.
    """
    series, failed = pages(folder), failures(folder)
    cards = "\n".join(card(this, failed) for this in series)
    further = ["gallery", "equations", solutions.write(folder), *reference.write(folder)]
    contents = "\n".join([*(this.path.stem for this in series), *further])
    shutil.copy(HERE / "equations.md", folder)
    gallery.page(figures, folder)
    (folder / "index.md").write_text(
        f"# Steerlens\n\n{project_field('description')}\n\n"
        f"```{{raw}} html\n{play.compact()}\n```\n\n::::{{grid}} 1 2 2 3\n{cards}\n::::\n\n"
        '[Gallery](gallery.md): the morphs, moving. <a href="figures/index.html">The paper\'s figures, made '
        "again</a>, beside its own words. [Reference](api/index.md): every function.\n\n"
        f":::{{toctree}}\n:hidden:\n{contents}\n:::\n",
        encoding="utf-8",
    )
    shutil.rmtree(target, ignore_errors=True)
    options = ["-q", "-W", "--keep-going", "-c", str(Path(__file__).parent), "-d", str(folder / ".doctrees")]
    status = subprocess.run([sys.executable, "-m", "sphinx", *options, str(folder), str(target)]).returncode
    play.write(target)
    shutil.copytree(figures, target / "figures")
    shutil.copytree(folder / "sheets", target / "_static", dirs_exist_ok=True)
    print(f"open {target / 'index.html'}")
    return ["the site: Sphinx warned, see above"] if status else []


if __name__ == "__main__":
    lessons, figures, target = map(Path, sys.argv[1:])
    warned = site(lessons, figures, target)
    report([*failures(lessons), *json.loads((figures / FAILURES).read_text(encoding="utf-8")), *warned])
