"""Committed files, trained weights and measured tables, each beside a record that says how it came about."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from .files import check_file


def committed(kind: str) -> Path:
    """The folder of "checkpoints" or "results": within an installed package, or in data/ of a clone."""
    package = Path(__file__).resolve().parents[1]
    installed = package / kind
    return installed if installed.is_dir() else package.parent / "data" / kind


def slug(text: str) -> str:
    """A text as a part of a file's name: small letters and digits, a hyphen for all between."""
    return re.sub("[^a-z0-9]+", "-", text.lower())


def write(path: Path, content: bytes, record: dict[str, Any]) -> dict[str, Any]:
    """Write a file and, in a ``.json`` beside it, its record with the file's SHA-256; return that record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    record = {**record, "sha256": hashlib.sha256(content).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def read(path: Path, remedy: str) -> dict[str, Any]:
    """The record of a file. Raises ValueError, ending in the remedy, if it is missing or damaged."""
    path = path.with_suffix(".json")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        record["sha256"], record["command"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path}: expected a record, got {error!r}; {remedy}") from error
    return record


def checked(path: Path, remedy: str) -> dict[str, Any]:
    """The record of a file, once the file is seen to be the one that it tells of. Raises ValueError."""
    record = read(path, remedy)
    check_file(path, record["sha256"], remedy)
    return record
