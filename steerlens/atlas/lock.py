"""One run a folder: a lock that vanishes with the process that holds it, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder for the length of a block. Raises RuntimeError if another run holds it."""
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout as error:
        raise RuntimeError(f"out: expected a folder where no other run is at work, got {folder}") from error
