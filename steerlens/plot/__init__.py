"""Figures and widgets that lessons and explorer share.

figures   images in rows (`grid`), the look and the colours of all figures
charts    `curves`, `intervals`, `matrix`
morphs    film strips and probability curves of morphs, the pipeline
widgets   a picture with controls, and a still one for readers without a kernel
"""

from .charts import curves, intervals, matrix
from .figures import grid, signed
from .morphs import filmstrip, pipeline, probability_curves, strips

__all__ = [
    "curves",
    "filmstrip",
    "grid",
    "intervals",
    "matrix",
    "pipeline",
    "probability_curves",
    "signed",
    "strips",
]
