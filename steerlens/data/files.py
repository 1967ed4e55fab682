"""Where real data is looked for, what is said where it is not, and whether a file is what it should be."""

import hashlib
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

_SOURCES: dict[str, str] = {}  # of data sets, as they were last asked for
DOWNLOAD_TIMEOUT = 3.0  # seconds without an answer


def data_root() -> Path:
    """The folder where real data is looked for, and downloaded to."""
    if named := os.environ.get("STEERLENS_DATA"):
        root = Path(named).expanduser()
        if not root.is_dir():
            raise ValueError(f"STEERLENS_DATA: expected an existing folder, got {named!r}")
        return root
    clone = Path(__file__).resolve().parents[2]
    return (clone if (clone / "pyproject.toml").is_file() else Path.cwd()) / "data"


@cache
def warn_once(line: str) -> None:
    """Log a line as a warning, the first time only."""
    log.warning(line)


def announce(name: str, source: str) -> None:
    """Log, as a warning, that a data set is another than it was when last asked for: real, or a stand-in."""
    before, _SOURCES[name] = _SOURCES.get(name, source), source
    if before != source:
        log.warning(f"{name}: from now on {source}; before, {before}.")


def check_file(path: Path, sha256: str, remedy: str) -> None:
    """Raise ValueError, ending in the remedy, unless the file is there and has this SHA-256."""
    if not path.is_file():
        raise ValueError(f"{path}: expected this file, got none; {remedy}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise ValueError(f"{path}: damaged or altered: expected SHA-256 {sha256}, got {found}; {remedy}")


@contextmanager
def impatient_sockets() -> Iterator[None]:
    """Give up a download after `DOWNLOAD_TIMEOUT`."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
