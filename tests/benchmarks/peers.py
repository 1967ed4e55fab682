"""The pyramid beside other packages, in one process, in alternating calls: medians and their ratios.

plenoptic computes the same bands (a column says how far apart they are). It is called as its users call it,
the whole batch at once, here and in a process of its own without steerlens (whose import makes the C library
keep freed memory, for plenoptic too), and in chunks of the size that is best for it, all kept like ours.
pyrtools is NumPy, one image at a time; pytorch_wavelets' DTCWT is another transform (six orientations, fewer
coefficients), for scale. Gradients off but where it says otherwise. Runs on a GPU where there is one.
"""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import plenoptic
import torch
from measure import DEVICE, report, seconds, side_by_side
from plenoptic_alone import REPEATS, plenoptic_pyramid

from steerlens import SteerablePyramid

CASES = [  # batch, side, scales (plenoptic's limit: floor(log2(min side)) - 2)
    *((1, 64, 3), (1, 224, 4), (256, 32, 3), (256, 64, 3), (64, 128, 4)),
    *((64, 224, 4), (16, 256, 5), (4, 512, 5)),
]
TRAINED = [(256, 32, 3), (256, 64, 3), (16, 224, 4), (16, 256, 5)]


def pyramids(side: int, scales: int) -> tuple[SteerablePyramid, torch.nn.Module]:
    """Ours and plenoptic's: tight frames, complex, four orientations."""
    return SteerablePyramid((side, side), scales, orientations=4), plenoptic_pyramid(side, scales)


def in_chunks_of(size: int, images: torch.Tensor, theirs: torch.nn.Module) -> torch.Tensor:
    """plenoptic's pyramids of chunks, all kept as ours are, then their images."""
    kept = [theirs(part) for part in images.split(size)]
    return torch.cat([theirs.recon_pyr(coefficients) for coefficients in kept])


def best_chunk(images: torch.Tensor, theirs: torch.nn.Module) -> int:
    """The power of two that is fastest, each tried three times."""
    sizes = [size for size in (1, 2, 4, 8, 16, 32, 64, 128, 256) if size <= len(images)]
    return min(sizes, key=lambda n: min(seconds(lambda: in_chunks_of(n, images, theirs)) for _ in range(3)))


def alone(*case: int | str) -> float:
    """plenoptic's milliseconds in a process of its own, whose memory is handled as usual."""
    command = [sys.executable, Path(__file__).with_name("plenoptic_alone.py"), *map(str, case)]
    usual = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=usual).stdout)


@torch.no_grad()
def same_bands(batch: int, side: int, scales: int) -> dict:
    """Analyse and synthesise."""
    images = torch.rand(batch, 1, side, side, device=DEVICE)
    ours, theirs = pyramids(side, scales)
    oracle = theirs(images)
    pairs = [(oracle[scale], band) for scale, band in enumerate(ours.analyze(images).bands)]
    difference = max((a - b).abs().max().item() for a, b in pairs)
    del oracle, pairs
    size = best_chunk(images, theirs)
    mine, whole, chunked = side_by_side(
        [
            lambda: ours.synthesize(ours.analyze(images)),
            lambda: theirs.recon_pyr(theirs(images)),
            lambda: in_chunks_of(size, images, theirs),
        ],
        REPEATS,
    )
    apart = alone(batch, side, scales)
    return {
        "batch x side, scales": f"{batch} x {side}x{side}, {scales}",
        "bands apart": f"{difference:.0e}",
        "steerlens ms": mine,
        "plenoptic ms": whole,
        "ratio": whole / mine,
        "alone ms": apart,
        "its ratio": apart / mine,
        "in chunks ms": chunked,
        "of": size,
        "their ratio": chunked / mine,
    }


def with_gradients(batch: int, side: int, scales: int) -> dict:
    """Analyse, synthesise, and the gradient of a sum of squares with respect to the image."""
    images = torch.rand(batch, 1, side, side, device=DEVICE, requires_grad=True)
    ours, theirs = pyramids(side, scales)

    def gradient(there_and_back: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        return torch.autograd.grad(there_and_back(images).square().sum(), images)[0]

    mine, peer = side_by_side(
        [
            lambda: gradient(lambda x: ours.synthesize(ours.analyze(x))),
            lambda: gradient(lambda x: theirs.recon_pyr(theirs(x))),
        ],
        REPEATS,
    )
    apart = alone(batch, side, scales, "gradient")
    return {
        "batch x side, scales": f"{batch} x {side}x{side}, {scales}",
        "steerlens ms": mine,
        "plenoptic ms": peer,
        "ratio": peer / mine,
        "alone ms": apart,
        "its ratio": apart / mine,
    }


@torch.no_grad()
def other_transforms(side: int) -> list[dict]:
    """pyrtools, and the dual-tree complex wavelet transform, 256 images each."""
    import pyrtools

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources, which says that it will go
        from pytorch_wavelets import DTCWTForward, DTCWTInverse

    images = torch.rand(256, 1, side, side, device=DEVICE)
    arrays = images[:, 0].double().cpu().numpy()
    ours, forward, inverse = pyramids(side, 3)[0], DTCWTForward(J=3).to(DEVICE), DTCWTInverse().to(DEVICE)

    def with_pyrtools() -> None:
        for array in arrays:
            pyrtools.pyramids.SteerablePyramidFreq(array, height=3, order=3, is_complex=True).recon_pyr()

    rows = []
    for name, other, repeats in (
        ("pyrtools", with_pyrtools, 3),
        ("DTCWT", lambda: inverse(forward(images)), REPEATS),
    ):
        mine, time = side_by_side([lambda: ours.synthesize(ours.analyze(images)), other], repeats)
        columns = {"other": name, "batch x side, scales": f"256 x {side}x{side}, 3"}
        rows.append({**columns, "steerlens ms": mine, "other ms": time, "ratio": time / mine})
    return rows


def main() -> None:
    """Print the tables and write build/benchmarks/peers.json."""
    torch.manual_seed(0)
    tables = {
        "Analyse and synthesise": [same_bands(*case) for case in CASES],
        "Forward and backward": [with_gradients(*case) for case in TRAINED],
        "Other transforms, analyse and synthesise": [*other_transforms(32), *other_transforms(64)],
    }
    report("peers", tables, plenoptic=plenoptic.__version__, repeats=REPEATS)


if __name__ == "__main__":
    main()
