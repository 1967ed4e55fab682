"""Figures and widgets that lessons and explorer share.

figures   images in rows (`grid`), the look and the colours of all figures
charts    `curves`, `intervals`, `matrix`
morphs    film strips of morphs, the pipeline
widgets   a picture with controls, and a still one for readers without a kernel
"""

from .charts import curves, intervals, matrix
from .figures import grid, signed
from .morphs import filmstrip, pipeline, strips

__all__ = [
    "curves",
    "filmstrip",
    "grid",
    "intervals",
    "matrix",
    "pipeline",
    "signed",
    "strips",
]
