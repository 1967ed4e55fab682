"""The page of rows and columns as it is written: its arrays are the frozen systems."""

import base64
import json
import re

import numpy as np
import pytest
import scope
import torch
from steerlens_lessons.l10_linear import networks

import steerlens as sl
from steerlens.linear import LinearInterpreter

HALF = 2.0**-11  # of a value: how far half precision may round it


def unpacked(kept):
    """What the page makes of a packed array."""
    content = base64.b64decode(kept["base64"])
    kind = "<f2" if len(content) == 2 * np.prod(kept["shape"]) else "<f4"
    return kept["scale"] * np.frombuffer(content, kind).astype(np.float64).reshape(kept["shape"])


@pytest.fixture(scope="module")
def systems():
    return scope.systems()


@pytest.mark.parametrize(("kind", "error"), [("f2", HALF), ("f4", 2.0**-24)])
def test_packed_arrays_come_back(kind, error):
    values = torch.randn(7, 5, generator=torch.manual_seed(0)) * 1e3
    found = unpacked(scope.packed(values, kind))
    assert found.shape == (7, 5) and np.allclose(found, values, rtol=error, atol=1e-4)
    assert not unpacked(scope.packed(torch.zeros(2, 3), kind)).any()


def test_each_array_is_the_matrix_of_a_frozen_network(systems):
    assert [each["title"] for each in systems[1:]] == list(scope.JUDGES.values())
    digits = sl.data.digits()
    nets = [networks.load("super_resolution"), *(sl.models.load(name, digits) for name in scope.JUDGES)]
    for each, net in zip(systems, nets, strict=True):
        x = torch.from_numpy(unpacked(each["x"])).float()[None, None]
        view = LinearInterpreter(net, x)
        F, expected = unpacked(each["F"]), view.matrix().numpy()
        assert np.allclose(F, expected, rtol=2 * HALF, atol=1e-5 * abs(expected).max())
        r, y = (unpacked(each[name]).ravel() for name in "ry")
        assert np.allclose(y, net(x).detach().flatten(), atol=1e-4 * abs(y).max())
        assert np.allclose(F @ x.flatten().numpy() + r, y, atol=2e-3 * abs(y).max())


def test_rows_and_columns_are_images_of_input_and_output(systems):
    enlarged, *judges = systems
    side = scope.SIDE
    assert enlarged["F"]["shape"] == [9 * side**2, side**2] and enlarged["y"]["shape"] == [3 * side] * 2
    for each in judges:
        assert each["F"]["shape"] == [10, 784] and each["y"]["shape"] == each["r"]["shape"] == [10, 1]
        assert each["classes"][unpacked(each["y"]).argmax()] == scope.DIGIT


def test_the_page_is_small_and_asks_for_nothing_elsewhere(tmp_path):
    scope.write(tmp_path)
    asked = re.findall(r'(?:src|href)="(.+?)"', scope.text())
    assert len(asked) == 3 and all((tmp_path / path).is_file() for path in asked)
    own = "".join(path.read_text() for path in scope.SOURCES.iterdir())
    assert "http" not in scope.text() + own and "import(" not in own
    content = (tmp_path / "scope" / "arrays.js").read_text()
    assert len(content) < 2_000_000
    assert json.loads(content.split(" = ")[-1].rstrip(";\n"))[0]["title"] in content
