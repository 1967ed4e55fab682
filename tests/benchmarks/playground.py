"""The playground in headless Chromium: until a morph moves, on a desk and on a slow phone, and a step."""

import statistics
import tempfile
from pathlib import Path

import play
import servers
from measure import report
from playwright.sync_api import sync_playwright

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
OPENINGS = 5
MOVING = "() => performance.getEntriesByName('steerlens-moving')[0]?.startTime"
STEP = """async ([regime, direction]) => {
  const network = await Steerlens.network("lenet"), {image} = Steerlens.drawnDigits()[3];
  const bands = Array(12).fill(true), own = {target: 8, cap: 0.3, alpha: 0.3, bands, lowpass: "fixed"};
  const times = [];
  for (let round = 0; round < 4; round++) {
    const morph = new Steerlens.Morph(network, image, {...own, regime, direction});
    for (let k = 0; k < 24; k++) {
      const started = performance.now();
      morph.step();
      times.push(performance.now() - started);
    }
  }
  return times.slice(24);
}"""
JUDGE = """async () => {
  const judge = await Steerlens.network("resnet"), {image} = Steerlens.drawnDigits()[3], times = [];
  for (let i = 0; i < 60; i++) {
    const started = performance.now();
    judge.logits(image);
    times.push(performance.now() - started);
  }
  return times.slice(20);
}"""


def opened(browser, address, options, throttle):
    """A page, its processor slowed down, that has begun to move."""
    context = browser.new_context(**options)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    page.goto(address)
    page.wait_for_function(MOVING, timeout=60_000)
    return page


def openings(browser, folder):
    """Milliseconds from the address to the first frame that moves."""
    rows = []
    for name in ("index.html", "play.html"):
        for device, options, throttle in (("desk", DESK, 1), ("phone, processor slowed fourfold", PHONE, 4)):
            times = []
            for _ in range(OPENINGS):
                page = opened(browser, f"file://{folder}/{name}", options, throttle)
                times.append(page.evaluate(MOVING))
                page.context.close()
            rows.append({"page": name, "on": device, "median": statistics.median(times), "most": max(times)})
    return rows


def steps(browser, folder):
    """Milliseconds of a step of each kind, and of a judge's verdict, while nothing else moves."""
    page = opened(browser, f"file://{folder}/play.html", DESK, 1)
    page.evaluate("() => { Steerlens.page.touched = true; Steerlens.page.film.pause(); }")
    page.wait_for_timeout(2000)
    kinds = [(regime, direction) for regime in ("live", "frozen") for direction in ("phase", "joint")]
    rows = [(f"step: {', '.join(kind)}", page.evaluate(STEP, list(kind))) for kind in kinds]
    rows.append(("the judge's verdict", page.evaluate(JUDGE)))
    return [{"what": what, "median": statistics.median(times), "most": max(times)} for what, times in rows]


def main() -> None:
    """Write the pages, open them, and measure."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        play.write(Path(folder))
        (Path(folder) / "index.html").write_text(f"<!doctype html>{play.compact()}")
        browser = driver.chromium.launch(executable_path=servers.CHROMIUM, args=servers.FLAGS)
        tables = {
            "Milliseconds from opening a page to a moving morph": openings(browser, folder),
            "Milliseconds of computing": steps(browser, folder),
        }
        report("playground", tables, browser=browser.version)
        browser.close()


if __name__ == "__main__":
    main()
