"""Pictures of files: the one place where they are read, whatever the file is like."""

import io
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from os import PathLike
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT
from torch import Tensor

MODES = {1: "L", 3: "RGB"}  # of Pillow, by the number of channels
SIGNED = 2  # SAMPLEFORMAT of integers with a sign


def read_picture(
    source: str | PathLike | bytes | Image.Image,
    channels: int = 3,
    fit: Callable[[Image.Image], Image.Image] = lambda picture: picture,
    name: str = "picture",
) -> Tensor:
    """A picture as a float32 image (channels, height, width) in [0, 1]; of several frames, the first.

    It stands as its EXIF data says, and over white where it is transparent. Grey of more than 8 bits is
    rounded to 8: black is 0, white the largest value of the file's type, and 1 where it holds floats.

    Args:
        source: a file, its content, or a picture of Pillow.
        channels: 1 makes it grey, 3 RGB.
        fit: scales or crops the picture, which is in mode L or RGB.
        name: of the picture, for the error where ``source`` is no file.

    Raises:
        ValueError: it cannot be read, or has values beyond black and white; or neither 1 nor 3 channels.
    """
    shown = source if isinstance(source, str | PathLike) else name
    if channels not in MODES:
        raise ValueError(f"{shown}: expected 1 or 3 channels to read a picture into, got {channels!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters of them is an error one step later
            picture = _opaque(source).convert(MODES[channels])
    except Exception as error:  # Pillow's decoders raise nearly every kind
        said = re.sub(r" ?<_io\.BytesIO object at \w+>", "", str(error))  # for the reader it is ``shown``
        raise ValueError(f"{shown}: expected a picture, got {type(error).__name__}: {said}") from error
    pixels = torch.from_numpy(np.array(fit(picture)))
    return pixels.view(*pixels.shape[:2], channels).movedim(-1, 0).float() / 255


def _opaque(source: str | PathLike | bytes | Image.Image) -> Image.Image:
    """The picture upright, in 8 bits, over white."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with file.copy() if isinstance(file, Image.Image) else Image.open(file) as opened:
        with suppress(Exception):  # EXIF data that cannot be read turns nothing
            opened.getexif()
        for key in ("exif", "Raw profile type exif"):  # is kept; written again, a bad field would fail
            opened.info.pop(key, None)
        picture = ImageOps.exif_transpose(opened)
        if picture.mode[0] in "IF":
            return _in_8_bits(picture, getattr(opened, "tag_v2", {}), opened.format)
    if not picture.has_transparency_data:
        return picture
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def _in_8_bits(picture: Image.Image, tags: Any, form: str | None) -> Image.Image:
    """Grey of more bits (mode I, I;16 or F) as mode L; a TIFF's tags tell its bits, sign, and white."""
    values = np.asarray(picture)
    of_16 = picture.mode != "I" or form in ("PNG", "PPM")
    bits = tags.get(BITSPERSAMPLE, (16 if of_16 else 32,))[0]
    signed = tags.get(SAMPLEFORMAT, (1 if of_16 or tags else SIGNED,))[0] == SIGNED
    if picture.mode == "I" and bits == 32 and not signed:
        values = values.view(np.uint32)
    top = 1 if picture.mode == "F" else 2 ** (bits - signed) - 1
    if not ((values >= 0) & (values <= top)).all():
        raise ValueError(f"values from {values.min()} to {values.max()}, where black is 0 and white {top}")
    share = np.where(values == picture.info.get("transparency"), 1, values / top)
    share = 1 - share if tags.get(PHOTOMETRIC_INTERPRETATION) == 0 else share
    return Image.fromarray((255 * share).round().astype(np.uint8))
