"""The image data of the lessons: real where it is at hand, an embedded stand-in where it is not.

    arcade           a white disk, displaced from the centre: Up, Down, Left or Right (made, not loaded)
    digits           MNIST, else scikit-learn's 8x8 digits brought to 28x28

Real data is looked for in the folder named by the environment variable STEERLENS_DATA, else in ``data/``
of the clone (or of the working directory), else downloaded there once.
"""

from .disks import DIRECTIONS, arcade, disks
from .files import check_file, data_root
from .images import ImageData
from .mnist import DIGITS, digits

__all__ = ["DIGITS", "DIRECTIONS", "ImageData", "arcade", "check_file", "data_root", "digits", "disks"]
