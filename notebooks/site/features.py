"""What two papers show, and where it stands here: tests/features.md.

    python notebooks/site/features.py write   generate the table from the lessons as they were executed
    python notebooks/site/features.py check   say what `write` would change, and what is missing

A place is a section of a lesson whose cells have outputs, an equation that a cell has checked, a page of the
site, or a public name of the module. An item works if all of its places are there; a note says what it lacks.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pkgutil import resolve_name

import index
from nbformat import NotebookNode
from series import ROOT, lessons, read
from steerlens_lessons.common.equations import LINE
from steerlens_lessons.l14_channels import classes

TABLE = ROOT / "tests" / "features.md"
INTRODUCTION = """\
# What the papers show, and where it is here

Generated from the executed lessons by `make refresh`: an item *works* if each of its places is there, which
are sections with outputs, checked equations, pages of the site and names of the module. *In part* and *no
data* say what is lacking. The third paper, *Through a Steerable Lens*, has its equations in
[equations.md](../notebooks/equations.md) and its figures on the site.
"""


@dataclass(frozen=True)
class Item:
    """Something that a paper shows.

    Attributes:
        name: where it stands in the paper, and what it is.
        places: "10: section", "10 = L.1" (an equation), "page scope", or a name such as "steerlens.linear".
        lacks: "in part: ..." or "no data: ..."; nothing if it is all there.
    """

    name: str
    places: tuple[str, ...]
    lacks: str = ""


SCOPE = "steerlens.linear"
LINEAR_INTERPRETERS = (
    Item("Figure 1, one drawing: F, a row, a column, the residual", ("10: One input, one matrix",)),
    Item("Equations 1 to 6, the double batch", ("10: The double batch", "10 = L.1", "10 = L.5", "10 = L.6")),
    Item(
        "Figure 2, units and how each is frozen", ("10: What it means to freeze a unit", f"{SCOPE}.freezing")
    ),
    Item(
        "Theorem 1 and its proof, Equations 7 to 17", ("10: Theorem 1: where a score comes from", "10 = L.13")
    ),
    Item("Equation 18, the pixel discussion", ("10: Pixels discuss, and vote", "10 = L.18")),
    Item("Tables 1 and 2, what storing would cost", ("10: What storing would cost",)),
    Item(
        "Tables 3 and 4, the residual's share of scores",
        ("10: How much of a score is residual?",),
        "in part: SqueezeNet and our own networks; the paper's networks have no weights at hand",
    ),
    Item(
        "Figures 4 and 8, depth and batch norm, clean and attacked",
        ("10: Depth and batch norm",),
        "in part: pairs trained on FER2013; torchvision's VGGs have no weights at hand",
    ),
    Item("Case 1, rows are no template", ("10: Case 1: a classifier",)),
    Item("Figures 3 and 9, discussions and votes of all classes", ("10: Pixels discuss, and vote",)),
    Item("Figure 10, votes after FGSM", ("10: Pixels discuss, and vote",)),
    Item("Section 2, relatives: LRP, Deep Taylor, guided", ("10: Relatives of the pixel discussion",)),
    Item("Section 2, EigenFaces as a contrast", ("10: Its singular vectors, and EigenFaces",)),
    Item(
        "Figures 5 and 12, singular vectors of an upscaler",
        ("10: The basis: singular vectors without the matrix",),
    ),
    Item(
        "Figures 5 and 6, better and worse upscalers, bicubic",
        ("10: A better and a worse system",),
        "in part: our own upscalers; EDSR has no weights at hand",
    ),
    Item(
        "Figure 11, rows and columns of upscalers, to walk through",
        ("10: Case 2: super-resolution", "page scope"),
    ),
    Item(
        "Figures 7 and 13, rows and columns of image to image",
        ("10: Case 3: image to image",),
        "in part: our own translator; CycleGAN has no weights at hand",
    ),
    Item(
        "Figures 14 and 15, its singular triplets and residual", ("10: Its singular vectors, and EigenFaces",)
    ),
    Item("Section 8.D, live demonstrations without storing F", ("page scope", f"{SCOPE}.LinearInterpreter")),
    Item("Section 5, a loss that sees F and r", ("10: Train on the interpreter",)),
)
MACO = (
    Item("Equation M.1, magnitudes of a data set, with their source", ("09 = M.1", "steerlens.maco.spectra")),
    Item("Equation M.2, phases that maximise over random views", ("09 = M.2", "09: MACO")),
    Item("Equation M.3, exact magnitudes", ("09 = M.3", "09: The constraint")),
    Item(
        "Figure 1, the standard Fourier method and MACO",
        ("09: Figure 1: the same question, four parameterisations",),
    ),
    Item(
        "Section 1, deep networks: ResNet50V2 and ViT",
        ("15: Does another network see the digit?",),
        "no data: no weights of either at hand; asked of a small transformer, and not found there",
    ),
    Item("Section 2, transparency", ("09 = M.4", "09: Transparency, and what it does not say")),
    Item("Section 2, logits as objectives", ("14: An atlas of classes", "steerlens.maco.objectives")),
    Item("Section 2, channels and neurons", ("14: Channels and neurons", "page drawn")),
    Item(
        "Section 3, inside transformers: tokens, class token, units",
        ("15: One token, the class token, or the mean", "15: Units of the MLP"),
    ),
    Item("Section 3, feature inversion", ("09: Inversion: what a layer still knows",)),
    Item("Section 3, CRAFT: crops and factorisation", ("16: Factorise", "16 = C.1")),
    Item("Section 3, CRAFT: importance by Sobol indices", ("16: Which concepts matter?", "16 = C.3")),
    Item("Section 3, CRAFT: heat maps of concepts", ("16: Where?", "16 = C.4", "16 = C.5")),
    Item("Section 3, CRAFT: recursion", ("16: Recursion",)),
    Item("Figure 2, concepts drawn by MACO", ("16: Drawn by MACO", "16: Photographs")),
    Item(
        "Section 3, Loupe: classes of ImageNet, to browse",
        ("14: An atlas of classes", "page drawn"),
        f"in part: {len(classes.DRAWN.read()[0])} of 1000 classes are stored; the others take 13 s each"
        " (`python -m steerlens_lessons.l14_channels.classes 1000`)",
    ),
    Item(
        "Not in the paper: grey images, digits and faces",
        ("09: Our own networks, in grey", "14: Digits and faces"),
    ),
)
PAPERS = {
    "A Tour of Convolutional Networks Guided by Linear Interpreters": LINEAR_INTERPRETERS,
    "Unlocking Feature Visualization ... with MAGnitude Constrained Optimization": MACO,
}


@cache
def notebook(number: str) -> NotebookNode | None:
    """A lesson by its number, as it was executed."""
    return next((read(this.path) for this in lessons() if this.path.name[:2] == number), None)


def section(number: str, heading: str) -> bool:
    """Whether a lesson has a section of this heading in which code has outputs."""
    inside = False
    for cell in getattr(notebook(number), "cells", ()):
        if cell.cell_type == "code":
            if inside and cell.outputs:
                return True
            continue
        for line in cell.source.splitlines():
            if re.match("#{2,3} ", line):
                inside = line.lstrip("# ") == heading
    return False


def equation(number: str, label: str) -> bool:
    """Whether a cell of a lesson has checked an equation."""
    outputs = [o for c in getattr(notebook(number), "cells", ()) for o in c.get("outputs", [])]
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    return any(match["label"] == label for match in LINE.finditer(printed))


def there(place: str) -> bool:
    """Whether a place is there."""
    if match := re.fullmatch(r"(\d\d): (.+)", place):
        return section(*match.groups())
    if match := re.fullmatch(r"(\d\d) = (.+)", place):
        return equation(*match.groups())
    if place.startswith("page "):
        return any(place.removeprefix("page ") in pages for pages in index.EXTRA.values())
    try:
        resolve_name(place)
    except (ImportError, AttributeError):
        return False
    return True


def state(item: Item) -> str:
    """ "works", what it lacks, or "missing" and where."""
    absent = [place for place in item.places if not there(place)]
    return f"**missing**: {', '.join(absent)}" if absent else item.lacks or "works"


def shown(place: str) -> str:
    """A place, with a link to its lesson."""
    if not (match := re.fullmatch(r"(\d\d)( = |: )(.+)", place)):
        return f"the site's page *{index.TITLES[place[5:]]}*" if place.startswith("page ") else f"`{place}`"
    number, kind, what = match.groups()
    path = next((this.path.name for this in lessons() if this.path.name[:2] == number), "")
    return f"[{number}](../notebooks/{path}), {f'({what})' if kind == ' = ' else what}"


def rows(items: Iterable[Item]) -> list[str]:
    """Lines of a table."""
    head = ["| In the paper | Here | State |", "|---|---|---|"]
    return head + [f"| {i.name} | {'<br>'.join(map(shown, i.places))} | {state(i)} |" for i in items]


def text() -> str:
    """The whole page."""
    parts = [f"\n## {name}\n\n" + "\n".join(rows(items)) + "\n" for name, items in PAPERS.items()]
    return INTRODUCTION + "".join(parts)


def main(command: str) -> int:
    """Write the page, or say whether it is what `write` would write and nothing is missing."""
    new, old = text(), TABLE.read_text(encoding="utf-8") if TABLE.is_file() else ""
    if command == "write":
        TABLE.write_text(new, encoding="utf-8")
    elif new != old:
        print(f"{TABLE.name} is not what `write` would make of the lessons")
    lacking = [line for line in new.splitlines() if "**missing**" in line]
    print("\n".join(lacking), end="\n" if lacking else "")
    return int(bool(lacking) or (command == "check" and new != old))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
