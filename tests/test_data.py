"""Data: disks against geometry, digits found, downloaded or replaced, damaged files that are never used."""

import gc
import hashlib
import io
import math
import os
import shutil
import socket
import struct
import threading
import time
from email.message import Message
from http.client import IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_digits
from torchvision.datasets import MNIST

from steerlens import data
from steerlens.data import DIGITS, DIRECTIONS, ImageData, arcade, digits, disks, fer2013, files, mnist
from steerlens.evaluation import center_of_mass

AXIS = torch.tensor([0, 0, 1, 1])  # of Up, Down, Left, Right
SIGN = torch.tensor([-1, 1, -1, 1])
STAND_IN = "scikit-learn digits, 28x28"
MNIST_FILES = sorted(mnist.MNIST_SHA256)


@pytest.fixture(autouse=True)
def nothing_cached():
    """Each test looks for data anew, and leaves the next file's tests to do so."""
    forget()
    yield
    forget()


def forget():
    """As in another session."""
    mnist._REFUSED.clear()
    mnist._check_mnist.cache_clear()
    files._SOURCES.clear()


# Arcade.
SIZES = st.integers(24, 80)
SEEDS = st.integers(0, 2**63 - 1)


@st.composite
def disk_arguments(draw):
    """Arguments of arcade that fit each other."""
    size = draw(SIZES)
    radius = draw(st.floats(2, size / 4))
    high = draw(st.floats(0.5, (size - 1) / 2 - radius))
    low = draw(st.floats(0.25, high))
    return {"seed": draw(SEEDS), "size": size, "radius": radius, "displacement": (low, high)}


@settings(deadline=None, max_examples=60)
@given(arguments=disk_arguments())
def test_disks_lie_where_their_labels_say(arguments):
    found = arcade(16, **arguments)
    size, (low, high) = arguments["size"], arguments["displacement"]
    assert found.images.shape == (16, 1, size, size)
    assert found.images.dtype == torch.float32
    assert found.images.min() == 0
    assert found.images.max() == 1
    assert found.labels.dtype == torch.int64
    assert found.classes == ("Up", "Down", "Left", "Right") == DIRECTIONS
    rows, center = torch.arange(16), center_of_mass(found.images[:, 0])
    along = center[rows, AXIS[found.labels]] * SIGN[found.labels]
    assert (along > low - 0.05).all()
    assert (along < high + 0.05).all()
    torch.testing.assert_close(center[rows, 1 - AXIS[found.labels]], torch.zeros(16), atol=1e-4, rtol=0)


@settings(deadline=None, max_examples=60)
@given(arguments=disk_arguments())
def test_area_of_disks(arguments):
    """A ramp of one pixel at the edge makes pi (r^2 + 1/12); the lattice adds less than the rest."""
    area = arcade(16, **arguments).images.double().sum((1, 2, 3))
    assert (area - math.pi * (arguments["radius"] ** 2 + 1 / 12)).abs().max() < 1.5


@settings(deadline=None, max_examples=30)
@example(radius=3.046875, dy=0.0, dx=0.0)  # by chance 28 pixels in a ring of area 19
@example(radius=7.984375, dy=0.0, dx=1.5)  # an edge between a pixel's outermost points and its end
@given(radius=st.floats(3, 12), dy=st.floats(-5, 5), dx=st.floats(-5, 5))
def test_edges_are_the_covered_share_of_each_pixel(radius, dy, dx):
    """Against 16x16 points a pixel."""
    size, points = 40, 16
    grid = (torch.arange(size * points) + 0.5) / points - size / 2
    inside = (grid[:, None] - dy) ** 2 + (grid[None] - dx) ** 2 <= radius**2
    share = inside.float().reshape(size, points, size, points).mean((1, 3))
    (image,) = disks(torch.tensor([dy]), torch.tensor([dx]), size, radius)
    assert (image[0] - share).abs().max() < 0.09
    assert (image[0][share == 1] >= 1 - 0.5 / points - 1e-6).all()  # beyond the outermost points
    assert not image[0][(share == 0) & (image[0] > 0.09)].any()
    middle = torch.arange(size) - (size - 1) / 2
    from_edge = ((middle[:, None] - dy) ** 2 + (middle - dx) ** 2).sqrt() - radius
    grey = (image[0] > 0) & (image[0] < 1)
    assert (from_edge[grey].abs() < 0.5001).all()  # a ring one pixel wide
    assert grey[from_edge.abs() < 0.4999].all()


@settings(deadline=None, max_examples=30)
@given(offset=st.floats(0, 10), move=st.floats(0.01, 0.4))
def test_small_displacements_are_seen(offset, move):
    """Anti-aliasing: the centre of mass follows a displacement of a fraction of a pixel."""
    dy = torch.tensor([offset, offset + move])
    (before, after) = center_of_mass(disks(dy, torch.zeros(2))[:, 0])[:, 0]
    assert after - before == pytest.approx(move, abs=0.02)


@settings(deadline=None, max_examples=20)
@given(offset=st.floats(0, 10))
def test_directions_are_mirror_images(offset):
    d, o = torch.tensor([offset]), torch.zeros(1)
    up, down, left, right = (disks(*center)[0, 0] for center in ((-d, o), (d, o), (o, -d), (o, d)))
    torch.testing.assert_close(up.flip(0), down)
    torch.testing.assert_close(left.flip(1), right)
    torch.testing.assert_close(left, up.mT)


@settings(deadline=None, max_examples=20)
@given(seed=SEEDS, other=SEEDS)
def test_the_seed_makes_the_images(seed, other):
    state = torch.get_rng_state()
    first, again, others = arcade(8, seed=seed), arcade(8, seed=seed), arcade(8, seed=other)
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.labels, again.labels)
    assert torch.equal(first.images, others.images) == (seed == other)
    assert torch.equal(torch.get_rng_state(), state)


def test_draws_are_uniform():
    found = arcade(4000, seed=1)
    assert (torch.bincount(found.labels, minlength=4) - 1000).abs().max() < 5 * 750**0.5  # 5 sigma
    along = (center_of_mass(found.images[:, 0]).abs()).amax(1)
    quartiles = along.quantile(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
    torch.testing.assert_close(quartiles, torch.linspace(3, 10, 5), atol=0.3, rtol=0)


def test_source_names_what_the_images_are():
    sources = {
        arcade(1, **other).source for other in ({}, {"size": 80}, {"radius": 8}, {"displacement": (2, 4)})
    }
    assert len(sources) == 4
    assert (
        arcade(3, seed=5).source
        == arcade(9, seed=6).source
        == "Arcade 64x64, radius 12, displacement 3 to 10"
    )


def test_arcade_is_trained_on_other_images():
    test = arcade(300, seed=0, radius=6, displacement=(4, 5))
    training = test.training_split()
    assert training.source == test.source
    assert len(training) == 8000
    assert torch.equal(training.images, test.training_split().images)
    seen = {image.numpy().tobytes() for image in training.images}
    assert sum(image.numpy().tobytes() in seen for image in test.images) <= 3  # displacements are float32


# ImageData.
@pytest.fixture
def few():
    labels = torch.tensor([2, 0, 1, 0, 2])
    images = torch.arange(5.0).reshape(5, 1, 1, 1).expand(-1, 1, 2, 3) / 5
    return ImageData(images, labels, ("a", "b", "c"), "made up")


@pytest.mark.parametrize(
    "rows",
    [
        slice(1, 4),
        slice(None, None, 2),
        [3, 0],
        torch.tensor([4, 4, 1]),
        torch.tensor([True, False] * 2 + [True]),
    ],
    ids=str,
)
def test_rows_keep_their_labels(few, rows):
    some = few[rows]
    assert torch.equal(some.images, few.images[rows])
    assert torch.equal(some.labels, few.labels[rows])
    assert (some.classes, some.source, len(some)) == (few.classes, few.source, len(few.labels[rows]))


def test_one_row_is_a_batch_of_one(few):
    for i, row in enumerate(few):
        assert torch.equal(row.images, few.images[i : i + 1])
        assert row.labels.tolist() == few.labels[i : i + 1].tolist()
    assert torch.equal(few[-1].images, few.images[4:])


def test_of_class(few):
    assert {name: len(few.of_class(name)) for name in few.classes} == {"a": 2, "b": 1, "c": 2}
    assert few.of_class("c").images[:, 0, 0, 0].tolist() == pytest.approx([0.0, 0.8])
    for name in ("d", 2, None):
        with pytest.raises(ValueError, match=f"name: expected one of a, b, c, got {name!r}"):
            few.of_class(name)


def test_without_a_split_all_images_are_for_training(few):
    assert few.training_split() is few
    assert len(arcade(3)[:2].training_split()) == 8000


# Digits, where MNIST is.
@pytest.fixture
def real_mnist():
    root = data.data_root()
    if not (root / "MNIST" / "raw").is_dir():
        pytest.skip("needs the real MNIST: STEERLENS_DATA names no folder that has it")
    return root


@pytest.mark.parametrize("train, count", [(True, 60_000), (False, 10_000)])
def test_real_mnist(real_mnist, caplog, train, count):
    found = digits(train=train)
    assert found.source == "MNIST"
    assert found.images.shape == (count, 1, 28, 28)
    assert found.images.dtype == torch.float32
    assert (found.images.min(), found.images.max()) == (0, 1)
    assert found.classes == DIGITS == tuple("0123456789")
    assert found.labels.shape == (count,)
    assert found.labels.unique().tolist() == list(range(10))
    # its description: centred by mass in the 28x28 field, a known mean, the first labels
    assert found.images.mean() == pytest.approx(0.1307 if train else 0.1325, abs=1e-4)
    assert center_of_mass(found.images[:2000, 0]).abs().max() < 1.0
    assert found.labels[:5].tolist() == ([5, 0, 4, 1, 9] if train else [7, 2, 1, 0, 4])
    assert caplog.messages == []


def test_real_mnist_has_the_checksums(real_mnist):
    raw = real_mnist / "MNIST" / "raw"
    assert {
        name: hashlib.sha256((raw / name).read_bytes()).hexdigest() for name in MNIST_FILES
    } == mnist.MNIST_SHA256
    assert mnist.mnist_root() == real_mnist


def test_real_mnist_trains_on_its_training_images(real_mnist):
    assert len(digits()[:7].training_split()) == 60_000


# Digits, where a small MNIST is: the same format, files and checksums, eight images.
def idx(array):
    """The format of MNIST's files: magic number, sizes, bytes."""
    return (
        struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    )


def small_mnist(folder):
    """Write a small MNIST and return its pixels and labels by split."""
    rng, contents = np.random.default_rng(0), {}
    folder.mkdir(parents=True)
    for split, count in (("train", 8), ("t10k", 4)):
        contents[split] = rng.integers(0, 256, (count, 28, 28)), rng.integers(0, 10, count)
        (folder / f"{split}-images-idx3-ubyte").write_bytes(idx(contents[split][0]))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(idx(contents[split][1]))
    return contents


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty data folder; a small MNIST's checksums are the known ones."""
    small_mnist(tmp_path / "pattern")
    for name in MNIST_FILES:
        content = (tmp_path / "pattern" / name).read_bytes()
        monkeypatch.setitem(mnist.MNIST_SHA256, name, hashlib.sha256(content).hexdigest())
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("STEERLENS_DATA", str(folder))
    monkeypatch.setattr(mnist, "urlopen", lambda request: io.BytesIO())  # there is a network
    return folder


class Downloads:
    """Stands for torchvision's MNIST: does what a function says, and remembers its calls."""

    def __init__(self, function):
        self.function, self.calls = function, []

    def __call__(self, folder, download):
        assert download
        self.calls.append((Path(folder), socket.getdefaulttimeout()))
        self.function(Path(folder) / "MNIST" / "raw")


@pytest.fixture
def no_download(monkeypatch):
    """No test but those of the download may try one."""

    def forbidden(raw):
        pytest.fail("a download was tried")

    monkeypatch.setattr("torchvision.datasets.MNIST", Downloads(forbidden))


@pytest.mark.parametrize("train", [True, False])
def test_files_are_read_to_the_last_byte(root, no_download, caplog, train):
    pixels, labels = small_mnist(root / "MNIST" / "raw")["train" if train else "t10k"]
    found = digits(train=train)
    assert torch.equal(found.images, torch.tensor(pixels[:, None]) / torch.tensor(255.0))
    assert found.labels.tolist() == labels.tolist()
    assert found.source == "MNIST"
    assert len(found.training_split()) == 8
    assert caplog.messages == []


DAMAGES = {
    "truncated": lambda content: content[:-1],
    "half": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit": lambda content: content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
    "header": lambda content: b"\1" + content[1:],
    "longer": lambda content: content + b"\0",
    "missing": None,
}


@pytest.mark.parametrize("name", MNIST_FILES)
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_are_named_and_never_used(root, no_download, name, damage):
    small_mnist(root / "MNIST" / "raw")
    path = root / "MNIST" / "raw" / name
    content = path.read_bytes()
    path.unlink()
    if DAMAGES[damage]:
        path.write_bytes(DAMAGES[damage](content))
    for train in (True, False, True):  # whichever split the file belongs to, and more than once
        with pytest.raises(ValueError, match=r"expected .* got .*; delete") as caught:
            digits(train=train)
        assert str(path) in str(caught.value)
        assert str(caught.value).endswith(f"delete {path.parent} to download it again")
    path.write_bytes(content)
    assert digits().source == "MNIST"


def test_an_empty_folder_is_no_mnist(root, no_download):
    (root / "MNIST" / "raw").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"MNIST.raw.t.*: expected this file, got none; delete"):
        digits()


def test_unverified_files_beside_are_not_read(root, no_download):
    """Old versions of torchvision kept processed tensors, which its MNIST still prefers."""
    small_mnist(root / "MNIST" / "raw")
    (root / "MNIST" / "processed").mkdir()
    for name in ("training.pt", "test.pt"):
        torch.save(
            (torch.zeros(3, 28, 28, dtype=torch.uint8), torch.zeros(3)), root / "MNIST/processed" / name
        )
    assert len(digits(train=True)) == 8
    assert len(digits(train=False)) == 4


# The download.
def test_a_download_is_moved_to_its_place_when_whole(root, monkeypatch):
    download = Downloads(small_mnist)
    monkeypatch.setattr("torchvision.datasets.MNIST", download)
    before = socket.getdefaulttimeout()
    assert digits().source == "MNIST"
    assert digits(train=True).source == "MNIST"
    forget()
    assert digits().source == "MNIST"
    ((folder, timeout),) = download.calls
    assert folder.parent == root
    assert [path.name for path in root.iterdir()] == ["MNIST"]
    assert 0 < timeout <= 5
    assert socket.getdefaulttimeout() == before


def test_a_damaged_download_is_never_used(root, monkeypatch):
    def damaged(raw):
        small_mnist(raw)
        (raw / MNIST_FILES[2]).write_bytes(b"<html>Please log in</html>")

    monkeypatch.setattr("torchvision.datasets.MNIST", Downloads(damaged))
    for _ in range(2):
        with pytest.raises(ValueError, match=f"{MNIST_FILES[2]}: damaged or altered: expected SHA-256"):
            digits()


FAILURES = [
    URLError("Name or service not known"),
    HTTPError("http://mirror", 403, "Forbidden", Message(), io.BytesIO()),
    TimeoutError("timed out"),
    ConnectionResetError("reset"),
    PermissionError("read-only"),
    RuntimeError("Error downloading train-images-idx3-ubyte.gz"),
    IncompleteRead(b"half"),
]


def halfway(error):
    """A download that leaves half of the files and then fails."""

    def function(raw):
        small_mnist(raw)
        (raw / MNIST_FILES[3]).unlink()
        (raw / MNIST_FILES[2]).write_bytes(b"half")
        raise error

    return Downloads(function)


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_after_a_failed_download_the_stand_in_is_announced_once(root, monkeypatch, caplog, error):
    download = halfway(error)
    monkeypatch.setattr("torchvision.datasets.MNIST", download)
    before = socket.getdefaulttimeout()
    assert [digits(train=train).source for train in (False, True, False)] == [STAND_IN] * 3
    assert len(download.calls) == 1
    (line,) = caplog.messages
    assert str(root) in line
    assert "8x8 digits stand in" in line
    assert list(root.iterdir()) == []
    assert socket.getdefaulttimeout() == before


def test_an_interrupted_download_leaves_nothing_behind(root, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.MNIST", halfway(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        digits()
    assert list(root.iterdir()) == []
    monkeypatch.setattr("torchvision.datasets.MNIST", Downloads(small_mnist))
    assert digits().source == "MNIST"


class Mirror(BaseHTTPRequestHandler):
    """A mirror that refuses, stalls, or breaks off in the middle of a file."""

    behaviour = "refuses"

    def do_GET(self):
        if self.behaviour == "refuses":
            self.send_error(403)
        elif self.behaviour == "stalls":
            time.sleep(0.5)
        else:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half of it")

    do_HEAD = do_GET

    def log_message(self, *arguments):
        """Be silent."""


def test_without_a_network_torchvision_is_not_even_imported(root, no_download, monkeypatch, caplog):
    def fails(request):
        raise URLError("Name or service not known")

    monkeypatch.setattr(mnist, "urlopen", fails)
    assert digits().source == STAND_IN
    assert len(caplog.messages) == 1
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("behaviour", ["refuses", "stalls", "breaks off"])
def test_torchvision_gives_up_on_bad_mirrors(root, monkeypatch, caplog, behaviour):
    """The real download, from a server on this machine."""
    handler = type("Handler", (Mirror,), {"behaviour": behaviour})
    monkeypatch.setattr(files, "DOWNLOAD_TIMEOUT", 0.1)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(MNIST, "mirrors", [address])
        monkeypatch.setattr(mnist, "urlopen", urlopen)
        monkeypatch.setattr(mnist, "MIRROR", address)
        started = time.monotonic()
        assert digits().source == STAND_IN
        assert time.monotonic() - started < 3
        server.shutdown()
    gc.collect()  # torchvision leaves sockets of refused requests open
    assert list(root.iterdir()) == []
    assert len(caplog.messages) == 1


# Where data is looked for.
def test_the_folder_that_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path))
    assert data.data_root() == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STEERLENS_DATA", "~")
    assert data.data_root() == tmp_path
    for missing in (tmp_path / "gone", Path(data.__file__)):
        monkeypatch.setenv("STEERLENS_DATA", str(missing))
        with pytest.raises(ValueError, match=f"STEERLENS_DATA: expected an existing folder, got '{missing}'"):
            digits()


@pytest.mark.parametrize("value", ["", None])
def test_the_folder_when_none_is_named(tmp_path, monkeypatch, value):
    monkeypatch.delenv("STEERLENS_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("STEERLENS_DATA", value)
    assert data.data_root() == Path(data.__file__).parents[2] / "data"  # of the clone
    monkeypatch.setattr(
        files, "__file__", str(tmp_path / "site-packages" / "steerlens" / "data" / "files.py")
    )
    monkeypatch.chdir(tmp_path)
    assert data.data_root() == tmp_path / "data"  # installed: of the working directory


# The stand-in.
@pytest.fixture
def stand_in(root, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.MNIST", halfway(URLError("offline")))
    return digits(train=True), digits(train=False)


def test_stand_in(stand_in):
    for found, count in zip(stand_in, (1438, 359), strict=True):
        assert found.source == STAND_IN
        assert found.classes == DIGITS
        assert found.images.shape == (count, 1, 28, 28)
        assert found.images.dtype == torch.float32
        assert found.labels.dtype == torch.int64
        assert (found.images.min(), found.images.max()) == (0, 1)
        assert torch.bincount(found.labels).min() > count / 20  # all ten are there
        margin = found.images.clone()
        margin[..., 4:-4, 4:-4] = 0
        assert not margin.any()
    training, test = stand_in
    assert torch.equal(test.training_split().images, training.images)
    assert torch.cdist(test.images.flatten(1), training.images.flatten(1)).min() > 0.1


def test_stand_in_shows_the_digits_it_is_made_of(stand_in):
    """Brought down to 8x8 again, each image is its original, and has that one's label."""
    small = load_digits()
    held_out = np.arange(len(small.target)) % 5 == 4
    for found, rows in zip(stand_in, (~held_out, held_out), strict=True):
        assert found.labels.tolist() == small.target[rows].tolist()
        down = torch.nn.functional.interpolate(found.images[..., 4:-4, 4:-4], size=(8, 8), mode="area")
        down, original = down.flatten(1), torch.tensor(small.images[rows] / 16).float().flatten(1)
        alike = torch.nn.functional.cosine_similarity(down, original)
        assert alike.min() > 0.95


# Painted digits.
@pytest.mark.parametrize("colors", [data.PURE, data.COMPOSITE, ("cyan", "red"), tuple(data.COLORS)])
@pytest.mark.parametrize("pairs", [True, False])
def test_painted_digits_are_digits_in_one_colour(stand_in, colors, pairs):
    grey, found = digits(), data.color_digits(colors=colors, pairs=pairs)
    assert found.images.shape == (len(grey), 3, 28, 28)
    assert torch.equal(found.images.amax(1, keepdim=True), grey.images)
    paints = torch.tensor([data.COLORS[name] for name in colors])
    fits = [(found.images == grey.images * paint[:, None, None]).all((1, 2, 3)) for paint in paints]
    fits = torch.stack(fits, 1)
    assert (fits.sum(1) == 1).all()
    assert (fits.double().mean(0) - 1 / len(colors)).abs().max() < 0.1  # each colour its share
    if pairs:
        assert found.classes == tuple(f"{color} {digit}" for color in colors for digit in DIGITS)
        assert torch.equal(found.labels, 10 * fits.int().argmax(1) + grey.labels)
    else:
        assert found.classes == DIGITS
        assert torch.equal(found.labels, grey.labels)


def test_painted_digits_and_their_training_split(stand_in):
    test = data.color_digits(seed=3)
    assert torch.equal(test.images, data.color_digits(seed=3).images)
    assert not torch.equal(test.images, data.color_digits(seed=4).images)
    training = test.training_split()
    assert len(training) == len(digits(train=True))
    assert training.source == test.source
    others = [data.color_digits(pairs=True), data.color_digits(colors=data.PURE), digits()]
    assert len({test.source, *(other.source for other in others)}) == 4


# Schematic faces.
def test_schematic_faces_are_drawn_from_their_factors():
    found, factors = data.schematic_faces(50, seed=5), data.face_factors(50, seed=5)
    assert found.images.shape == (50, 1, 48, 48)
    assert found.images.dtype == torch.float32
    assert torch.equal(found.images, data.draw_faces(factors))
    assert (found.images.min(), found.images.max()) >= (0, 0.8)
    assert found.classes == ("sad", "happy")
    assert torch.equal(found.labels == 1, factors["curvature"] > 0)
    assert set(factors) == {"curvature", *data.FACTORS}
    assert factors["curvature"].abs().min() >= 1.5
    for name, (low, high) in data.FACTORS.items():
        assert (factors[name] >= low).all() and (factors[name] <= high).all()
    assert len(found.training_split()) == 2400
    assert found.training_split().source == found.source


def test_factors_do_not_tell_the_label():
    factors = data.face_factors(4000, seed=1)
    label = (factors["curvature"] > 0).float()
    names = list(data.FACTORS)
    correlation = torch.corrcoef(torch.stack([label, *(factors[name] for name in names)]))[0, 1:]
    assert correlation.abs().max() < 0.06


@pytest.mark.parametrize("name", ["curvature", *data.FACTORS])
def test_faces_are_differentiable_in_every_factor(name):
    """Against differences, for the share of pixels that lie on no kink of the drawing."""
    factors = {key: value.double() for key, value in data.face_factors(4, seed=2).items()}
    step = 1e-6
    moved = {**factors, name: factors[name] + step}
    numeric = (data.draw_faces(moved) - data.draw_faces(factors)) / step
    _, tangent = torch.autograd.functional.jvp(
        lambda value: data.draw_faces({**factors, name: value}), factors[name], torch.ones(4).double()
    )
    assert tangent.isfinite().all()
    assert tangent.abs().amax((1, 2, 3)).min() > 1e-3
    off = (numeric - tangent).abs() > 1e-3 * tangent.abs().amax()
    assert off.double().mean() < 1e-3


def test_curvature_moves_the_corners_and_keeps_the_mean_height():
    """Rows of the mouth's darkness, between two faces that differ in nothing but its sign."""
    factors = {key: value.double() for key, value in data.face_factors(1, seed=0).items()}
    factors.update(x=torch.zeros(1), y=torch.zeros(1), light=torch.zeros(1), curvature=torch.tensor([3.0]))
    bare = data.draw_faces({**factors, "mouth_contrast": torch.zeros(1)})
    rows = torch.arange(48.0)[:, None]
    for sign in (1, -1):
        face = data.draw_faces({**factors, "curvature": sign * factors["curvature"]})
        dark = (bare - face)[0, 0].clamp(min=0)
        heights = (dark * rows).sum(0) / dark.sum(0)
        middle = heights[23:25].mean()
        half = int(factors["mouth_width"].item()) - 1
        corners = (heights[24 - half] + heights[23 + half]) / 2
        assert (middle - corners) * sign > 1.5
    assert {"curvature"} == set(data.face_factors(1)) - set(data.FACTORS)


# FER2013.
@pytest.fixture
def few_faces(root, monkeypatch):
    """A small FER2013 in the data folder, whose checksums are the known ones; its pixels by folder."""
    rng, pixels = np.random.default_rng(1), {}
    for split, count in (("train", 3), ("test", 2)):
        for emotion in ("sad", "happy"):
            folder = root / "fer2013" / split / emotion
            folder.mkdir(parents=True)
            stack = rng.integers(0, 256, (count, 48, 48), dtype=np.uint8)
            digest = hashlib.sha256()
            for i, image in enumerate(stack):
                path = folder / f"{i}.png"
                Image.fromarray(image).save(path)
                digest.update(path.name.encode() + path.read_bytes())
            pixels[split, emotion] = stack
            monkeypatch.setitem(fer2013.FER2013_SHA256, f"{split}/{emotion}", digest.hexdigest())
    return pixels


@pytest.mark.parametrize("train, split", [(True, "train"), (False, "test")])
def test_faces_are_read_from_their_folders(few_faces, caplog, train, split):
    found = data.faces(train=train)
    expected = np.concatenate([few_faces[split, "sad"], few_faces[split, "happy"]])
    assert torch.equal((found.images[:, 0] * 255).round().byte(), torch.from_numpy(expected))
    count = len(expected) // 2
    assert found.labels.tolist() == [0] * count + [1] * count
    assert (found.classes, found.source) == (("sad", "happy"), "FER2013, sad and happy")
    assert len(found.training_split()) == 6
    assert caplog.messages == []


def test_another_release_of_faces_is_announced_once(few_faces, root, caplog):
    (root / "fer2013" / "test" / "sad" / "0.png").unlink()
    assert len(data.faces()) == len(data.faces()) == 3
    line = caplog.text
    assert line.count("\n") == 1
    assert "1 images, not those of the release" in line


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"", "expected a picture, got UnidentifiedImageError"),
        (b"\x89PNG\r\n\x1a\nno more", "expected a picture, got"),
        ((47, 48), "expected 48x48 pixels, got 47x48"),
        (None, r"expected images of FER2013 \(\*.jpg or \*.png\), got none"),
    ],
)
def test_damaged_faces_are_named(few_faces, root, content, expected):
    folder = root / "fer2013" / "test" / "happy"
    if content is None:
        for path in folder.iterdir():
            path.unlink()
    elif isinstance(content, bytes):
        (folder / "1.png").write_bytes(content)
    else:
        Image.fromarray(np.zeros(content, dtype=np.uint8)).save(folder / "1.png")
    with pytest.raises(ValueError, match=expected) as caught:
        data.faces()
    assert str(folder) in str(caught.value)


def test_without_fer2013_drawn_faces_stand_in(root, caplog):
    found = data.faces()
    assert found.source == data.schematic_faces(1).source
    assert torch.equal(found.images, data.schematic_faces(1000, seed=1).images)
    assert len(data.faces(train=True)) == 2400
    out = caplog.text
    assert "FER2013 is not in" in out
    assert out.count("\n") == 1


@pytest.mark.parametrize("train, sad, happy", [(True, 4830, 7215), (False, 1247, 1774)])
def test_real_faces(caplog, train, sad, happy):
    if not (data.data_root() / "fer2013").is_dir():
        pytest.skip("needs the real FER2013: STEERLENS_DATA names no folder that has it")
    found = data.faces(train=train)
    assert found.labels.bincount().tolist() == [sad, happy]
    assert (found.images.min(), found.images.max()) == (0, 1)
    assert 0.4 < found.images.mean() < 0.6
    assert caplog.messages == []


# A folder of data that is named, or filled, after the first call.
@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(mnist, "_download_mnist", refuse)


def test_a_folder_named_later_is_heeded_and_told(real_mnist, tmp_path, monkeypatch, caplog, no_network):
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path))
    assert digits().source == STAND_IN
    caplog.clear()
    monkeypatch.setenv("STEERLENS_DATA", str(real_mnist))
    assert digits().source == digits(train=True).source == "MNIST"
    assert caplog.messages == [
        f"digits: from now on MNIST in {real_mnist}; before, scikit-learn's 8x8 digits."
    ]
    caplog.clear()
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path))
    assert digits().source == STAND_IN
    assert f"digits: from now on scikit-learn's 8x8 digits; before, MNIST in {real_mnist}." in caplog.messages


def test_a_folder_that_is_filled_later_is_heeded(root, caplog, no_network):
    assert digits().source == STAND_IN
    small_mnist(root / "MNIST" / "raw")
    caplog.clear()
    assert digits().source == "MNIST" and digits(train=True).source == "MNIST"
    assert [message.split(":")[0] for message in caplog.messages] == ["digits"]


def test_what_is_deleted_is_downloaded_again(root, monkeypatch):
    download = Downloads(small_mnist)
    monkeypatch.setattr("torchvision.datasets.MNIST", download)
    assert digits().source == "MNIST"
    shutil.rmtree(root / "MNIST")
    assert digits().source == "MNIST" and len(download.calls) == 2


def test_a_file_that_is_altered_later_is_noticed(root):
    raw = root / "MNIST" / "raw"
    small_mnist(raw)
    assert digits().source == "MNIST"
    path = raw / MNIST_FILES[0]
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))
    with pytest.raises(ValueError, match="damaged or altered"):
        digits()
