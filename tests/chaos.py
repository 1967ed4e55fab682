"""An atlas that is killed ten times at random moments is that of an undisturbed run (``make chaos``).

Each time either a worker or the whole process, with scheduler and workers, is killed by SIGKILL; now and then
a byte of a piece is flipped in between. The moments are drawn by a seed, which may be given.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil

from steerlens import data, models
from steerlens.atlas import atlas, plan

KILLS, IMAGES, SIZE = 10, 300, 5  # images, and of them in a piece


def run(out: Path) -> pd.DataFrame:
    """The atlas of some digits."""
    digits = data.small_digits()
    plan.MOST = SIZE
    return atlas(models.load("lenet", digits), digits, out=out, limit=IMAGES, distances=(1, 2))


def pieces(out: Path) -> int:
    """How many are there."""
    return len(list((out / "pieces").glob("*.json")))


def disturbed(out: Path, draws: random.Random) -> str:
    """Start the run, kill something of it once it is at work, mostly, and say what."""
    process, before = (
        subprocess.Popen([sys.executable, __file__, str(out)], stderr=subprocess.DEVNULL),
        pieces(out),
    )
    early = draws.random() < 0.2
    while not early and process.poll() is None and pieces(out) <= before:
        time.sleep(0.05)
    time.sleep(draws.uniform(0, 2))
    workers = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    what = "all"
    if workers and draws.random() < 0.5:
        what = "one of its processes, then all"
        os.kill(draws.choice(workers).pid, signal.SIGKILL)
        time.sleep(draws.uniform(0, 2))
    process.kill()
    process.wait()
    return what


def flipped(out: Path, draws: random.Random) -> str:
    """Flip a byte of one of the files of the pieces, and say of which."""
    files = sorted(
        path
        for part in ("table", "pieces", "images.zarr/morphs/c")
        for path in (out / part).rglob("*")
        if path.is_file()
    )
    if not files:
        return "nothing yet"
    path = draws.choice(files)
    content = bytearray(path.read_bytes())
    content[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
    path.write_bytes(content)
    return str(path.relative_to(out))


def main(seed: int) -> None:
    """Kill the run, continue it, and compare."""
    draws = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "undisturbed", Path(folder) / "disturbed"
        expected = run(first).drop(columns="seconds")
        for number in range(1, KILLS + 1):
            said = disturbed(second, draws)
            there = pieces(second)
            print(
                f"{number}: killed {said}; {there} pieces are there; flipped: {flipped(second, draws)}",
                flush=True,
            )
        pd.testing.assert_frame_equal(run(second).drop(columns="seconds"), expected)
        print(f"seed {seed}: all {len(expected):,} rows are those of the undisturbed run")


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].isdecimal():
        run(Path(sys.argv[1]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1000))
