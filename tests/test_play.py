"""The site's playground as it is written: files, checksums, digits. A browser tests what it computes."""

import base64
import hashlib
import json
import re

import play
import pytest
import torch

import steerlens as sl


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    play.write(folder)
    return folder


def test_a_checkpoint_s_script_holds_the_committed_bytes(site):
    for name in play.NETWORKS:
        text = (site / "play" / f"{name}.js").read_text()
        content = json.loads(text.split(" = ")[-1].rstrip(";\n"))
        bytes_ = base64.b64decode(content["base64"])
        assert hashlib.sha256(bytes_).hexdigest() == content["sha256"]
        assert (sl.data.records.committed("checkpoints") / content["file"]).read_bytes() == bytes_


@pytest.mark.parametrize("name", [*play.PAGES, "compact"])
def test_every_script_is_there_and_nothing_comes_from_elsewhere(site, name):
    text = play.compact() if name == "compact" else (site / name).read_text()
    asked = re.findall(r'<script src="(.+?)"|<link rel="stylesheet" href="(.+?)"', text)
    assert len(asked) > 5
    assert [path for pair in asked for path in pair if path and not (site / path).is_file()] == []
    own = "\n".join(path.read_text() for path in play.SOURCES.iterdir())
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text + own) == []
    assert "import(" not in own and 'type="module"' not in text  # modules do not load from the file system


def unpacked(text):
    """What `Steerlens.unpacked` reads, in Python."""
    values, found = list(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")), []
    while values:
        value = values.pop(0)
        found += [value] if value else [0] * values.pop(0)
    return found


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_packed_images_come_back(level):
    image = (torch.rand(28, 28, generator=torch.manual_seed(0)) * 255).round() / 255
    image = image * (torch.rand(28, 28, generator=torch.manual_seed(1)) < level)
    assert unpacked(play.packed(image)) == (image * 255).round().int().flatten().tolist()


def test_one_starts_with_digits_that_are_seen_as_what_they_are():
    found = play.start_digits()
    if sl.data.digits().source == "MNIST":
        assert [each["label"] for each in found] == [*range(10)] * play.EACH
        digits = sl.data.digits()
        for each in found:
            row = int(each["source"].split()[-1])
            assert unpacked(each["pixels"]) == (digits.images[row] * 255).round().int().flatten().tolist()
    else:
        assert found == []  # the page draws its own


def test_scripts_are_short():
    long = {path.name: len(path.read_text().splitlines()) for path in play.SOURCES.glob("*.js")}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}
