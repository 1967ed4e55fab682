"""Lesson 10: an election among all classes of ImageNet, which takes a lesson too long, held once and stored.

tally      what the votes of an image's pixels come to
election   that, with the 32 likeliest classes as candidates and with all
stored     the committed result for sixteen photographs

``python -m steerlens_lessons.l10_linear.votes`` (``make tables``) holds it again: 13 minutes on a busy core.
"""

import time
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from steerlens._internal.progress import progress_bar
from steerlens.data import records
from steerlens.data.files import data_root
from steerlens.evaluation import first_correct
from steerlens.linear import LinearInterpreter

from .measures import subject

IMAGES, SIZE, FEW = 16, 128, 32  # photographs, their side in pixels, candidates of the small election
PATH = "votes-squeezenet1_0.safetensors"
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


def stored() -> tuple[dict[str, Tensor], dict]:
    """What `election` found, (images, 2) each, with "label" (images,), and its record. Raises ValueError."""
    path = records.committed("results") / PATH
    record = records.checked(path, REMEDY)
    return safetensors.torch.load_file(path), record


def main() -> Path:
    """Hold the election on the first photographs that SqueezeNet gets right, and write what it came to."""
    model, photographs, real = subject(SIZE)
    if not real:
        raise FileNotFoundError(f"expected SqueezeNet's weights and 100 photographs in {data_root()}")
    started, chosen = time.perf_counter(), photographs[first_correct(model, photographs, IMAGES)]
    views = (LinearInterpreter(model[1], x, keep_graph=False) for x in model[0](chosen.images).split(1))
    pairs = progress_bar("votes", True, zip(views, chosen.labels.tolist(), strict=True), IMAGES)
    found = [election(view, label) for view, label in pairs]
    values = {kind: torch.stack([each[kind] for each in found]) for kind in found[0]}
    record = {"network": "squeezenet1_0", "data": photographs.source, "images": IMAGES, "size": SIZE}
    record |= {"candidates": [FEW, len(photographs.classes)], "torch": torch.__version__}
    record |= {"seconds": round(time.perf_counter() - started), "command": f"python -m {__spec__.name}"}
    path = records.committed("results") / PATH
    records.write(path, safetensors.torch.save({"label": chosen.labels, **values}), record)
    return path


if __name__ == "__main__":
    print(main())
