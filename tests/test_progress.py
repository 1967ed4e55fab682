"""The progress bar: silenced by the caller or by the environment, in terminals and in notebooks alike."""

import pytest
from tqdm.notebook import tqdm as notebook_tqdm
from tqdm.std import tqdm as terminal_tqdm

from steerlens._internal import progress


@pytest.mark.parametrize("bar", [terminal_tqdm, notebook_tqdm])
@pytest.mark.parametrize(
    "variable, show, hidden", [("1", True, True), ("0", False, True), ("1", False, True)]
)
def test_hidden(monkeypatch, bar, variable, show, hidden):
    monkeypatch.setenv("TQDM_DISABLE", variable)
    monkeypatch.setattr(progress, "tqdm", bar)
    assert progress.progress_bar("run", show, range(3)).disable == hidden


@pytest.mark.parametrize("variable", ["0", "", None])
def test_shown(monkeypatch, capsys, variable):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    if variable is not None:
        monkeypatch.setenv("TQDM_DISABLE", variable)
    monkeypatch.setattr(progress, "tqdm", terminal_tqdm)
    bar = progress.progress_bar("run", True, range(3))
    assert not bar.disable
    assert list(bar) == [0, 1, 2]
