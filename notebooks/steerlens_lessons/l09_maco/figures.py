"""Lesson 09: its figures are kept in 256 colours, for noise in all colours takes megabytes."""

import io

import PIL.Image
from IPython.display import Image
from matplotlib.figure import Figure

from steerlens.plot.widgets import figure_png


def few_colors(figure: Figure) -> Image:
    """A figure as a PNG of 256 colours."""
    picture = PIL.Image.open(io.BytesIO(figure_png(figure))).convert("RGB")
    few = picture.quantize(256, PIL.Image.Quantize.MAXCOVERAGE)  # keeps rare, strong colours
    buffer = io.BytesIO()
    few.save(buffer, format="PNG", optimize=True)
    return Image(buffer.getvalue(), format="png")
