"""The image data of the lessons: real where it is at hand, an embedded stand-in where it is not.

    arcade           a white disk, displaced from the centre: Up, Down, Left or Right (made, not loaded)
    digits           MNIST, else scikit-learn's 8x8 digits brought to 28x28
    color_digits     the same, painted: ten classes, or one for each digit and colour
    faces            FER2013, sad or happy, else schematic faces
    schematic_faces  drawn faces, everything about them known (face_factors, draw_faces)
    photos           one photograph for each of 100 ImageNet classes, else scikit-learn's two

Real data is looked for in the folder named by the environment variable STEERLENS_DATA, else in ``data/``
of the clone (or of the working directory), else downloaded there once.
"""

from .disks import DIRECTIONS, arcade, disks
from .fer2013 import faces
from .files import check_file, data_root
from .images import ImageData
from .mnist import DIGITS, digits
from .painted import COLORS, COMPOSITE, PURE, color_digits
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
    "photos",
    "schematic_faces",
]
