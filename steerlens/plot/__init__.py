"""Figures and widgets that several lessons and the explorer show.

morphs    film strips of morphs, the pipeline, the parts of a pyramid
widgets   a picture with controls, and a still one for readers without a kernel
"""

from .morphs import filmstrip, pipeline, probability_curves

__all__ = ["filmstrip", "pipeline", "probability_curves"]
