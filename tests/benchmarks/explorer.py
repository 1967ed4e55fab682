"""The explorer's speed: a new morph, and the time from a key on the slider to the new picture.

The first in this process: a live morph of a digit, 24 steps, with every frame drawn. The second in headless
Chromium, in JupyterLab and in Voila, started as by `make lab` and `make explore`: from the key's event to the
load event of the picture. Last, how long a visitor of the lessons' explorer waits: for the still picture, and
for the explorer, from the page's address (the notebook's run in JupyterLab) with a new kernel.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import servers
from measure import report
from playwright.sync_api import Browser, Page, sync_playwright

import steerlens as sl

REPEATS = 40
MORPHS = 10
VISITS = 3
# A key that follows at once also waits for the messages of the one before: bars, curves, the kernel's status.
PAUSES = {"a move from rest": 150, "key after key": 0}
SOURCE = """
import torch
import steerlens as sl
net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
sl.explore(net, torch.rand(2, 3, {size}, {size}))
"""
LISTEN = """() => {
  const handle = document.querySelector('.sl-frame .noUi-handle');
  window.times = [];
  if (window.pressed) return;
  handle.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
  document.addEventListener('load', event => {
    if (event.target.matches('img.sl-picture-a')) window.times.push(performance.now() - window.pressed);
  }, true);
}"""


def morph_seconds() -> float:
    """Median seconds from a changed target to the last frame drawn, for one digit and 24 live steps."""
    digits = sl.data.digits()
    explorer = sl.explore(sl.models.load("lenet", digits), digits.images[:MORPHS], padding=2)
    times = []
    for row in range(MORPHS):
        start = time.perf_counter()
        explorer.picker._choose(row)
        times.append(time.perf_counter() - start)
    assert "sl-error" not in explorer.message.value
    return statistics.median(times[1:])  # the first view was there already


def latencies(page: Page, pause: int) -> list[float]:
    """Milliseconds from key to picture, each key ``pause`` milliseconds after the picture before."""
    page.wait_for_selector("img.sl-picture-a", timeout=servers.START)
    page.wait_for_timeout(2000)
    page.evaluate(LISTEN)
    handle = page.locator(".sl-frame .noUi-handle")
    handle.press("Home")
    page.wait_for_timeout(500)
    page.evaluate("() => { window.times = []; }")
    for number in range(REPEATS):
        handle.press("ArrowRight" if number % 40 < 20 else "ArrowLeft")
        page.wait_for_function("count => window.times.length > count", arg=number, timeout=10_000)
        page.wait_for_timeout(pause)
    return page.evaluate("() => window.times")


def in_browser() -> list[dict]:
    """Median latencies in both front ends, for small and large images."""
    rows = []
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=servers.CHROMIUM, args=servers.FLAGS)
        for name, server in (("JupyterLab", servers.lab), ("Voila", servers.voila)):
            (root := Path(folder) / name).mkdir()
            with server(root) as open_notebook:
                for size in (64, 224):
                    page = browser.new_page()
                    open_notebook(page, SOURCE.format(size=size), f"size{size}")
                    for case, pause in PAUSES.items():
                        found = statistics.median(latencies(page, pause))
                        rows.append({"case": f"{name}, {size}x{size}, {case}", "ms": found})
                    servers.shut_down(page)
                    page.close()
                rows += first_pictures(browser, open_notebook, name)
        browser.close()
    return rows


def first_pictures(browser: Browser, open_notebook: Callable[..., None], name: str) -> list[dict]:
    """Median waits of visitors for the still, and for the explorer in its place."""
    waits: dict[str, list[float]] = {"still": [], "picture-a": []}
    for visit in range(VISITS):
        page, start = browser.new_page(), time.perf_counter()
        open_notebook(page, "import steerlens as sl\nsl.explore()", f"visit{visit}")
        for what, times in waits.items():
            page.wait_for_selector(f"img.sl-{what}", timeout=servers.START)
            times.append(time.perf_counter() - start)
        servers.shut_down(page)
        page.close()
    names = {"still": "the still picture", "picture-a": "the explorer"}
    return [
        {"case": f"{name}, from the address to {names[what]}", "ms": 1e3 * statistics.median(times)}
        for what, times in waits.items()
    ]


def main() -> None:
    """Print the table and write build/benchmarks/explorer.json."""
    rows = [{"case": "24-frame live morph of a digit, drawn", "ms": 1e3 * morph_seconds()}]
    if servers.CHROMIUM is None:
        print("Chromium is not installed: no latencies in the browser.")
    else:
        rows += in_browser()
    title = f"The explorer, medians of {REPEATS} keys"
    report("explorer", {title: rows}, load=os.getloadavg()[0])


if __name__ == "__main__":
    main()
