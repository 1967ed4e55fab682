"""The atlas beside the plain loop: throughput by workers and by images, bytes, memory of each worker.

    python tests/benchmarks/atlas.py [IMAGES ...]      (1000 10000; 1000 10000 60000 takes half an hour)

The plain loop makes the same morphs in this process, image after image, and keeps nothing; it is timed in the
same run, on one thread and on as many as torch takes. A morph is an image towards one target at three
distances: nine targets by workers, the second guess by images.
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

WORKERS, DISTANCES, LOOP, NINE = (1, 2, 4), (1.0, 2.0, 4.0), 100, 400  # images to all nine targets
HOW = {"alpha": 0.1, "steps": FROZEN_STEPS, "objective": "margin", "progress": False}


def plain(model: torch.nn.Module, images: torch.Tensor, threads: int) -> float:
    """Morphs a second of the loop that a notebook would have: an image towards all its targets at a time."""
    before, start = torch.get_num_threads(), time.perf_counter()
    torch.set_num_threads(threads)
    pyramid = sl.SteerablePyramid((28, 28), 3, 4, padding=2)
    for image in images:
        source = int(batched_logits(model, image[None]).argmax())
        targets = torch.tensor([target for target in range(10) if target != source])
        morph = sl.extrapolate(model, image.expand(9, -1, -1, -1), targets, pyramid, **HOW)
        for distance in DISTANCES:
            edited, _ = morph.at_distance(distance)
            batched_logits(model, edited).softmax(1)
    torch.set_num_threads(before)
    return 9 * len(images) / (time.perf_counter() - start)


def measured(model: torch.nn.Module, data: ImageData, workers: int, **options) -> dict[str, float]:
    """Morphs a second from the call to the table, the cluster's start apart; bytes; the largest worker."""
    with tempfile.TemporaryDirectory() as folder, run.local_client(workers) as client:
        client.wait_for_workers(workers)
        pids = list(client.run(lambda: __import__("os").getpid()).values())
        peaks, over = [0], threading.Event()

        def watch() -> None:
            while not over.wait(0.2):
                peaks.append(max(psutil.Process(pid).memory_info().rss for pid in pids))

        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.perf_counter()
        table = atlas(model, data, out=folder, client=client, padding=2, progress=False, **options)
        seconds = time.perf_counter() - start
        over.set()
        watcher.join()
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        morphs = len(table) / len(DISTANCES)
    return {
        "morphs": int(morphs),
        "seconds": seconds,
        "morphs a second": morphs / seconds,
        "MiB": size / 2**20,
        "worker MiB": max(peaks) / 2**20,
    }


def main(counts: list[int]) -> None:
    """Print the tables and write build/benchmarks/atlas.json."""
    data = sl.data.digits(train=True)
    model, threads = sl.models.load("lenet", data), torch.get_num_threads()
    loops = {n: plain(model, data.images[:LOOP], n) for n in sorted({1, threads})}
    nine, one = [], []
    for workers in WORKERS:
        found = measured(model, data, workers, limit=NINE)
        ratios = {
            f"times the loop, {n} threads": found["morphs a second"] / rate for n, rate in loops.items()
        }
        nine.append({"workers": workers, "images": NINE, **found, **ratios})
        print(nine[-1], flush=True)
    for count in (min(count, len(data)) for count in counts):
        one.append({"images": count, "workers": 2, **measured(model, data, 2, targets="second", limit=count)})
        print(one[-1], flush=True)
    tables = {"Digits to nine targets, by workers": nine, "Digits to their second guess, by images": one}
    report("atlas", tables, source=data.source)


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [1000, 10_000])
