"""The atlas: the same rows whatever happens to the run, and what fails is said where it failed."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager

import cloudpickle
import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from dask.distributed import Client, LocalCluster
from PIL import Image
from torch import nn
from torch.utils.data import Dataset

from steerlens import SteerablePyramid, extrapolate
from steerlens.atlas import atlas, plan, run
from steerlens.atlas.identity import digest
from steerlens.atlas.lock import held
from steerlens.data import ImageData

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test

SHAPE, CLASSES, COUNT, SIZE = (16, 16), 3, 12, 4  # images in pieces of four
DISTANCES = (0.2, 0.5)
STEPS = {"steps": [1.0, 4.0, 16.0, 64.0, 256.0], "alpha": 1.0}


def network(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = nn.Conv2d(1, 4, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 256, CLASSES)
        return nn.Sequential(*layers).eval()


def pixels():
    return torch.randint(256, (COUNT, 1, *SHAPE), generator=torch.Generator().manual_seed(0)).byte()


IMAGES = pixels() / 255


def slide(model, images, targets, distance, log=None, pause=0.0):
    """An editor that writes down what it is asked, and takes its time."""
    if log and distance == DISTANCES[0] and len(images) > 1:  # not when it is tried on one
        with open(log, "a") as file:
            file.write(f"{images.sum():.4f}\n")
    time.sleep(pause)
    away = torch.where(images > 0.5, -1.0, 1.0)
    return images + distance / 16 * away, torch.ones(len(images), dtype=torch.bool)


class Refusing(nn.Module):
    """A model that takes no image that is nearly white at the first pixel."""

    def __init__(self):
        super().__init__()
        self.network = network()

    def forward(self, images):
        if (images[:, 0, 0, 0] > 0.99).any():
            raise RuntimeError("not this one")
        return self.network(images)


@pytest.fixture(scope="module")
def client():
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**how) as cluster, Client(cluster) as found:
        yield found


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(plan, "MOST", SIZE)


def made(client, out, model=None, images=IMAGES, **options):
    options = {"distances": DISTANCES, "client": client, "out": out} | options
    return atlas(model or network(), images, **options)


def slid(client, out, **options):
    return made(client, out, editor=slide, **options)


def same(one, other):
    """Whether two tables agree, but for the time that they took."""
    pd.testing.assert_frame_equal(one.drop(columns="seconds"), other.drop(columns="seconds"))


@pytest.fixture(scope="module")
def undisturbed(client, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "MOST", SIZE)
        return slid(client, tmp_path_factory.mktemp("atlas") / "a")


def test_rows_and_images_are_those_of_the_plain_loop(client, tmp_path):
    table = made(client, tmp_path, judges={"judge": network(1)}, **STEPS)
    morphs, pyramid = (
        zarr.open_group(str(tmp_path / "images.zarr"), mode="r")["morphs"],
        SteerablePyramid(SHAPE),
    )
    assert len(table) == COUNT * (CLASSES - 1) * len(DISTANCES) and table["error"].isna().all()
    for row in table.itertuples():
        x = IMAGES[row.image][None]
        move = extrapolate(network(), x, row.target, pyramid, objective="margin", progress=False, **STEPS)
        edited, _ = move.at_distance(row.distance)
        p = network()(edited).softmax(1)[0, row.target].item()
        assert row.source == network()(x).argmax() != row.target == row.slot
        assert abs(row.attained - (edited - x).norm().item()) < 1e-3 and abs(row.probability - p) < 1e-3
        assert row.judge == network(1)(edited).argmax()
        reached = (move.target_probabilities[0] >= 0.5).nonzero()[:, 0]
        assert len(reached) or np.isnan([row.first_half, row.distance_half]).all()
        if len(reached):
            near, far = move.distances[0, reached[0] - 1 : reached[0] + 1].tolist()
            assert row.first_half == move.steps[reached[0]] and near <= row.distance_half <= far + 1e-6
            half = network()(move.at_distance(row.distance_half)[0]).softmax(1)[0, row.target].item()
            assert abs(half - 0.5) < 0.02 and not row.distance_sure < row.distance_half
        place = int(np.abs(np.array(DISTANCES) - row.distance).argmin())
        stored = morphs[row.image, row.slot, place]
        assert np.abs(stored / 255 - edited[0].numpy()).max() < 1e-2
    again = pd.read_parquet(tmp_path / "table")
    same(again.sort_values(["image", "slot", "distance"], ignore_index=True), table)


def test_the_number_of_workers_changes_nothing(undisturbed, tmp_path):
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0") as one:
        same(slid(one, tmp_path), undisturbed)


def test_each_piece_is_made_once_however_often_it_is_asked_for(client, undisturbed, tmp_path, monkeypatch):
    log, outcome, seen = tmp_path / "log", run._outcome, []

    def interrupted(*done):
        seen.append(done)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return outcome(*done)

    monkeypatch.setattr(run, "_outcome", interrupted)
    with pytest.raises(KeyboardInterrupt):
        slid(client, tmp_path / "a", log=str(log))
    monkeypatch.undo()
    monkeypatch.setattr(plan, "MOST", SIZE)
    time.sleep(1)  # what was at work when the run ended is done
    for _ in range(2):
        same(slid(client, tmp_path / "a", log=str(log)), undisturbed)
    lines = log.read_text().split()
    assert len(lines) == len(set(lines)) == COUNT // SIZE


@pytest.mark.parametrize("kind", ["table/*.parquet", "images.zarr/morphs/**/[0-9]*", "pieces/*.json"])
def test_a_damaged_piece_is_made_again_and_no_other(kind, client, undisturbed, tmp_path):
    log = tmp_path / "log"
    slid(client, tmp_path / "a", log=str(log))
    path = sorted(path for path in (tmp_path / "a").glob(kind) if path.is_file())[-1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x40
    path.write_bytes(content)
    same(slid(client, tmp_path / "a", log=str(log)), undisturbed)
    assert len(log.read_text().split()) == COUNT // SIZE + 1


def test_killed_workers_change_nothing(client, undisturbed, tmp_path):
    def kill():
        time.sleep(0.4)
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    same(slid(client, tmp_path, pause=0.2), undisturbed)
    killer.join()
    client.wait_for_workers(2)


SCRIPT = """
    import glob, os, sys, time, torch
    from torch import nn
    from steerlens.atlas import atlas, plan
    from dask.distributed import Client
    plan.MOST = 4
    OUT = sys.argv[1]

    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.layer = nn.Linear(256, 3)

        def forward(self, images):
            return torch.tanh(self.layer(images.flatten(1)))

    def slow(model, images, targets, distance):
        while os.path.exists(OUT + ".wait") and len(glob.glob(OUT + "/pieces/*.json")) >= 2:
            time.sleep(0.05)  # the rest is made once the run has been disturbed
        return images + distance / 16 * torch.where(images > 0.5, -1.0, 1.0), torch.ones(len(images)).bool()

    if __name__ == "__main__":
        images = torch.randint(256, (24, 1, 16, 16), generator=torch.Generator().manual_seed(0)) / 255
        client = Client(scheduler_file=sys.argv[2]) if len(sys.argv) > 2 else None
        table = atlas(Mine(), images, out=sys.argv[1], editor=slow, distances=[0.5], client=client)
        table.drop(columns="seconds").to_json(sys.argv[1] + ".json")
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    return [sys.executable, str(path)]


def by_hand(*command, cwd):
    return subprocess.Popen([sys.executable, "-m", "dask", *command], cwd=cwd, stderr=subprocess.DEVNULL)


@contextmanager
def cluster_by_hand(folder):
    """A scheduler and two workers, started from elsewhere; where clients find it, and the three."""
    where, elsewhere = str(folder / "scheduler.json"), folder / "elsewhere"
    elsewhere.mkdir()
    to = ["--scheduler-file", where]
    parts = [by_hand("scheduler", *to, "--port", "0", "--no-dashboard", cwd=elsewhere)]
    parts += [by_hand("worker", *to, "--nthreads", "1", "--no-dashboard", cwd=elsewhere) for _ in range(2)]
    try:
        yield where, parts
    finally:
        for part in reversed(parts):
            part.kill()
            part.wait(20)


def begun(command, folder, **options):
    """A run that has made two pieces or a little more, and waits with the others until it is disturbed."""
    folder.with_suffix(".wait").touch()
    run = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True, **options)
    while len(list((folder / "pieces").glob("*.json"))) < 2:
        assert run.poll() is None
        time.sleep(0.05)
    return run


def test_workers_started_by_hand_elsewhere_and_what_is_killed(script, tmp_path):
    """Models of a script; a run that is killed, or loses its scheduler, leaves a folder that goes on."""
    a, b, c = (tmp_path / name for name in "abc")
    with cluster_by_hand(tmp_path) as (where, (scheduler, *_)):
        subprocess.run([*script, str(a), where], check=True, timeout=300)
        patience = os.environ | {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}
        lost = begun([*script, str(b), where], b, env=patience)
        scheduler.kill()
        b.with_suffix(".wait").unlink()
        assert "expected a scheduler until the end, got none: call again" in lost.communicate(timeout=120)[1]
    killed = begun([*script, str(c)], c)
    killed.kill()
    c.with_suffix(".wait").unlink()
    killed.stderr.close()
    killed.wait()
    for folder in (b, c):
        subprocess.run([*script, str(folder)], check=True, timeout=300)
        assert folder.with_suffix(".json").read_text() == a.with_suffix(".json").read_text()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting takes root")
def test_a_full_disk_is_said_and_made_good(client, undisturbed, tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o"]
    if subprocess.run([*mount, "size=64k", "atlas", str(tmp_path)], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        table = slid(client, tmp_path / "a")
        assert table["error"].str.contains("No space left on device").any() and len(table) >= len(undisturbed)
        subprocess.run([*mount, "remount,size=20m", str(tmp_path)], check=True)
        same(slid(client, tmp_path / "a"), undisturbed)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_two_runs_exclude_each_other(client, tmp_path):
    with held(tmp_path), pytest.raises(RuntimeError, match="no other run is at work"):
        slid(client, tmp_path)


def test_what_fails_is_said_in_its_rows_and_the_others_go_on(client, undisturbed, tmp_path):
    images = IMAGES * 0.9
    whole = slid(client, tmp_path / "a", images=images)
    images[5, 0, 0, 0] = 1
    images[6] = torch.nan
    table = slid(client, tmp_path / "b", model=Refusing(), images=images)
    wrong = table["image"].isin([5, 6])
    assert table[wrong]["error"].notna().all() and table[~wrong]["error"].isna().all()
    assert table[table["image"] == 5]["error"].str.contains("not this one").all()
    assert table[table["image"] == 6]["error"].str.contains("not finite").all()
    assert table[wrong]["probability"].isna().all() and set(table[wrong]["target"]) == set(range(CLASSES))
    same(table[~wrong].reset_index(drop=True), whole[~whole["image"].isin([5, 6])].reset_index(drop=True))


class Items(Dataset):
    """Images with labels, one of which cannot be read."""

    def __len__(self):
        return COUNT

    def __getitem__(self, row):
        if row == 7:
            raise OSError("unreadable")
        return pixels()[row], row % CLASSES


def test_images_come_from_anywhere(client, undisturbed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for row, image in enumerate(pixels()):
        folder = tmp_path / "folder" / f"{row // 4}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0].numpy()).save(folder / f"{row:02}.png")
    array = zarr.open_array(
        "images.zarr", mode="w", shape=(COUNT, 1, *SHAPE), chunks=(5, 1, *SHAPE), dtype="u1"
    )
    array[:] = pixels().numpy()
    labels = torch.arange(COUNT) // 4
    labelled = undisturbed.assign(label=(undisturbed["image"] // 4).astype("Int16"))
    same(slid(client, "a", images=array), undisturbed)
    same(slid(client, "b", images="folder"), labelled)
    same(slid(client, "c", images=ImageData(IMAGES, labels, ("x", "y", "z"), "here")), labelled)
    table = slid(client, "d", images=Items())
    same(
        table[table["image"] != 7].drop(columns="label").reset_index(drop=True),
        undisturbed[undisturbed["image"] != 7].drop(columns="label").reset_index(drop=True),
    )
    assert table[table["image"] == 7]["error"].str.contains("OSError: unreadable").all()


def test_a_first_look_is_continued(client, undisturbed, tmp_path):
    log = tmp_path / "log"
    first = slid(client, tmp_path / "a", log=str(log), limit=8)
    same(first, undisturbed[undisturbed["image"] < 8])
    same(slid(client, tmp_path / "a", log=str(log)), undisturbed)
    assert len(log.read_text().split()) == COUNT // SIZE
    with pytest.raises(ValueError, match="limit: expected at least the 12 images"):
        slid(client, tmp_path / "a", log=str(log), limit=8)


def test_targets_second_and_given(client, tmp_path):
    logits = network()(IMAGES)
    second = slid(client, tmp_path / "a", targets="second")
    assert second["target"].tolist() == logits.topk(2).indices[:, 1].repeat_interleave(2).tolist()
    given = torch.stack([torch.arange(COUNT) % CLASSES, torch.zeros(COUNT, dtype=torch.int64)], 1)
    table = slid(client, tmp_path / "b", targets=given)
    assert table["target"].tolist() == given.repeat_interleave(2).tolist()


def test_a_folder_of_something_else_is_refused(client, undisturbed, tmp_path):
    slid(client, tmp_path / "a")
    for name, other in {
        "model": {"model": network(1)},
        "images": {"images": IMAGES.flip(0)},
        "distances": {"distances": (0.2, 0.6)},
        "options": {"pause": 0.001},
        "judges": {"judges": [network()]},
        "targets": {"targets": "second"},
    }.items():
        with pytest.raises(ValueError, match=f"same settings, got .*{name} "):
            slid(client, tmp_path / "a", **other)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="new or empty folder"):
        slid(client, tmp_path)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"images": 3}, "images: expected a tensor"),
        ({"images": IMAGES.long()}, "images: expected float32 or float64"),
        ({"images": "/no/such/folder"}, "images: expected a folder"),
        ({"images": IMAGES.repeat(1, 2, 1, 1)}, "images: expected some that can be read and that the model"),
        ({"distances": ()}, "distances: expected increasing"),
        ({"distances": (2, 1)}, "distances: expected increasing"),
        ({"targets": "third"}, "targets: expected 'all'"),
        ({"targets": torch.zeros(3, dtype=torch.int64)}, r"class indices \(12,\)"),
        ({"targets": torch.full((COUNT,), 3)}, "targets: expected classes 0 to 2"),
        ({"editor": "warm"}, "editor: expected one of 'frozen', 'live'"),
        ({"editor": "frozen", "alhpa": 1.0}, "alhpa"),
        ({"judges": {"target": network()}}, "judges: expected names"),
        ({"judges": 3}, "judges: expected modules"),
        ({"client": "here"}, "client: expected a dask"),
        ({"limit": 0}, "limit: expected an integer >= 1"),
        ({"warp": 1}, "warp: expected True or False"),
    ],
)
def test_bad_input_is_one_clear_error_before_any_work(bad, said, tmp_path):
    with pytest.raises((TypeError, ValueError), match=said):
        made(**({"client": None, "out": tmp_path / "a", "editor": slide} | bad))
    assert not (tmp_path / "a").exists()


def test_digests_are_of_content(tmp_path):
    one, other = network(), network()
    assert digest(one) == digest(other)
    other[0].bias.data[0] += 1e-6
    assert digest(one) != digest(other)
    other = network()
    other[0].padding = (0, 0)
    assert digest(one) != digest(other)
    assert digest(lambda x: x + 1) == digest(lambda x: x + 1) != digest(lambda x: x - 1)
    assert digest(one.train()) == digest(one.eval())
