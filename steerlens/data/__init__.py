"""The image data of the lessons: real where it is at hand, an embedded stand-in where it is not.

    arcade           a white disk, displaced from the centre: Up, Down, Left or Right (made, not loaded)
    digits           MNIST, else scikit-learn's 8x8 digits brought to 28x28
    color_digits     the same, painted: ten classes, or one for each digit and colour (paint)
    faces            FER2013, sad or happy, else schematic faces
    schematic_faces  drawn faces, everything about them known (face_factors, draw_faces)
    photos           one photograph for each of 100 ImageNet classes, else scikit-learn's two

Real data is looked for in the folder named by the environment variable STEERLENS_DATA, else in ``data/``
of the clone (or of the working directory), else downloaded there once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)  # the names of __init__.pyi
