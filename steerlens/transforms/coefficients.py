"""The coefficients of a batch of images, as one value: complex bands, and residuals that have no phase."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree


@dataclass(frozen=True, eq=False, repr=False)
class Coefficients:
    """The coefficients of a batch of images.

    ``len`` is the batch; rows are chosen by slice or index; ``+``, ``*`` and ``==`` work entry by entry, the
    last as one answer; torch's function transforms (``torch.func``) take and return them.

    Attributes:
        bands: complex tensors (batch, channels, orientations, h, w), finest first.
        residuals: real tensors (batch, channels, h, w), in the order of the transform's
            ``residual_policy``.
    """

    bands: tuple[Tensor, ...]
    residuals: tuple[Tensor, ...]

    @staticmethod
    def of(parts: Sequence[Tensor], bands: int) -> "Coefficients":
        """Of tensors in one list, the first ``bands`` of which are the bands."""
        return Coefficients(tuple(parts[:bands]), tuple(parts[bands:]))

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """All tensors: the bands, then the residuals."""
        return (*self.bands, *self.residuals)

    def map(
        self, band: Callable[..., Tensor], residual: Callable[..., Tensor], *others: "Coefficients"
    ) -> "Coefficients":
        """Coefficients with ``band`` applied to every band (and those of others), ``residual`` likewise."""
        pairs = [(one.bands, one.residuals) for one in (self, *others)]
        bands, residuals = zip(*pairs, strict=True)
        return Coefficients(
            tuple(band(*each) for each in zip(*bands, strict=True)),
            tuple(residual(*each) for each in zip(*residuals, strict=True)),
        )

    def __mul__(self, other: "Coefficients | float") -> "Coefficients":
        """Entry by entry, with broadcasting, or by a number."""
        if isinstance(other, Coefficients):
            return self.map(operator.mul, operator.mul, other)
        return self.map(lambda part: part * other, lambda part: part * other)

    __rmul__ = __mul__

    def __add__(self, other: "Coefficients") -> "Coefficients":
        """Entry by entry."""
        return self.map(operator.add, operator.add, other)

    def __eq__(self, other: object) -> bool:
        """Whether all parts are the same: shapes, types and values."""
        if not isinstance(other, Coefficients):
            return NotImplemented
        return same_tensors(self.parts, other.parts) and len(self.bands) == len(other.bands)

    def __len__(self) -> int:
        return len(self.parts[0])

    def __getitem__(self, rows: Tensor | slice | int) -> "Coefficients":
        """The coefficients of some images of the batch; one index keeps the batch, of one."""
        rows = batch_rows(rows, len(self))
        return self.map(lambda band: band[rows], lambda residual: residual[rows])

    def to(self, device: torch.device | str) -> "Coefficients":
        """The same on a device."""
        return self.map(lambda band: band.to(device), lambda residual: residual.to(device))

    def energy(self) -> Tensor:
        """Sum of squared moduli for each image, (batch,); in a tight frame that of its pixels."""
        return torch.stack([part.abs().square().flatten(1).sum(1) for part in self.parts]).sum(0)

    def __repr__(self) -> str:
        bands, residuals = ([tuple(part.shape) for part in parts] for parts in (self.bands, self.residuals))
        return f"Coefficients(bands {bands}, residuals {residuals}, {self.parts[-1].dtype})"


# So that torch.func and torch.compile see the tensors within.
pytree.register_pytree_node(
    Coefficients, lambda c: (list(c.parts), len(c.bands)), lambda parts, n: Coefficients.of(list(parts), n)
)


def same_tensors(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> bool:
    """Whether two lists of tensors have the same types and values."""
    pairs = list(zip(ours, theirs, strict=False))
    return len(ours) == len(theirs) and all(a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)


def batch_rows(rows: Any, batch: int) -> Any:
    """What chooses some of a batch; one index as a slice, so that the batch stays an axis.

    Raises:
        IndexError: an index beyond the batch; iteration ends there.
    """
    if not isinstance(rows, Integral) or isinstance(rows, bool):
        return rows
    row = int(rows)
    if not -batch <= row < batch:
        raise IndexError(f"rows: expected an index of a batch of {batch}, got {row}")
    return slice(row, row + 1 or None)


def check_coefficients(coefficients: Coefficients, bands: list[tuple], residuals: list[tuple]) -> None:
    """Raise unless bands are complex, residuals real, and both of one precision and the shapes given.

    Args:
        coefficients: what came.
        bands: (orientations, h, w) of each band that is expected.
        residuals: (h, w) of each residual that is expected; at least one.

    Raises:
        TypeError: no `Coefficients`, or tensors of other types.
        ValueError: other shapes, or batches and channels that differ.
    """
    if not isinstance(coefficients, Coefficients):
        raise TypeError(f"coefficients: expected Coefficients, got {type(coefficients).__name__}")
    parts = coefficients.parts
    if not all(isinstance(part, Tensor) for part in parts):
        kinds = [type(part).__name__ for part in parts]
        raise TypeError(f"coefficients: expected torch tensors, got {kinds}")
    came_bands = [tuple(band.shape[2:]) for band in coefficients.bands]
    came_residuals = [tuple(residual.shape[2:]) for residual in coefficients.residuals]
    if (came_bands, came_residuals) != (bands, residuals):
        raise ValueError(
            f"coefficients: expected bands (batch, channels, ...) {bands} and residuals {residuals}, "
            f"got {came_bands} and {came_residuals}"
        )
    if len({part.shape[:2] for part in parts}) > 1:
        batches = [tuple(part.shape[:2]) for part in parts]
        raise ValueError(f"coefficients: expected one (batch, channels) for all parts, got {batches}")
    real = parts[-1].dtype
    found = [part.dtype for part in parts]
    fits = real in (torch.float32, torch.float64)
    if not fits or found != [real.to_complex()] * len(bands) + [real] * len(residuals):
        expected = "complex bands and real residuals of one precision, float32 or float64"
        raise TypeError(f"coefficients: expected {expected}, got {found}")
