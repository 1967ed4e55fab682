"""Widgets: their pure parts, what moving the slider does, and the still picture that they leave."""

import io
from base64 import b64decode

import ipywidgets
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.formatters import DisplayFormatter
from PIL import Image

import steerlens as sl
from steerlens.plot.figures import WIDTH
from steerlens.plot.widgets import figure_png, frame_caption, frame_slider, image_png

NAMES = ("circle", "square", "star", "cross")


def made_morph(batch=2, frames=5, channels=1, shape=(12, 16)):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(batch, frames, channels, *shape, generator=generator)
    probabilities = torch.rand(batch, frames, 4, generator=generator).softmax(2)
    distances = torch.linalg.vector_norm(pixels - pixels[:, :1], dim=(-3, -2, -1))
    zeros = torch.zeros(batch, dtype=torch.long)
    return sl.Morph(
        pixels, probabilities, distances, torch.arange(frames) * 1.5, zeros, zeros + 1, render=None
    )


def decoded(png):
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture)


def parts(box):
    (controls, picture, caption) = box.children
    play, *_, slider = controls.children
    return play, slider, picture, caption


# Pure parts.
@settings(deadline=None, max_examples=30)
@given(
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 300),
    width=st.integers(1, 60),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_png_is_the_image_enlarged_by_whole_pixels(channels, height, width, dtype):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(channels, height, width, generator=generator, dtype=dtype)
    found = decoded(image_png(image))
    scale = found.shape[0] // height
    assert found.shape[:2] == (scale * height, scale * width)
    assert 224 <= scale * height < 224 + max(height, 224)
    assert scale == 1 or (scale - 1) * height < 224
    pixels = (image * 255).round().byte()
    pixels = pixels[0] if channels == 1 else pixels.movedim(0, -1)
    np.testing.assert_array_equal(found, pixels.numpy().repeat(scale, 0).repeat(scale, 1))


def test_png_of_black_and_white():
    image = torch.tensor([[[0.0, 1.0]]])
    assert np.unique(decoded(image_png(image))).tolist() == [0, 255]
    assert image_png(image.requires_grad_()) == image_png(image.detach())


def test_caption():
    morph = made_morph()
    morph.probabilities[1, 2] = torch.tensor([0.1, 0.554, 0.046, 0.3])
    morph.distances[1, 2] = 7.257
    assert frame_caption(morph, 1, 2) == "k = 3, L2 distance 7.26, 1: 0.55, 3: 0.30, 0: 0.10"
    named = frame_caption(morph, 1, 2, NAMES, top=2)
    assert named == "k = 3, L2 distance 7.26, square: 0.55, cross: 0.30"
    assert frame_caption(morph, 1, 2, NAMES, top=9).count(":") == 4
    assert frame_caption(morph, 0, 1).startswith("k = 1.5, L2 distance ")
    assert frame_caption(morph, 0, 0).startswith("k = 0, L2 distance 0.00, ")


# The slider.
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("row", [0, 1])
def test_moving_the_slider_swaps_picture_and_caption(channels, row):
    morph = made_morph(channels=channels)
    play, slider, picture, caption = parts(frame_slider(morph, row, NAMES))
    assert (slider.min, slider.max, slider.value) == (play.min, play.max, play.value) == (0, 4, 0)
    for frame in [0, 1, 2, 3, 4, 2, 0]:
        slider.value = frame
        assert picture.value == image_png(morph.frames[row, frame])
        assert caption.value == frame_caption(morph, row, frame, NAMES)
    assert isinstance(picture, ipywidgets.Image)
    assert picture.format == "png"


def test_the_slider_stays_within_the_frames():
    _, slider, picture, _ = parts(frame_slider(morph := made_morph()))
    slider.value = 99
    assert slider.value == 4
    assert picture.value == image_png(morph.frames[0, 4])


def test_sliders_are_independent():
    morph = made_morph()
    first, second = (parts(frame_slider(morph, row)) for row in (0, 1))
    first[1].value = 3
    assert second[1].value == 0
    assert second[2].value == image_png(morph.frames[1, 0])


def test_the_slider_leaves_a_still_picture():
    """As a notebook stores it: the widget for a kernel, the strip for static readers, and a short text."""
    morph = made_morph(frames=7)
    box = frame_slider(morph, 1, NAMES)
    bundle, _ = DisplayFormatter().format(box)
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == box.model_id
    assert decoded(b64decode(bundle["image/png"])).shape == decoded(box._still).shape
    strip = decoded(figure_png(sl.filmstrip(morph, 1, classes=NAMES)))
    np.testing.assert_array_equal(decoded(b64decode(bundle["image/png"])), strip)
    assert strip.shape[1] == round(100 * WIDTH)
    assert "7 frames" in bundle["text/plain"]
    assert len(bundle["text/plain"]) < 100


def test_a_morph_that_was_computed():
    images = torch.rand(2, 1, 12, 16, generator=torch.Generator().manual_seed(0))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 3))
    morph = sl.extrapolate(model, images, 1, sl.SteerablePyramid((12, 16), 2, 2), steps=4)
    _, slider, picture, caption = parts(frame_slider(morph, 1))
    before = decoded(picture.value)
    slider.value = 4
    assert "k = 4" in caption.value
    assert decoded(picture.value).shape == before.shape
