"""Photographs and pretrained classifiers: where they are looked for, what they are, and what is refused."""

import pytest
import torch
from PIL import Image
from torchvision import models

import steerlens as sl
from steerlens.data import files, photographs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of data, and no network worth waiting for."""
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(files, "DOWNLOAD_TIMEOUT", 0.1)
    return tmp_path


@pytest.fixture
def offline(monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr(models.squeezenet, "_squeezenet", refuse)


def test_photographs_stand_in(folder, caplog):
    data = sl.data.photos(64)
    assert data.images.shape == (2, 3, 64, 64)
    assert [data.classes[label] for label in data.labels] == list(photographs.STAND_IN)
    assert data.source in "scikit-learn photographs" and "scikit-learn" in caplog.text


def test_photographs_of_a_folder(folder):
    pictures = folder / "imagenet" / "photos"
    pictures.mkdir(parents=True)
    Image.new("RGB", (320, 200), (255, 0, 51)).save(pictures / "0003_shark.jpg", quality=100)
    Image.new("L", (31, 45), 255).save(pictures / "0999_grey.jpg")
    data = sl.data.photos(32)
    assert data.images.shape == (2, 3, 32, 32) and data.labels.tolist() == [3, 999]
    assert data.classes[3] == "tiger shark" and len(data.classes) == 1000
    assert (data.images[0].mean((1, 2)) - torch.tensor([1, 0, 0.2])).abs().max() < 0.02


@pytest.mark.parametrize("name", ["shark.jpg", "1000_none.jpg", "-1_none.jpg", "x03_shark.jpg"])
def test_photograph_without_a_class(folder, name):
    pictures = folder / "imagenet" / "photos"
    pictures.mkdir(parents=True)
    Image.new("RGB", (32, 32)).save(pictures / name)
    with pytest.raises(ValueError, match="0000_ to 0999_"):
        sl.data.photos()


def test_photograph_that_is_none(folder):
    pictures = folder / "imagenet" / "photos"
    pictures.mkdir(parents=True)
    (pictures / "0003_shark.jpg").write_text("no image")
    with pytest.raises(ValueError, match=r"0003_shark\.jpg: expected a picture"):
        sl.data.photos()


def test_weights_of_a_folder(folder):
    network = models.squeezenet1_0().eval()
    (folder / "imagenet").mkdir()
    torch.save(network.state_dict(), folder / "imagenet" / "squeezenet1_0.pth")
    model = sl.imagenet.pretrained()
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (sl.imagenet.MEAN, sl.imagenet.STD))
    assert not model.training
    torch.testing.assert_close(model(images), network((images - mean) / std))


def test_no_weights_at_all(folder, offline, caplog):
    assert sl.imagenet.pretrained() is None
    (line,) = caplog.messages
    assert "squeezenet1_0 are not in" in line


@pytest.mark.parametrize("name, mean", [("efficientnet_v2_l", 0.5), ("vgg11_bn", 0.485)])
def test_the_first_layer_is_the_one_that_the_weights_want(name, mean):
    """Some networks of torchvision were trained with other means than the rest."""
    assert sl.imagenet.normalization(name).mean[0] == mean


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x80\x02}q\x00."])
def test_weights_that_do_not_fit(folder, content):
    (folder / "imagenet").mkdir()
    (folder / "imagenet" / "squeezenet1_0.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"squeezenet1_0\.pth: expected the weights of squeezenet1_0"):
        sl.imagenet.pretrained()


@pytest.mark.parametrize("name", ["no_such_net", None, 7])
def test_unknown_network(name):
    with pytest.raises(ValueError, match="name: expected one of"):
        sl.imagenet.pretrained(name)


def test_real_photographs_are_recognised():
    model = sl.imagenet.pretrained() if (sl.data.data_root() / "imagenet").is_dir() else None
    if model is None:
        pytest.skip("needs SqueezeNet and the photographs in STEERLENS_DATA")
    data = sl.data.photos()
    with torch.no_grad():
        right = model(data.images).argmax(1) == data.labels
    assert len(data) == 100 and right.sum() >= 50
