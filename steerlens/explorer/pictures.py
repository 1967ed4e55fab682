"""The explorer's pictures: frames as PNG, thumbnails as a style sheet.

Every frame is encoded once, when its morph is made; the slider only swaps what is here.
"""

import io
from base64 import b64encode
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib import colormaps
from PIL import Image
from torch import Tensor

from ..morphs.morph import enlarged
from .views import View

HEIGHT = 224  # smallest height in pixels of a frame on the screen
GAP = 8  # pixels between frame and change
SMALLEST_SCALE = 1 / 255  # so that rounding is not drawn as a change


def largest_change(views: Sequence[View]) -> float:
    """The largest change of a pixel (mean over channels) in any frame of the views."""
    return max(_changes(view).abs().max().item() for view in views)


def _changes(view: View) -> Tensor:
    return (view.frames - view.frames[:1]).mean(1)


def frame_pngs(view: View, largest: float) -> list[bytes]:
    """For each frame a PNG: the frame, and beside it its change, frame minus source.

    Args:
        view: what is shown.
        largest: change that gets the full colour: red brighter, blue darker.
    """
    unit = ((_changes(view) / max(largest, SMALLEST_SCALE) + 1) / 2).cpu().numpy()
    colors = torch.as_tensor(colormaps["RdBu_r"](unit)[..., :3]).movedim(-1, 1).to(view.frames)
    scale = -(-HEIGHT // view.frames.shape[-2])
    frames = view.frames.expand(-1, 3, -1, -1)
    return [png(beside(enlarged(f, scale), enlarged(c, scale))) for f, c in zip(frames, colors, strict=True)]


def beside(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two RGB pictures of equal height, with a transparent gap between: (height, width, 4)."""
    pictures = [np.dstack([side, np.full(side.shape[:2], 255, np.uint8)]) for side in (left, right)]
    gap = np.zeros((left.shape[0], GAP, 4), np.uint8)
    return np.concatenate([pictures[0], gap, pictures[1]], axis=1)


def png(pixels: np.ndarray) -> bytes:
    """PNG of uint8 pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def thumbnail_style(images: Tensor, selectors: Sequence[str], side: int = 56) -> str:
    """A style sheet that gives each selector the picture of an image as its background."""
    rules = []
    for image, selector in zip(images, selectors, strict=True):
        pixels = Image.fromarray(enlarged(image, 1)).convert("RGB").resize((side, side))
        data = b64encode(png(np.asarray(pixels))).decode()
        rules.append(f"{selector} {{ background-image: url(data:image/png;base64,{data}) !important; }}")
    return "<style>" + "\n".join(rules) + "</style>"
