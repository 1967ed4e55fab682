"""JupyterLab, Voila and headless Chromium: how tests and benchmarks of widgets start them."""

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

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "steerlens"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROMPT = "kernel_websocket_connection_class=prompt_connection.PromptConnection"  # as in the Makefile
LARGE = "tornado_settings={'websocket_max_message_size': 104857600}"  # as there
START = 120_000  # milliseconds that a page may take until its cells have run


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
    paths = (ROOT, ROOT / "notebooks", ROOT / "notebooks" / "site")
    plain = {"PYTHONPATH": ":".join(map(str, paths)), "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}
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
            raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError(f"no answer at {url}: {log.read_text()[-2000:]}")


@contextmanager
def lab(folder):
    """A JupyterLab on a folder: yields a function that opens code as a notebook on a page, and runs it."""
    port = free_port()
    command = ["jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    command += ["--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}"]
    command += [f"--ServerApp.{PROMPT}", f"--ServerApp.{LARGE}"]

    def open_notebook(page, source, name):
        write_notebook(folder / f"{name}.ipynb", source)
        page.goto(f"http://127.0.0.1:{port}/lab/tree/{name}.ipynb?token={TOKEN}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START)
        awaited(page, "jupyterapp.shell.currentWidget.context.sessionContext.ready")
        awaited(page, "jupyterapp.commands.execute('application:toggle-left-area')")
        assert awaited(page, "jupyterapp.commands.execute('notebook:run-all-cells')"), "a cell raised"

    with server(command, f"http://127.0.0.1:{port}/api/status?token={TOKEN}", folder):
        yield open_notebook


@contextmanager
def voila(folder):
    """The same with Voila."""
    port = free_port()
    command = ["voila", "--no-browser", f"--port={port}", "--show_tracebacks=True", "--Voila.ip=127.0.0.1"]
    command += ["--MappingKernelManager.cull_idle_timeout=15", "--MappingKernelManager.cull_interval=5"]
    command += [f"--Voila.{PROMPT}", f"--Voila.{LARGE}"]

    def open_notebook(page, source, name):
        write_notebook(folder / f"{name}.ipynb", source)
        answer = page.goto(f"http://127.0.0.1:{port}/voila/render/{name}.ipynb", timeout=START)
        assert answer.ok, answer.status
        assert "There was an error when executing cell" not in page.content()

    with server([*command, str(folder)], f"http://127.0.0.1:{port}/", folder):
        yield open_notebook


def shut_down(page):
    """End the kernel of the notebook that JupyterLab shows; Voila's go by themselves."""
    if page.evaluate("() => Boolean(window.jupyterapp?.shell?.currentWidget?.context)"):
        awaited(page, "jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")


def awaited(page, promise):
    """What a promise of the page resolves to; an error after `START`, for evaluate itself waits for ever."""
    late = f"new Promise((_, refuse) => setTimeout(() => refuse('late'), {START}))"
    return page.evaluate(f"() => Promise.race([{promise}, {late}])")


def write_notebook(path, source):
    cell = nbformat.v4.new_code_cell(source)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel}), path)
