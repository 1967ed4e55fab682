"""The public names of the data, each loaded when it is first used."""

from . import records
from .disks import DIRECTIONS, arcade, disks
from .fer2013 import faces
from .files import check_file, data_root
from .images import ImageData
from .mnist import DIGITS, digits, small_digits
from .painted import COLORS, COMPOSITE, PURE, color_digits, paint
from .photographs import IMAGENET_CLASSES, photos
from .schematic import EMOTIONS, FACTORS, draw_faces, face_factors, schematic_faces

__all__ = [
    "COLORS",
    "COMPOSITE",
    "DIGITS",
    "DIRECTIONS",
    "EMOTIONS",
    "FACTORS",
    "IMAGENET_CLASSES",
    "PURE",
    "ImageData",
    "arcade",
    "check_file",
    "color_digits",
    "data_root",
    "digits",
    "disks",
    "draw_faces",
    "face_factors",
    "faces",
    "paint",
    "photos",
    "records",
    "schematic_faces",
    "small_digits",
]
