"""Editing some bands of a pyramid: any cells of the grid of scales and orientations.

`scales=` and `orientations=` of `steerlens.steer` choose whole rows and columns of it.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from .._internal.checks import check_integer
from ..transforms.base import Coefficients, Transform, check_transform

Cells = tuple[tuple[int, int], ...]


def check_cells(cells: object) -> Cells:
    """``cells`` as sorted pairs (scale, orientation), at least one. Raises TypeError or ValueError."""
    expected = "at least one pair (scale, orientation)"
    if not isinstance(cells, Iterable) or isinstance(cells, str):
        raise TypeError(f"cells: expected {expected}, got {cells!r}")
    pairs = list(cells)
    if not pairs or not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise ValueError(f"cells: expected {expected}, got {cells!r}")
    return tuple(sorted({tuple(check_integer("cells", index, 0) for index in pair) for pair in pairs}))


class ChosenBands(nn.Module):
    """A transform of which only some bands follow the gradient; analysis and synthesis are its own.

    The gradient of every other band is set to 0, so no step changes it. Residuals are left as they are.

    Args:
        transform: `SteerablePyramid` or `YIQ` of one.
        cells: pairs (scale, orientation), scale 0 the finest.

    Raises:
        TypeError, ValueError: no transform or no pairs; a band that the transform does not have raises when
            the first gradient is taken.
    """

    tight_frame = False

    def __init__(self, transform: Transform, cells: Iterable[tuple[int, int]]):
        super().__init__()
        self.shape = check_transform(transform)
        self.residual_policy = transform.residual_policy
        self.transform, self.cells = transform, check_cells(cells)

    def analyze(self, images: Tensor) -> Coefficients:
        """Coefficients of images (batch, channels, height, width)."""
        return self.transform.analyze(images)

    def synthesize(self, coefficients: Coefficients) -> Tensor:
        """Images (batch, channels, height, width)."""
        return self.transform.synthesize(coefficients)

    def synthesize_adjoint(self, gradient: Tensor) -> Coefficients:
        """Coefficients of a pixel gradient (batch, channels, height, width), 0 in the bands not chosen."""
        adjoint = self.transform.analyze if self.transform.tight_frame else self.transform.synthesize_adjoint
        full = adjoint(gradient)
        orientations = full.bands[0].shape[2] if full.bands else 0
        for scale, orientation in self.cells:
            if scale >= len(full.bands) or orientation >= orientations:
                raise ValueError(
                    f"cells: expected scales below {len(full.bands)} and orientations below {orientations}, "
                    f"got {(scale, orientation)}"
                )
        bands = []
        for scale, band in enumerate(full.bands):
            kept = [float((scale, b) in self.cells) for b in range(orientations)]
            bands.append(band * gradient.new_tensor(kept)[:, None, None])
        return Coefficients(tuple(bands), full.residuals)
