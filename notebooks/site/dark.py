"""Figures for the dark: paper and writing are turned, images stay as they are.

What `steerlens.plot` draws has a paper that is not quite opaque (its style sheet), so that the images on it
are found again. Charts have none and are turned by the style sheet of the site.
"""

from copy import copy
from pathlib import Path

import numpy as np
from bs4 import BeautifulSoup
from PIL import Image
from scipy.ndimage import binary_opening

WIDEST_STROKE = 9  # pixels of writing and lines, which are opaque, too
DARKEST = 0.08  # what white becomes, as on the site's charts
LUMA = np.array([0.299, 0.587, 0.114])
PICTURES = ".cell_output img:not(.chart), .paper img, a.lesson img"


def turned(picture: Image.Image) -> Image.Image | None:
    """A figure with its lightness turned, except in its images; nothing if it is no figure of ours."""
    if picture.mode != "RGBA" or not (opaque := np.asarray(picture)[..., 3] == 255).any() or opaque.all():
        return None
    rgb = np.asarray(picture)[..., :3] / 255
    images = binary_opening(opaque, np.ones((WIDEST_STROKE, WIDEST_STROKE)))[..., None]
    luma = rgb @ LUMA
    lightness = 1 - (1 - DARKEST) * luma - luma
    new = np.where(images, rgb, (rgb + lightness[..., None]).clip(0, 1))
    return Image.fromarray((new * 255).round().astype(np.uint8))


def dress(page: BeautifulSoup, folder: Path) -> None:
    """Give each figure of a page a second picture, which the theme shows in the dark."""
    for tag in page.select(PICTURES):
        path = folder / tag.get("src", "")
        if path.suffix != ".png" or not path.is_file():
            continue
        other = path.with_name(f"{path.stem}-dark.png")
        if not other.is_file():
            with Image.open(path) as picture:
                dark = turned(picture)
            if dark is None:
                continue
            dark.save(other, optimize=True)
        second = copy(tag)
        second["src"] = tag["src"].replace(path.name, other.name)
        for each, look in ((tag, "only-light"), (second, "only-dark")):
            each["class"] = [*each.get("class", []), look]
        tag.insert_after(second)
