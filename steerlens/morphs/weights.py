"""Which coefficients may change: bands, residuals and channels, as factors on the gradient."""

from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor

from .._internal.checks import check_choice, check_indices, check_integer, check_number
from ..transforms.base import Transform
from ..transforms.coefficients import Coefficients

RESIDUALS = ("linear", "fixed")


def edit_weights(
    transform: Transform,
    images: Tensor,
    residuals: Mapping[str, str] | str | None = None,
    scales: Sequence[int] | int | None = None,
    orientations: Sequence[int] | int | None = None,
    bands: Iterable[tuple[int, int]] | None = None,
    amplifiers: Sequence[float] | None = None,
) -> Coefficients:
    """Factor on the gradient of every coefficient: 0 where nothing may change, else its channel's amplifier.

    The arguments are those of :func:`steerlens.extrapolate`; ``images`` give channels, dtype and device.

    Returns:
        bands (1, channels, orientations, 1, 1) and residuals (1, channels, 1, 1), real.
    """
    example = transform.analyze(images[:1, : 1 if channels_apart(transform, images) else None])
    count = example.bands[0].shape[2] if example.bands else 0
    chosen = _chosen_bands(len(example.bands), count, scales, orientations, bands)
    policy = residual_policy(transform, residuals)
    gain = _channel_gains(amplifiers, images)

    factors = []
    for scale in range(len(example.bands)):
        kept = gain.new_tensor([float((scale, b) in chosen) for b in range(count)])
        factors.append(gain[None, :, None, None, None] * kept[:, None, None])
    moved = [float(choice == "linear") for choice in policy.values()]
    return Coefficients(tuple(factors), tuple(gain[None, :, None, None] * k for k in moved))


def channels_apart(transform: Transform, images: Tensor) -> bool:
    """Whether there are several channels, and the transform says that it treats each alike and alone."""
    return images.shape[1] > 1 and getattr(transform, "channels_apart", False)


def of_channel(weights: Coefficients, channel: int) -> Coefficients:
    """The factors of one channel."""
    one = slice(None), slice(channel, channel + 1)
    return weights.map(lambda band: band[one], lambda residual: residual[one])


def _chosen_bands(
    scales_there: int,
    orientations_there: int,
    scales: Sequence[int] | int | None,
    orientations: Sequence[int] | int | None,
    bands: Iterable[tuple[int, int]] | None,
) -> set[tuple[int, int]]:
    """The bands (scale, orientation) that may change: rows and columns of the grid, or single ones."""
    rows = check_indices("scales", scales, scales_there)
    columns = check_indices("orientations", orientations, orientations_there)
    if bands is None:
        return {(scale, b) for scale in rows for b in columns}
    if scales is not None or orientations is not None:
        raise ValueError("bands: expected None beside scales= or orientations=, got both")
    return set(check_bands(bands, scales_there, orientations_there))


def check_bands(
    bands: object, scales: int | None = None, orientations: int | None = None
) -> tuple[tuple[int, int], ...]:
    """``bands`` as sorted pairs (scale, orientation); none for []. Raises TypeError or ValueError."""
    expected = "pairs (scale, orientation)"
    if not isinstance(bands, Iterable) or isinstance(bands, str | Mapping):
        raise TypeError(f"bands: expected {expected}, got {bands!r}")
    pairs = list(bands)
    if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise ValueError(f"bands: expected {expected}, got {pairs!r}")
    ends = [None if count is None else count - 1 for count in (scales, orientations)]
    found = {(check_integer("bands", s, 0, ends[0]), check_integer("bands", b, 0, ends[1])) for s, b in pairs}
    return tuple(sorted(found))


def residual_policy(transform: Transform, residuals: Mapping[str, str] | str | None) -> dict[str, str]:
    """What happens to each residual, by name: "linear" or "fixed". Raises ValueError for unknown names."""
    defaults = transform.residual_policy
    if isinstance(residuals, str):
        residuals = dict.fromkeys(defaults, residuals)
    elif residuals is not None and not isinstance(residuals, Mapping):
        raise TypeError(f"residuals: expected 'linear', 'fixed' or a dict by name, got {residuals!r}")
    for name, choice in (residuals or {}).items():
        check_choice("residuals", name, defaults)
        check_choice(f"residuals[{name!r}]", choice, RESIDUALS)
    return {**defaults, **(residuals or {})}


def _channel_gains(amplifiers: Sequence[float] | None, images: Tensor) -> Tensor:
    channels = images.shape[1]
    if amplifiers is None:
        return images.new_ones(channels)
    amplifiers = amplifiers.tolist() if hasattr(amplifiers, "tolist") else amplifiers
    if not isinstance(amplifiers, Sequence) or len(amplifiers) != channels:
        raise ValueError(
            f"amplifiers: expected one number for each of {channels} channels, got {amplifiers!r}"
        )
    return images.new_tensor([check_number("amplifiers", a) for a in amplifiers])
