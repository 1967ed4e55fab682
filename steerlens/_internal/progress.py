"""The progress bar of long runs: one look everywhere, a widget in notebooks, text in terminals."""

import os
from collections.abc import Iterable

from tqdm.auto import tqdm


def progress_bar(name: str, show: bool, iterable: Iterable | None = None, total: int | None = None) -> tqdm:
    """A bar that appears after two seconds and leaves nothing behind; TQDM_DISABLE=1 silences them all."""
    hidden = not show or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")  # tqdm's widget does not look
    return tqdm(iterable, name, total, leave=False, delay=2, disable=hidden)
