"""How fast the atlas's page is with 10,000 digits, nine targets and three distances, and how large it is.

    PYTHONPATH=tests/browser python tests/benchmarks/atlas_page.py

The morphs are blends of digits (tests/browser/atlases.py): bytes of real ones differ, times hardly.
"""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import atlases
import servers
from measure import report
from playwright.sync_api import sync_playwright

from steerlens.atlas import site

ROUNDS = 5
DRAWN = "() => document.querySelectorAll('.tiles canvas').length > 20 && Steerlens.drawn"
WATCH = """() => { const show = Steerlens.show; let left = 0;
  Steerlens.show = async (...args) => {
    left += 1; Steerlens.drawn = false; await show(...args); left -= 1; Steerlens.drawn = left === 0; }; }"""


def size(folder: Path) -> float:
    """MB of all its files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def visited(chromium, address: str) -> tuple[float, float, float]:
    """Seconds until the matrix stands, and until a cell's pictures do; MiB of the JavaScript heap then."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(".matrix a")
    opened = time.perf_counter() - start
    page.evaluate(WATCH)
    start = time.perf_counter()
    page.evaluate("location.hash = '#from=3&to=5'")
    page.wait_for_function(DRAWN)
    cell = time.perf_counter() - start
    heap = page.context.new_cdp_session(page).send("Runtime.getHeapUsage")["usedSize"] / 2**20
    page.close()
    return opened, cell, heap


def main() -> None:
    """Print the table and write build/benchmarks/atlas_page.json."""
    with TemporaryDirectory() as name, sync_playwright() as driver:
        folder = atlases.digits(Path(name) / "atlas", 10_000)
        start = time.perf_counter()
        index = site(folder, progress=False)
        single = {"written, s": time.perf_counter() - start}
        single |= {f"{part}, MB": size(index.parent / part) for part in ("data", "sprites")}
        rows = [{"measure": name, "median": value, "most": value} for name, value in single.items()]
        chromium = driver.chromium.launch(executable_path=servers.CHROMIUM, args=servers.FLAGS)
        found = [visited(chromium, index.as_uri()) for _ in range(ROUNDS)]
        chromium.close()
    for label, values in zip(("opened, s", "a cell, s", "heap, MiB"), zip(*found, strict=True), strict=True):
        rows.append({"measure": label, "median": statistics.median(values), "most": max(values)})
    report("atlas_page", {"The page of 10,000 digits to nine targets at three distances": rows})


if __name__ == "__main__":
    main()
