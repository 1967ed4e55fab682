"""Pictures that a reader brings: fitted to what a classifier takes, and what was done to each in words."""

import io
from collections.abc import Callable
from functools import partial
from os import PathLike

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d, pad

from ..data.pictures import read_picture

DIGIT = (1, 28, 28)  # of MNIST's digits, each drawn
BOX = 20  # pixels that the longer side of their strokes takes
WORKED = 280  # pixels of the side at which strokes are looked for
FAINT = 0.25  # contrast of strokes with their paper, at least


def opened(
    source: str | PathLike | bytes, shape: tuple[int, int, int], name: str = "picture", ink: bool = False
) -> Tensor:
    """A picture as an image (1, channels, height, width) in [0, 1]: its centre, scaled to fit.

    Args:
        source: a file, or its content; `steerlens.data.pictures` says how it is read.
        shape: (channels, height, width) of the image; one channel makes it grey.
        name: of the file, for the error where ``source`` is its content.
        ink: of 28x28 grey pixels: strokes on paper become a digit as MNIST's are (`as_digit`).

    Raises:
        ValueError: it is no picture, or neither 1 nor 3 channels are asked for.
    """
    channels, height, width = shape
    if ink and shape == DIGIT and (digit := as_digit(read_picture(source, 1, name=name)[0])) is not None:
        return digit[None, None]
    fit = partial(ImageOps.fit, size=(width, height), method=Image.Resampling.LANCZOS)
    return read_picture(source, channels, fit, name)[None]


def as_digit(picture: Tensor) -> Tensor | None:
    """Strokes (height, width), dark on light or light on dark, as MNIST has digits (28, 28).

    The paper, shadows included, becomes black, the strokes white; they are fitted into 20x20 pixels, and
    their centre of mass comes to the middle. None: 28x28 on black already, or no strokes are there.
    """
    dark = is_paper(picture)
    if not dark and picture.shape == DIGIT[1:]:
        return None
    side = WORKED / max(picture.shape)
    small = _resized(picture, *(max(1, round(side * length)) for length in picture.shape))
    ink = _without_paper(1 - small if dark else small)
    if ink.max() < FAINT:
        return None
    ink = ((ink / ink.max() - FAINT) / (1 - 2 * FAINT)).clamp(0, 1)
    rows, columns = (ink.amax(axis).nonzero()[:, 0] for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = [max(1, round(BOX * length / max(ink.shape))) for length in ink.shape]
    ink = _resized(ink, *box)
    return _centred(ink / ink.max())


def is_paper(picture: Tensor) -> bool:
    """Whether the edge of a picture (height, width) is light."""
    return bool(torch.cat([picture[[0, -1]].flatten(), picture[:, [0, -1]].flatten()]).median() > 0.5)


def _without_paper(light: Tensor) -> Tensor:
    """Light strokes without the unevenly lit ground that they stand on: the picture minus its opening."""
    ground = _pooled(max_pool2d, -_pooled(max_pool2d, -light))
    return (light - _pooled(avg_pool2d, ground)).clamp(0, 1)


def _pooled(pool: Callable[..., Tensor], picture: Tensor) -> Tensor:
    """A picture (height, width) after a pool over a window that is wider than strokes."""
    half = max(1, max(picture.shape) // 10)
    for window, edge in (((2 * half + 1, 1), (0, 0, half, half)), ((1, 2 * half + 1), (half, half, 0, 0))):
        picture = pool(pad(picture[None, None], edge, mode="replicate"), window, 1)[0, 0]
    return picture


def _resized(picture: Tensor, height: int, width: int) -> Tensor:
    """A grey picture (height, width), scaled."""
    pixels = Image.fromarray((255 * picture).round().byte().numpy())
    return torch.from_numpy(np.array(pixels.resize((width, height), Image.Resampling.BOX))).float() / 255


def _centred(ink: Tensor) -> Tensor:
    """Strokes on a black field of 28x28, their centre of mass in its middle."""
    field, corner = torch.zeros(DIGIT[1:]), []
    for axis, length in enumerate(ink.shape):
        mass = ink.sum(1 - axis)
        centre = float((mass * torch.arange(length)).sum() / mass.sum()) + 0.5
        corner.append(min(max(0, round(len(field) / 2 - centre)), len(field) - length))
    field[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = ink
    return field


def remarks(content: bytes, shape: tuple[int, int, int], ink: bool = False) -> str:
    """What `opened` does to a picture's content, in words."""
    channels, height, width = shape
    with Image.open(io.BytesIO(content)) as picture:
        frames, mode, size = getattr(picture, "n_frames", 1), picture.mode, picture.size
        transparent = picture.has_transparency_data
    found = [f"the first of {frames} frames"] if frames > 1 else []
    found += ["rounded to 8 bits"] if mode[0] in "IF" else []
    found += ["laid over white where it is transparent"] if transparent else []
    grey = read_picture(content, 1)[0]
    if ink and shape == DIGIT and as_digit(grey) is not None:
        found += ["dark strokes made white on black"] if is_paper(grey) else []
        found.append("fitted and centred as MNIST's digits are")
    elif size != (width, height):
        found.append(f"its centre, scaled from {size[0]}x{size[1]} to {width}x{height}")
    found += ["made grey"] if channels == 1 and mode not in ("1", "L", "I", "F", "I;16", "LA") else []
    return ", ".join(found)
