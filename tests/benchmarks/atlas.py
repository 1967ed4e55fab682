"""The atlas beside the plain loop: throughput by workers and by images, bytes, memory of each worker.

    python tests/benchmarks/atlas.py [IMAGES ...]      (1000, or 1000 10000 60000, which takes hours)

The plain loop makes the same morphs in this process, image after image, and keeps nothing; it is timed in the
same run, on as many threads as torch takes, on the first images alone, for its time grows in proportion. A
morph is an image towards one target at three distances.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import torch
from measure import report

import steerlens as sl
from steerlens.atlas import atlas, run
from steerlens.data import ImageData
from steerlens.evaluation.matched import FROZEN_STEPS
from steerlens.morphs.scores import batched_logits

WORKERS, DISTANCES, LOOP = (1, 2, 4), (1.0, 2.0, 4.0), 100
HOW = {"alpha": 0.1, "steps": FROZEN_STEPS, "objective": "margin", "progress": False}


def plain(model: torch.nn.Module, images: torch.Tensor) -> float:
    """Morphs a second of the loop that a notebook would have: an image towards all its targets at a time."""
    start = time.perf_counter()
    pyramid = sl.SteerablePyramid((28, 28), 3, 4, padding=2)
    for image in images:
        source = int(batched_logits(model, image[None]).argmax())
        targets = torch.tensor([target for target in range(10) if target != source])
        morph = sl.extrapolate(model, image.expand(9, -1, -1, -1), targets, pyramid, **HOW)
        for distance in DISTANCES:
            edited, _ = morph.at_distance(distance)
            batched_logits(model, edited).softmax(1)
    return 9 * len(images) / (time.perf_counter() - start)


def measured(model: torch.nn.Module, data: ImageData, count: int, workers: int) -> dict[str, float]:
    """Morphs a second from the call to the table, the cluster's start apart; bytes; the largest worker."""
    with tempfile.TemporaryDirectory() as folder, run.local_client(workers) as client:
        client.wait_for_workers(workers)
        pids, peaks, over = (
            list(client.run(lambda: __import__("os").getpid()).values()),
            [0],
            threading.Event(),
        )

        def watch() -> None:
            while not over.wait(0.2):
                peaks.append(max(psutil.Process(pid).memory_info().rss for pid in pids))

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.perf_counter()
        table = atlas(model, data, out=folder, client=client, limit=count, padding=2, progress=False)
        seconds = time.perf_counter() - start
        over.set()
        watcher.join()
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        morphs = len(table) / len(DISTANCES)
    return {
        "seconds": seconds,
        "morphs a second": morphs / seconds,
        "MiB": size / 2**20,
        "worker MiB": max(peaks) / 2**20,
    }


def main(counts: list[int]) -> None:
    """Print the table and write build/benchmarks/atlas.json."""
    train = max(counts) > 10_000
    data = sl.data.digits(train=train)
    model, rows = sl.models.load("lenet", data), []
    for count in (min(count, len(data)) for count in counts):
        loops = {}
        for threads in (1, torch.get_num_threads()):
            before = torch.get_num_threads()
            torch.set_num_threads(threads)
            loops[threads] = plain(model, data.images[: min(count, LOOP)])
            torch.set_num_threads(before)
        for workers in WORKERS:
            found = measured(model, data, count, workers)
            rate = found["morphs a second"]
            ratios = {f"times the loop, {threads} threads": rate / loop for threads, loop in loops.items()}
            rows.append({"images": count, "workers": workers, **found, **ratios})
            print(rows[-1], flush=True)
    report("atlas", {"Digits to nine targets at three distances": rows}, source=data.source)


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [1000])
