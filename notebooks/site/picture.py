"""The README's picture, the paper's six pairs of digits, steered live; and the explorer's first one, a still.

`make picture` writes both anew (from the real MNIST): morphs.gif here, still.png in steerlens/explorer/.
"""

from base64 import b64decode
from pathlib import Path

from steerlens_lessons.l04_mnist.measures import PAIRS

import steerlens as sl
from steerlens.explorer import opening


def main() -> None:
    """Morph the second image of each class that the classifier gets right, and save the animation."""
    digits = sl.data.digits()
    model = sl.models.load("lenet", digits)
    rows = [sl.evaluation.first_correct(model, digits, 2, str(source))[1].item() for source, _ in PAIRS]
    targets = [target for _, target in PAIRS]
    pyramid = sl.SteerablePyramid((28, 28), scales=3, orientations=4, padding=2)
    morph = sl.steer(
        model, digits.images[rows], targets, pyramid, direction="joint", cap=0.4, steps=18, residuals="fixed"
    )
    morph.save_gif(Path(__file__).with_name("morphs.gif"))
    print(morph)
    opening.STILL.write_bytes(b64decode(sl.explore().explorer._repr_mimebundle_()["image/png"]))


if __name__ == "__main__":
    main()
