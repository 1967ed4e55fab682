"""Servers and a real browser for the tests of widgets: JupyterLab and Voila, looked at by headless Chromium.

Where Chromium or Playwright is missing the tests are skipped, and say so. Screenshots go to build/browser/.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "browser"
TOKEN = "steerlens"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START = 120_000  # milliseconds that a page may take until its cells have run


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder):
    """Of a server and its kernels: settings and caches of their own, this checkout, one thread."""
    write_page_config(folder / "jupyter_config_dir" / "labconfig")
    own = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    plain = {"PYTHONPATH": str(ROOT), "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}
    return {**os.environ, **plain, **own, "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}


def write_page_config(folder):
    """No question about news, which would lie over the page."""
    folder.mkdir(parents=True)
    disabled = {"@jupyterlab/apputils-extension:announcements": True}
    (folder / "page_config.json").write_text(json.dumps({"disabledExtensions": disabled}))


@contextmanager
def server(command, url, folder):
    """A server that answers at ``url``; it is ended, with its kernels, afterwards."""
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=folder, env=environment(folder), stdout=log, stderr=log
        )
        try:
            wait_for(url, process, folder / "server.log")
            yield
        finally:
            process.terminate()
            process.wait(30)


def wait_for(url, process, log):
    for _ in range(240):
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"no answer at {url}: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory):
    """Port and folder of a JupyterLab."""
    folder, port = tmp_path_factory.mktemp("lab"), free_port()
    command = ["jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    command += ["--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}"]
    with server(command, f"http://127.0.0.1:{port}/api/status?token={TOKEN}", folder):
        yield port, folder


@pytest.fixture
def lab(lab_server, page, tmp_path):
    """Opens a notebook in JupyterLab: a function of its code; the cells of ``page`` have then run."""
    port, folder = lab_server
    path = folder / f"{tmp_path.name}.ipynb"

    def open_notebook(source):
        write_notebook(path, source)
        page.goto(f"http://127.0.0.1:{port}/lab/tree/{path.name}?token={TOKEN}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START)
        awaited(page, "jupyterapp.shell.currentWidget.context.sessionContext.ready")
        awaited(page, "jupyterapp.commands.execute('application:toggle-left-area')")
        assert awaited(page, "jupyterapp.commands.execute('notebook:run-all-cells')"), "a cell raised"

    yield open_notebook
    awaited(page, "jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")


def awaited(page, promise):
    """What a promise of the page resolves to; an error after `START`, for evaluate itself waits for ever."""
    late = f"new Promise((_, refuse) => setTimeout(() => refuse('late'), {START}))"
    return page.evaluate(f"() => Promise.race([{promise}, {late}])")


def write_notebook(path, source):
    cell = nbformat.v4.new_code_cell(source)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel}), path)


@pytest.fixture(scope="session")
def voila_server(tmp_path_factory):
    """Port and folder of a Voila."""
    folder, port = tmp_path_factory.mktemp("voila"), free_port()
    command = ["voila", "--no-browser", f"--port={port}", "--show_tracebacks=True", "--Voila.ip=127.0.0.1"]
    command += ["--MappingKernelManager.cull_idle_timeout=15", "--MappingKernelManager.cull_interval=5"]
    with server([*command, str(folder)], f"http://127.0.0.1:{port}/", folder):
        yield port, folder


@pytest.fixture
def voila(voila_server, page, tmp_path):
    """Opens a notebook in Voila: a function of its code; the cells of ``page`` have then run."""
    port, folder = voila_server
    path = folder / f"{tmp_path.name}.ipynb"

    def open_notebook(source):
        write_notebook(path, source)
        answer = page.goto(f"http://127.0.0.1:{port}/voila/render/{path.name}", timeout=START)
        assert answer.ok, answer.status
        assert "There was an error when executing cell" not in page.content()

    return open_notebook


class Console:
    """What a page wrote to its console as errors, and what it could not handle."""

    def __init__(self, page):
        self.errors = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.console = Console(page)
    yield page
    page.close()


@pytest.fixture
def screenshot(request, page):
    """Keeps a picture of the page, named after the test and the moment."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = request.node.name.replace("[", "-").replace("]", "")
    return lambda moment: page.screenshot(path=SCREENSHOTS / f"{name}-{moment}.png")
