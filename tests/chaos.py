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
from steerlens.atlas import atlas

KILLS, IMAGES = 10, 300


def run(out: Path) -> pd.DataFrame:
    """The atlas of some digits, in pieces of 50."""
    digits = data.small_digits()
    return atlas(
        models.load("lenet", digits), digits, out=out, limit=IMAGES, distances=(1, 2), steps=12, alpha=2.0
    )


def disturbed(out: Path, draws: random.Random) -> str:
    """Start the run, kill something of it, and say what."""
    process = subprocess.Popen([sys.executable, __file__, str(out)], stderr=subprocess.DEVNULL)
    time.sleep(draws.uniform(3, 10))
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if children and draws.random() < 0.5:
        os.kill(draws.choice(children).pid, signal.SIGKILL)
        time.sleep(draws.uniform(0, 3))
        what = "one of its processes, then all"
    else:
        what = "all"
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
            there = len(list((second / "pieces").glob("*.json")))
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
