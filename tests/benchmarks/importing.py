"""Seconds from nothing to `import torch`, to `import steerlens`, and to the names that a morph needs.

Each in a fresh process, in turn, so that what slows the machine slows all; medians.
"""

import statistics
import subprocess
import sys
import time

from measure import report

REPEATS = 9
CODE = {
    "import torch": "import torch",
    "import steerlens": "import steerlens",
    "import both": "import torch, steerlens",
    "a pyramid": "import steerlens as sl; sl.SteerablePyramid((28, 28), 3, 4)",
    "data, classifier, editors": "import steerlens as sl; sl.data.digits, sl.models.load, sl.steer",
    "with film strips": "import steerlens as sl; sl.data.digits, sl.models.load, sl.steer, sl.filmstrip",
}


def seconds(code: str) -> float:
    """Of a new process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Time them in turn, after a round that fills the disk's cache."""
    rounds = [[seconds(code) for code in CODE.values()] for _ in range(REPEATS + 1)][1:]
    medians = [statistics.median(times) for times in zip(*rounds, strict=True)]
    rows = [
        {"from a new process to": name, "s": found, "beside import torch": found / medians[0]}
        for name, found in zip(CODE, medians, strict=True)
    ]
    report("importing", {"Importing": rows}, repeats=REPEATS)


if __name__ == "__main__":
    main()
