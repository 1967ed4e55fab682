"""What the benchmarks share: times side by side, FFTs recorded and played again, memory, reports."""

import ctypes
import json
import math
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parents[2] / "build" / "benchmarks"
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
FFTS = ("fft2", "ifft2", "rfft2", "irfft2", "fft", "ifft", "rfft", "irfft")


def seconds(function: Callable[[], object]) -> float:
    """Wall-clock seconds of one call; what it returns is freed within them."""
    wait()
    start = time.perf_counter()
    function()
    wait()
    return time.perf_counter() - start


def wait() -> None:
    """Until the device has done what it was asked to."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def side_by_side(functions: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median milliseconds of each, called in turn, after a call of each to warm up."""
    for function in functions:
        function()
    rounds = [[seconds(function) for function in functions] for _ in range(repeats)]
    return [1e3 * statistics.median(times) for times in zip(*rounds, strict=True)]


class RecordedFFTs:
    """The calls of torch.fft that a function makes, and nothing else of it: the floor of its time.

    Calling it makes them again, in their order, on random inputs of the same shapes and layouts; results are
    dropped.
    """

    def __init__(self, function: Callable[[], object]):
        self.calls, self.inputs = [], {}
        with self._recording():
            function()

    @contextmanager
    def _recording(self):
        originals = {name: getattr(torch.fft, name) for name in FFTS}
        for name, original in originals.items():
            setattr(torch.fft, name, self._recorder(original))
        try:
            yield
        finally:
            for name, original in originals.items():
                setattr(torch.fft, name, original)

    def _recorder(self, original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        def record(x: torch.Tensor, *args, **options) -> torch.Tensor:
            key = (x.dtype, x.shape, x.stride())
            if key not in self.inputs:
                self.inputs[key] = torch.randn_like(x.detach())
            self.calls.append((original, key, args, options))
            return original(x, *args, **options)

        return record

    @torch.no_grad()
    def __call__(self) -> None:
        for original, key, args, options in self.calls:
            original(self.inputs[key], *args, **options)


def resident(field: str) -> float:
    """Megabytes of this process: "VmRSS" now, "VmHWM" at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def peak(action: Callable[[], object]) -> dict[str, float]:
    """Peak megabytes above the start, and seconds, of one call; what was freed before it counts as new."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before, start = resident("VmRSS"), time.perf_counter()
    kept = action()
    elapsed = time.perf_counter() - start
    found = {"megabytes": resident("VmHWM") - before, "seconds": elapsed}
    del kept
    return found


def processor() -> str:
    """The model that the system names, or its architecture."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.machine()


def report(name: str, tables: dict[str, list[dict]], **extra: object) -> None:
    """Print tables, each a list of rows of the same columns, and write build/benchmarks/<name>.json."""
    machine = {
        "processor": torch.cuda.get_device_name() if DEVICE.type == "cuda" else processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        **extra,
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine, "tables": tables}
    (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")
    for title, rows in tables.items():
        print(f"\n{markdown(title, rows)}", flush=True)


def markdown(title: str, rows: list[dict]) -> str:
    """A table in Markdown: numbers to three figures."""
    head, rule = " | ".join(rows[0]), "|---" + "|---:" * (len(rows[0]) - 1)
    lines = [f"**{title}**", "", f"| {head} |", f"{rule}|"]
    lines += ["| " + " | ".join(_said(value) for value in row.values()) + " |" for row in rows]
    return "\n".join(lines)


def _said(value: object) -> str:
    if not isinstance(value, float) or value == 0:
        return str(value)
    decimals = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{max(0, decimals)}f}" if decimals < 6 else f"{value:.0e}"
