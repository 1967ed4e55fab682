"""Lesson 16's stored concepts: of all happy faces of FER2013, of the photographs, and of what stands in.

compute   everything that is kept of a subject
stored    the committed values; computed on the spot for a subject that has none
strongest_crops   of each concept

``python -m steerlens_lessons.l16_concepts.table`` (``make tables``) computes them again.
"""

import time
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from steerlens import objectives
from steerlens.data import records
from steerlens.maco.spectra import magnitude_spectrum
from steerlens.maco.visualization import maco
from steerlens.morphs.scores import batched_logits

from ..common.activations import activations, pooled
from . import craft, sobol
from .subjects import Subject, happy_faces, log_odds, name, photographs, shuffled, training_faces

SEEDS, DESIGNS, JUDGED, KEPT, SUBCONCEPTS = 3, 4, 60, 100, 3
PHOTOGRAPHED = "squeezenet1_0 and 100 photographs of ImageNet's classes"
REMEDY = "restore it, or compute it again (make tables)"


def compute(subject: Subject, images: Tensor, judged: int = JUDGED) -> dict[str, Tensor]:
    """What is kept of a subject.

    Args:
        subject: network, layers and held-out images.
        images: from which crops are made: (n, channels, height, width).
        judged: for how many held-out images importance is measured.

    Returns:
        "bank" (concepts, channels), "seeds" and "halves" (n, concepts, channels); "owners" (concepts, kept)
        and "corners" (concepts, kept, 2) of the strongest crops; the same of sub-concepts of the most
        important concept, with "sub_"; "indices" (designs, images, concepts); "drawings" (concepts, channels,
        height, width) in [0, 255]; "explained" (2, 2): trained and shuffled, of crops and of places; and
        "shuffled_halves".
    """
    crops, corners = craft.random_crops(images, subject.count, subject.side)
    rows = pooled(subject.model, subject.layer, crops)
    u, bank = craft.factorised(rows, subject.concepts)
    found = {"bank": bank, "crops": torch.tensor(len(crops))}
    found["seeds"] = torch.stack([craft.factorised(rows, len(bank), seed)[1] for seed in range(SEEDS)])
    found["halves"] = torch.stack([craft.factorised(half, len(bank))[1] for half in _halves(rows, subject)])
    found |= _strongest(u, corners, subject)
    maps = craft.coefficient_maps(activations(subject.model, subject.layer, subject.images[:judged]), bank)
    designs = [sobol.design(len(bank), seed=seed) for seed in range(DESIGNS)]
    found["indices"] = torch.stack([sobol.importance(subject.score, maps, bank, d) for d in designs]).float()
    first = found["indices"].mean((0, 1)).argmax()
    chosen, parts, found["sub_bank"] = craft.recursion(
        subject.model, subject.earlier, crops, u[:, first], SUBCONCEPTS
    )
    found |= {
        f"sub_{kind}": each for kind, each in _strongest(parts, corners[chosen], subject, chosen).items()
    }
    twin = shuffled(subject.model, crops[:200])
    others = pooled(twin, subject.layer, crops[: 4000 * subject.count])
    found["shuffled_halves"] = torch.stack(
        [craft.factorised(half, len(bank))[1] for half in _halves(others, subject)]
    )
    pairs = ((subject.model, rows, bank), (twin, others, craft.factorised(others, len(bank))[1]))
    found["explained"] = torch.tensor([_explained(subject, judged, *pair) for pair in pairs])
    return found | {"drawings": _drawings(subject, bank)}


def _halves(rows: Tensor, subject: Subject) -> tuple[Tensor, Tensor]:
    """Crops of every other image, and of the others."""
    odd = torch.arange(len(rows)) // subject.count % 2 == 1
    return rows[~odd], rows[odd]


def _strongest(
    u: Tensor, corners: Tensor, subject: Subject, chosen: Tensor | None = None
) -> dict[str, Tensor]:
    """The strongest crops of each concept: images they come from, and corners."""
    best = u.argsort(dim=0, descending=True)[:KEPT].T
    numbers = best if chosen is None else chosen[best]
    return {"owners": (numbers // subject.count).int(), "corners": corners[best]}


def _explained(subject: Subject, judged: int, model: nn.Module, rows: Tensor, bank: Tensor) -> list[float]:
    """Shares of energy, of crops and of the places of held-out images."""
    places = activations(model, subject.layer, subject.images[:judged]).movedim(1, -1).flatten(0, -2)
    return [craft.explained(each, craft.coefficients(each, bank), bank) for each in (rows, places)]


def _drawings(subject: Subject, bank: Tensor) -> Tensor:
    """MACO's picture of each concept, (concepts, channels, height, width), uint8."""
    wish = objectives.direction(subject.model, subject.layer, bank)
    seen = maco(wish, magnitude_spectrum(subject.canvas()), **subject.how)
    return (255 * seen.images).round().to(torch.uint8)


def stored(subject: Subject) -> dict[str, Tensor]:
    """What is kept of a subject; computed here if it has no table. Raises ValueError for a damaged one."""
    path = _path(subject)
    if not path.is_file():
        return compute(subject, subject.images, judged=8)
    records.checked(path, REMEDY)
    return safetensors.torch.load_file(path)


def strongest_crops(subject: Subject, found: dict[str, Tensor], count: int, kind: str = "") -> list[Tensor]:
    """The strongest crops of each concept, of as many images: (count, channels, height, width) each.

    Args:
        found: of `stored`.
        count: how many at most.
        kind: "sub_" for those of sub-concepts.
    """
    places = []
    for owners, corners in zip(found[f"{kind}owners"].long(), found[f"{kind}corners"], strict=True):
        first = [n for n, owner in enumerate(owners.tolist()) if owner not in owners[:n].tolist()][:count]
        places.append((owners[first], corners[first]))
    every, sizes = subject.pool(torch.cat([owners for owners, _ in places])), [len(o) for o, _ in places]
    corners = torch.cat([corners for _, corners in places])
    return list(craft.crops_at(every, torch.arange(len(every)), corners, subject.side).split(sizes))


def _path(subject: Subject) -> Path:
    return records.committed("results") / f"{name(subject)}.safetensors"


def write(subject: Subject, images: Tensor) -> Path:
    """Compute what is kept of a subject, from the images that the network sees as its class, and write it."""
    started = time.perf_counter()
    seen = (log_odds(batched_logits(subject.model, images), subject.classes) > 0).nonzero()[:, 0]
    values = compute(subject, images[seen])
    for kind in ("owners", "sub_owners"):
        values[kind] = seen[values[kind].long()].int()
    record = {"data": subject.source, "images": len(images), "seen": len(seen), "crops": int(values["crops"])}
    record |= {"layers": [subject.layer, subject.earlier], "side": subject.side}
    record |= {"seconds": round(time.perf_counter() - started), "torch": torch.__version__}
    content = {kind: each.contiguous() for kind, each in sorted(values.items())}
    path = _path(subject)
    records.write(path, safetensors.torch.save(content), record | {"command": f"python -m {__spec__.name}"})
    return path


def main() -> None:
    """The tables of the photographs, where they are, and of the happy faces at hand."""
    dogs = photographs()
    if dogs.source == PHOTOGRAPHED:
        print(write(dogs, dogs.images))
    print(write(happy_faces(), training_faces()))


if __name__ == "__main__":
    main()
