"""Lesson 10: an election among all classes of ImageNet, which takes a lesson too long, held once and stored.

tally      what the votes of an image's pixels come to
election   that, with the 32 likeliest classes as candidates and with all
recount    that, with all classes, for the same image after an attack
stored     the committed result for sixteen photographs, and that after the attack

``python -m steerlens_lessons.l10_linear.votes`` (``make tables``) holds them again, in half an hour.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from steerlens._internal.progress import progress_bar
from steerlens.data import records
from steerlens.evaluation import first_correct
from steerlens.linear import LinearInterpreter

from ..common.squeezenet import NETWORK, network_and_photographs
from .measures import attacked

IMAGES, SIZE, FEW = 16, 128, 32  # photographs, their side in pixels, candidates of the small election
PATH, AFTER = "votes-squeezenet1_0.safetensors", "votes-attacked-squeezenet1_0.safetensors"
REMEDY = "restore it, or compute it again (make tables)"


def tally(votes: Tensor, label: int) -> dict[str, Tensor]:
    """What votes, class indices (height, width), come to.

    Returns:
        scalars: "winner", the class with most votes; "true" and "first", the shares of pixels, in [0, 1],
        that vote for the true class ``label`` and for the winner; "entropy" of the shares, in bits.
    """
    shares = votes.flatten().bincount(minlength=label + 1).double() / votes.numel()
    entropy = torch.special.entr(shares).sum() / torch.tensor(2.0).log()
    return {"winner": shares.argmax(), "true": shares[label], "first": shares.max(), "entropy": entropy}


def election(view: LinearInterpreter, label: int) -> dict[str, Tensor]:
    """`tally` of a classifier's view with the `FEW` highest scores as candidates, and with all: (2,) each."""
    few = view.output[0].topk(min(FEW, view.output.numel())).indices
    tallies = [tally(view.pixel_votes(candidates), label) for candidates in (few, None)]
    return {kind: torch.stack([found[kind] for found in tallies]) for kind in tallies[0]}


def recount(view: LinearInterpreter, label: int) -> dict[str, Tensor]:
    """`tally` with all classes as candidates; "seen", the class that the network sees, and its "share"."""
    cast, seen = view.pixel_votes(None), view.output.argmax()
    return tally(cast, label) | {"seen": seen, "share": (cast == seen).double().mean()}


def stored(name: str = PATH) -> tuple[dict[str, Tensor], dict]:
    """What `election` found, (images, 2) each, with "label" (images,), and its record.

    Of `AFTER`, what `recount` found after the attack, (images,) each. Raises ValueError.
    """
    path = records.committed("results") / name
    record = records.checked(path, REMEDY)
    return safetensors.torch.load_file(path), record


def main() -> list[Path]:
    """Hold the elections on the first photographs that SqueezeNet gets right, and write what they came to."""
    model, photographs = network_and_photographs(SIZE)
    chosen = photographs[first_correct(model, photographs, IMAGES)]
    fooled = attacked(model, chosen.images, chosen.labels)
    about = {"network": NETWORK, "data": photographs.source, "images": IMAGES, "size": SIZE}
    candidates = {"candidates": [FEW, len(photographs.classes)]}
    return [
        _held(PATH, election, model, chosen.images, chosen.labels, about | candidates),
        _held(AFTER, recount, model, fooled, chosen.labels, about | {"attack": "FGSM, 4/255"}),
    ]


def _held(
    name: str, ballot: Callable, model: nn.Sequential, images: Tensor, labels: Tensor, about: dict[str, Any]
) -> Path:
    """One election on each image, written to a file with its record."""
    started = time.perf_counter()
    views = (LinearInterpreter(model[1], x, keep_graph=False) for x in model[0](images).split(1))
    pairs = progress_bar("votes", True, zip(views, labels.tolist(), strict=True), len(images))
    found = [ballot(view, label) for view, label in pairs]
    values = {kind: torch.stack([each[kind] for each in found]) for kind in found[0]}
    record = about | {"torch": torch.__version__, "seconds": round(time.perf_counter() - started)}
    path = records.committed("results") / name
    content = safetensors.torch.save({"label": labels, **values})
    records.write(path, content, record | {"command": f"python -m {__spec__.name}"})
    return path


if __name__ == "__main__":
    print(*main(), sep="\n")
