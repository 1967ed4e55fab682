"""Speed of the pyramid beside plenoptic's, in one process: ratios of medians over alternating repeats.

Both analyse a batch and synthesise it again, tight frame, complex, 4 orientations, float32, gradients off,
each called once on the whole batch, as users call it. The table goes to the terminal and, with the
machine's description, to build/benchmarks/pyramid.json.
"""

import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import plenoptic
import torch

from steerlens import SteerablePyramid

CASES = [  # batch, height, width, scales (plenoptic's limit: floor(log2(min side)) - 2)
    (1, 64, 64, 3),
    (256, 32, 32, 3),
    (256, 64, 64, 3),
    (1, 224, 224, 4),
    (64, 224, 224, 4),
    (16, 256, 256, 5),
    (4, 512, 512, 5),
]
REPEATS = 15
REPORT = Path(__file__).resolve().parents[2] / "build" / "benchmarks" / "pyramid.json"


def seconds(function: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(batch: int, height: int, width: int, scales: int) -> dict:
    """Median milliseconds of both, their ratio, and how far apart their bands are."""
    images = torch.rand(batch, 1, height, width)
    ours = SteerablePyramid((height, width), scales, orientations=4)
    theirs = plenoptic.process.SteerablePyramidFreq(
        (height, width), height=scales, order=3, is_complex=True, tight_frame=True
    )
    coefficients, oracle = (
        ours.analyze(images),
        theirs(images),
    )  # warm-up, and the check that both do the same
    ours.synthesize(coefficients), theirs.recon_pyr(oracle)
    difference = max((oracle[s] - band).abs().max().item() for s, band in enumerate(coefficients.bands))
    both = [
        (
            seconds(lambda: ours.synthesize(ours.analyze(images))),
            seconds(lambda: theirs.recon_pyr(theirs(images))),
        )
        for _ in range(REPEATS)
    ]
    mine, peer = (1e3 * statistics.median(times) for times in zip(*both, strict=True))
    return {
        "case": f"{batch}x{height}x{width}, {scales} scales",
        "steerlens_ms": mine,
        "plenoptic_ms": peer,
        "ratio": peer / mine,
        "largest_difference": difference,
    }


def main() -> None:
    """Print the table and write the report."""
    torch.manual_seed(0)
    print(
        f"{'analyse + synthesise':28}{'steerlens ms':>14}{'plenoptic ms':>14}{'ratio':>8}{'difference':>12}"
    )
    rows = []
    with torch.no_grad():
        for case in CASES:
            row = compare(*case)
            rows.append(row)
            print(
                f"{row['case']:28}{row['steerlens_ms']:14.1f}{row['plenoptic_ms']:14.1f}"
                f"{row['ratio']:8.1f}{row['largest_difference']:12.0e}",
                flush=True,
            )
    machine = {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "plenoptic": plenoptic.__version__,
        "python": platform.python_version(),
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"machine": machine, "repeats": REPEATS, "rows": rows}, indent=2) + "\n")
    print(f"{REPEATS} repeats, {machine['threads']} threads, torch {torch.__version__}; written to {REPORT}")


if __name__ == "__main__":
    main()
