"""The page "What was measured", made of the records beside the committed checkpoints and results.

classifiers   what each network was trained on, and how often it is right
editors       lesson 08's tables: what two judges see, and how much of a change is a smooth motion
drawings      lesson 09's table: how sure a network is of what it drew
records       where each stored result comes from
"""

import json
from pathlib import Path

import dressing
import pandas as pd
import torch
from series import ROOT
from steerlens_lessons.common.summaries import counted, quartiles
from steerlens_lessons.l08_confidence import table as confidence

DATA = ROOT / "data"
STAND_INS = ("scikit-learn", "schematic")
PAGE = """\
---
html_theme.sidebar_secondary.remove: true
---

# What was measured

The site's build makes these tables from the records beside the stored networks and results. Each record has
the settings, the SHA-256 of the file and the command that makes it again. The lessons check this sum before
they use a file.

## Which edits convince others

Lesson 08. {digits} test digits, each with a random other class as its target, edited to exactly the same
distance. *Both judges*: in how many edits two networks that had no part in them see the target, with Wilson's
95 % interval. *E*: the share of the change that a smooth warp explains, median.

{on_digits}

The same for {faces} faces of FER2013, sad to happy and happy to sad.

{on_faces}

## What a network draws

Lesson 09. Twenty classes of ImageNet, drawn for SqueezeNet in four ways, beside photographs of the same
classes.

{drawings}

## The networks

Trained here, on real data.

{real}

The same on the stand-ins, which replace missing real data.

{stand_ins}

## Where the stored results come from

{provenance}
"""


def records(kind: str) -> dict[str, dict]:
    """The records of a folder of data/, by name."""
    paths = sorted((DATA / kind).glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def score(record: dict) -> str:
    """How well a network does on test images: its share of right answers, or its error."""
    if (accuracy := record.get("test_accuracy")) is not None:
        return f"{accuracy:.1%} right"
    if "test_loss" in record:
        return f"loss {record['test_loss']:.4g}"
    error = record["test_error"]
    return f"error {error['network']:.3g} (without it {error['without']:.3g})"


def classifiers(stand_ins: bool) -> str:
    """The stored networks, of real data or of the stand-ins."""
    rows = [
        [
            f"`{record['model']}`",
            record["source"],
            f"{record['training_images']:,}" if "training_images" in record else "drawn at random",
            f"{record['test_images']:,}",
            score(record),
            f"{record['seconds']:,} s",
        ]
        for record in records("checkpoints").values()
        if record["source"].startswith(STAND_INS) == stand_ins
    ]
    head = ["Network", "Data", "Training images", "Test images", "On test images", "Training took"]
    return markdown(head, sorted(rows, key=lambda row: (row[1], row[0])))


def editors(name: str) -> str:
    """A table of lesson 08: for each editor and distance, what the judges see and how much is a warp."""
    stored = confidence.load(name)
    distances = stored.record["distances"]
    rows = []
    for row, values in stored.values.items():
        cells = [row]
        for at, distance in enumerate(distances):
            share = counted(stored.both(row, distance))
            cells += [f"{share.text} {share.ends}", f"{values['energy'][at].quantile(0.5).item():.2f}"]
        rows.append(cells)
    head = ["Editor"]
    for distance in distances:
        head += [f"both judges, L2 = {distance:.3g}", "E"]
    return markdown(head, rows)


def drawings() -> str:
    """Lesson 09's table: the logit of the class that was asked for, and its rank, by method."""
    found = pd.read_csv(DATA / "results" / "maco-squeezenet1_0.csv")
    rows = []
    for method, own in found.groupby("method", sort=False):
        logits = quartiles(torch.tensor(own["logit"].to_numpy()), 1)
        first = counted(torch.tensor(own["rank"].to_numpy()) == 1)
        rows.append([str(method), f"{logits.text} {logits.ends}", f"{first.text} {first.ends}"])
    return markdown(["Drawn by", "logit of the class: median [quartiles]", "the class has rank 1"], rows)


def provenance() -> str:
    """Where each stored result comes from."""
    rows = [
        [name, f"`{record['command']}`", f"`{record['sha256'][:12]}`", record["torch"]]
        for name, record in records("results").items()
    ]
    return markdown(["Result", "Made by", "SHA-256 begins", "torch"], rows)


def write(folder: Path, targets: dict[str, str]) -> None:
    """Write measured.md into a folder; `targets` are the lessons' addresses, by their numbers."""
    digits, faces = (confidence.load(name).record["sources"] for name in ("mnist", "fer2013"))
    text = PAGE.format(
        digits=digits,
        faces=faces,
        on_digits=editors("mnist"),
        on_faces=editors("fer2013"),
        drawings=drawings(),
        real=classifiers(False),
        stand_ins=classifiers(True),
        provenance=provenance(),
    )
    (folder / "measured.md").write_text(dressing.link(text, targets), encoding="utf-8")
