"""Pictures of any kind, channels and size, and matplotlib's settings: shown rightly, or refused clearly."""

import functools
import io
import struct

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import steerlens as sl
from steerlens import plot
from steerlens.data import photos
from steerlens.explorer import opened
from steerlens.plot.widgets import figure_png, frame_slider, image_png

# One reader: what each kind of file shows.
RAMP = np.arange(6).reshape(2, 3) / 5  # black to white
GREY, DEEP = (255 * RAMP).astype(np.uint8), (65535 * RAMP).astype(np.uint16)
DEEPER, FLOAT = (RAMP * (2**31 - 1)).astype(np.int32), RAMP.astype(np.float32)


def saved(picture, form="PNG", **options):
    """The content of a file with a picture of Pillow, or of numpy."""
    buffer = io.BytesIO()
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    picture.save(buffer, format=form, **options)
    return buffer.getvalue()


def tiff(values, order="<", kind=1, black=1, bits=None, width=None):
    """A grey TIFF by hand. kind: 1 integers, 2 with a sign, 3 floats; black: 1, or 0 if 0 is white."""
    data, bits = values.astype(values.dtype.newbyteorder(order)).tobytes(), bits or 8 * values.itemsize
    tags = {256: width or values.shape[1], 257: len(values), 258: bits, 259: 1, 262: black, 273: 8}
    tags |= {277: 1, 278: len(values), 279: len(data), 339: kind}
    entries = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(data))
    return head + data + struct.pack(order + "H", len(tags)) + entries + bytes(4)


def of_12_bits():
    rows = ["".join(f"{round(4095 * value):03x}" for value in row) + "0" for row in RAMP]
    return tiff(np.frombuffer(bytes.fromhex("".join(rows)), np.uint8).reshape(2, 5), bits=12, width=3)


def clear(mode):
    """Black, less and less opaque, and a light colour where nothing can be seen."""
    color = Image.fromarray((255 * (RAMP == 1)).astype(np.uint8))
    black, alpha = Image.new("L", (3, 2)), Image.fromarray(255 - GREY)
    return Image.merge(mode, [color, *[black] * (len(mode) - 2), alpha])


def palette(levels, **options):
    picture = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3), "L").convert("P")
    picture.putdata(range(6))
    picture.putpalette([level for value in levels for level in (value,) * 3])
    return saved(picture, **options)


KINDS = {
    "16-bit PNG": saved(DEEP),
    "16-bit PNG, one grey is transparent": saved(np.where(DEEP == 65535, DEEP // 9, DEEP), transparency=7281),
    "16-bit PGM": saved(DEEP, "PPM"),
    "16-bit TIFF": tiff(DEEP),
    "16-bit TIFF, big-endian": tiff(DEEP, ">"),
    "16-bit TIFF, 0 is white": tiff(65535 - DEEP, black=0),
    "16-bit TIFF with a sign": tiff((DEEP // 2).astype(np.int16), kind=2),
    "12-bit TIFF": of_12_bits(),
    "32-bit TIFF": tiff(2 * DEEPER.astype(np.uint32)),
    "32-bit TIFF with a sign": tiff(DEEPER, kind=2),
    "float TIFF": tiff(FLOAT, kind=3),
    "float TIFF, big-endian": tiff(FLOAT, ">", kind=3),
    "grey with alpha": saved(clear("LA")),
    "RGB with alpha": saved(clear("RGBA")),
    "palette, an alpha for each colour": palette([0] * 6, transparency=bytes((255 - GREY).flat)),
    "palette, one colour is transparent": palette([*GREY.flat[:5], 0], transparency=5),
    "GIF, one colour is transparent": palette([*GREY.flat[:5], 0], form="GIF", transparency=5),
    "8 bits, one grey is transparent": saved(np.where(GREY == 255, 7, GREY).astype(np.uint8), transparency=7),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_read_rightly(kind, channels):
    found = opened(KINDS[kind], (channels, 2, 3))
    assert (found - torch.from_numpy(RAMP)).abs().max() < 1 / 255


def turned(*bad):
    """A photograph, black left and white right, whose EXIF data turns it by 90 degrees, with more fields."""
    fields = sorted([struct.pack("<HHIHH", 274, 3, 1, 6, 0), *bad], key=lambda field: field[:2][::-1])
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(fields)) + b"".join(fields) + bytes(4)
    return saved(np.uint8([[0, 255]]).repeat(16, 0).repeat(16, 1), "JPEG", exif=exif)


@pytest.mark.parametrize("tag", [256, 282], ids=["width", "resolution"])
def test_a_picture_stands_upright_whose_exif_data_has_another_field_that_is_bad(tag):
    found = opened(turned(struct.pack("<HHI4s", tag, 2, 2, b"x")), (1, 32, 16))
    assert found[0, 0, :12].max() < 0.1 and found[0, 0, 20:].min() > 0.9


def test_photographs_of_the_data_are_turned_as_their_exif_data_says(tmp_path, monkeypatch):
    folder = tmp_path / "imagenet" / "photos"
    folder.mkdir(parents=True)
    (folder / "0003_shark.jpg").write_bytes(turned())
    monkeypatch.setenv("STEERLENS_DATA", str(tmp_path))
    image = photos(14).images[0]
    assert image[:, :4].max() < 0.1 and image[:, -4:].min() > 0.9


BROKEN = {
    "no picture in it": (saved(GREY)[:33] + b"\0\0\0\0IENDx", "got"),
    "floats beyond 1": (tiff(3 * FLOAT, kind=3), "values from 0.0 to 3.0, where black is 0 and white 1"),
    "not a number": (tiff(FLOAT * np.float32("nan"), kind=3), "where black is 0 and white 1"),
    "below 0": (tiff(-DEEPER, kind=2), r"values from -2147483647 to 0, where .* white 2147483647"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_picture_that_cannot_be_read_is_refused_by_its_name(kind, tmp_path):
    content, why = BROKEN[kind]
    (tmp_path / "mine.tif").write_bytes(content)
    for source in (content, tmp_path / "mine.tif"):
        with pytest.raises(ValueError, match=rf"mine\.tif: expected a picture, .*{why}"):
            opened(source, (3, 2, 3), "mine.tif")


@pytest.mark.parametrize("error", [SyntaxError, struct.error, KeyError, TypeError])
def test_whatever_pillow_raises_is_told_with_the_files_name(error, monkeypatch):
    def broken(*_):
        raise error("a broken file")

    monkeypatch.setattr(Image, "open", broken)
    with pytest.raises(ValueError, match=r"mine\.png: expected a picture, .*a broken file"):
        opened(b"", (3, 2, 3), "mine.png")


def test_a_picture_of_very_many_pixels_is_read_or_refused_by_its_name(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)  # Pillow warns from here, and raises from twice as many
    assert opened(saved(GREY), (1, 2, 3)).max() == 1
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2)
    with pytest.raises(ValueError, match=r"mine\.png: expected a picture, got DecompressionBombError"):
        opened(saved(GREY), (1, 2, 3), "mine.png")


def test_a_picture_is_read_into_grey_or_rgb():
    with pytest.raises(ValueError, match=r"mine\.png: expected 1 or 3 channels .* got 4"):
        opened(saved(GREY), (4, 2, 3), "mine.png")


# Channels other than 1 and 3.
def made_morph(channels, height=6, width=8, batch=2, frames=3):
    """A morph of random frames."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(batch, frames, channels, height, width, generator=generator)
    zeros, halves = torch.zeros(batch, dtype=torch.long), torch.full((batch, frames, 2), 0.5)
    return sl.Morph(pixels, halves, halves[..., 0], torch.arange(frames), zeros, zeros, None)


def pipeline(morph, **options):
    image = morph.frames[:1, 0]
    model = nn.Sequential(nn.Flatten(), nn.Linear(image.numel(), 2))
    return plot.pipeline(model, image, 1, sl.SteerablePyramid(image.shape[-2:], 1, 2), steps=2, **options)


DRAWN = {
    "filmstrip": lambda morph, **options: sl.filmstrip(morph, difference=True, **options),
    "strips": lambda morph, **options: plot.strips({"one": morph}, **options),
    "grid": lambda morph, **options: plot.grid({"one": morph.frames[0]}, **options),
    "pipeline": pipeline,
    "frame_slider": frame_slider,
    "save_gif": lambda morph, **options: morph.save_gif("morph.gif", **options),
}


@pytest.mark.parametrize("name", DRAWN)
def test_other_channels_are_drawn_by_show_and_never_as_opacity(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    morph = made_morph(4)
    before = morph.frames.clone()
    for wrong in (None, lambda x: x, lambda x: x[0, :3], lambda x: x[:, :3, 0], lambda x: x[:, :3].byte()):
        with pytest.raises(ValueError, match=r"show: expected .* such as lambda x: x\[:, :3\], got"):
            DRAWN[name](morph, show=wrong)
    with pytest.raises(TypeError, match="show: expected a function"):
        DRAWN[name](morph, show=3)
    assert not plt.get_fignums() and not list(tmp_path.iterdir())
    DRAWN[name](morph, show=lambda x: x.mul_(2)[:, :3])  # is given a copy, and clipped
    DRAWN[name](morph, show=lambda x: x.mean(1, keepdim=True))
    assert torch.equal(morph.frames, before)


def test_show_makes_what_is_drawn(tmp_path):
    morph, three = made_morph(4), made_morph(3)
    three.frames[:] = morph.frames[:, :, 1:]
    shown = sl.filmstrip(morph, show=lambda x: x[:, 1:]), sl.filmstrip(three)
    assert figure_png(shown[0]) == figure_png(shown[1])
    morph.save_gif(tmp_path / "four.gif", show=lambda x: x[:, 1:])
    three.save_gif(tmp_path / "three.gif")
    assert (tmp_path / "four.gif").read_bytes() == (tmp_path / "three.gif").read_bytes()


# Sizes.
@pytest.mark.parametrize(
    "height, width, scale, found",
    [(4, 700, 100, "400 x 140,100"), (700, 4, 100, "70,000 x 900"), (700, 350, 40, "28,000 x 28,040")],
    ids=["wide", "tall", "too much in all"],
)
def test_a_gif_that_is_too_large_says_so(height, width, scale, found, tmp_path):
    said = f"scale: expected a GIF of at most 65,535 pixels a side .* got 3 frames of {found}"
    with pytest.raises(ValueError, match=said):
        made_morph(1, height, width).save_gif(tmp_path / "large.gif", scale=scale)
    assert not list(tmp_path.iterdir())


TOO_LARGE = {
    "rows": lambda: sl.filmstrip(made_morph(1, batch=1000)),
    "frames": lambda: sl.filmstrip(made_morph(1, batch=1, frames=3000), frames=None),
    "a tall image": lambda: sl.filmstrip(made_morph(1, 400, 1), 0, 2),
    "a matrix": lambda: plot.matrix({"tall": torch.zeros(100, 1)}),
    "a size": lambda: plot.curves({"": {"": (torch.arange(2), torch.arange(2))}}, "x", "y", size=(4, 1e4)),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_figure_that_is_too_large_says_so(name):
    said = "figure: expected at most 2,000 panels on 300 inches a side, got .*: choose fewer"
    with pytest.raises(ValueError, match=said):
        TOO_LARGE[name]()
    assert not plt.get_fignums()


def test_a_line_of_pixels_is_not_enlarged_to_rows_that_are_too_long():
    with Image.open(io.BytesIO(image_png(torch.rand(1, 1, 2000)))) as picture:
        assert picture.size == (2000, 1)


# The reader's own settings of matplotlib.
SETTINGS = {
    "image.origin": "lower",
    "image.aspect": "auto",
    "axes.grid": True,
    "axes.titlelocation": "left",
    "axes.prop_cycle": plt.cycler(color=["r", "k"]),
    "figure.facecolor": "black",
    "figure.titleweight": "bold",
    "font.size": 20.0,
    "lines.linewidth": 7.0,
    "savefig.bbox": "tight",
    "text.color": "red",
    "ytick.labelsize": 20.0,
}


@functools.cache
def drawn(setting=None):
    """PNGs of every kind of figure, while matplotlib has one of the settings."""
    morph, x = made_morph(3, batch=1), torch.linspace(0, 1, 7)
    torch.manual_seed(0)
    with plt.rc_context({setting: SETTINGS[setting]} if setting else {}):
        figures = (
            plot.strips({"one": morph}, frames=2, title="all"),
            plot.grid({"one": [morph.frames[0, 0]]}, outline=[morph.frames[0, 0, :1]]),
            pipeline(morph),
            plot.matrix({"": torch.eye(2)}),
            plot.curves({"": {"one": (x, x), "two": (x, x.sqrt())}}, "x", "y"),
            plot.intervals({"": {"one": x, "two": x.sqrt()}}),
        )
        return [figure_png(figure, 50) for figure in figures]


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_matplotlib_change_no_figure(setting):
    assert drawn(setting) == drawn()
