"""What callers may pass: each check raises one error that says what was expected and what came."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AnySet
from numbers import Integral, Real

import torch
from torch import Tensor

LARGEST_SEED = 2**63 - 1
ROUNDING = 1e-6  # how far an image may lie outside [0, 1] to be clipped without a word


def check_integer(name: str, value: object, minimum: int, maximum: int | None = None) -> int:
    """``value`` as int. Raises TypeError if it is no integer, ValueError if it is out of range."""
    span = f"an integer >= {minimum}" if maximum is None else f"an integer from {minimum} to {maximum}"
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{name}: expected {span}, got {value!r}")
    number = int(value)
    if number < minimum or (maximum is not None and number > maximum):
        raise ValueError(f"{name}: expected {span}, got {number}")
    return number


def check_number(name: str, value: object, positive: bool = False) -> float:
    """``value`` as a finite (and positive) float. Raises TypeError or ValueError."""
    expected = f"a finite {'positive ' if positive else ''}number"
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name}: expected {expected}, got {value!r}")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond every float
        number = math.inf
    if not math.isfinite(number) or (positive and number <= 0):
        raise ValueError(f"{name}: expected {expected}, got {number}")
    return number


def check_flag(name: str, value: object) -> bool:
    """``value`` if it is True or False. Raises TypeError."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, got {value!r}")
    return value


def check_choice(name: str, value: object, choices: Iterable[str]) -> str:
    """``value`` if it is one of ``choices``. Raises ValueError."""
    choices = tuple(choices)
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def check_shape(shape: object) -> tuple[int, int]:
    """``shape`` as (height, width). Raises TypeError or ValueError."""
    if not isinstance(shape, Sequence) or len(shape) != 2:
        raise ValueError(f"shape: expected (height, width), got {shape!r}")
    height, width = shape
    return check_integer("height", height, 1), check_integer("width", width, 1)


def check_memory(memory: object) -> float | None:
    """``memory`` in MiB as a positive float, or None. Raises TypeError or ValueError."""
    return None if memory is None else check_number("memory", memory, positive=True)


def check_images(
    images: object, shape: tuple[int, int] | None = None, unit_range: bool = False, name: str = "images"
) -> Tensor:
    """``images`` if they are a non-empty real batch (batch, channels, height, width).

    Args:
        images: what came.
        shape: height and width that they must have.
        unit_range: whether every value must be finite and lie in [0, 1]; what a rounding error leads out
            of it is clipped.
        name: of the argument, for the error.

    Raises:
        TypeError: not a tensor, or neither float32 nor float64.
        ValueError: wrong number of axes, empty, wrong height or width, values outside [0, 1].
    """
    if not isinstance(images, Tensor):
        raise TypeError(f"{name}: expected a torch tensor, got {type(images).__name__}")
    if images.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"{name}: expected float32 or float64, got {str(images.dtype).removeprefix('torch.')}"
        )
    size = "height, width" if shape is None else f"{shape[0]}, {shape[1]}"
    if images.ndim != 4 or (shape is not None and tuple(images.shape[-2:]) != shape):
        raise ValueError(f"{name}: expected shape (batch, channels, {size}), got {tuple(images.shape)}")
    if images.numel() == 0:
        raise ValueError(f"{name}: expected at least one image, got shape {tuple(images.shape)}")
    if unit_range and not ((images >= -ROUNDING) & (images <= 1 + ROUNDING)).all():
        finite = images[images.isfinite()]
        span = f"[{finite.min():.7g}, {finite.max():.7g}]" if finite.numel() else "no finite value"
        found = f"{span} and {images.numel() - finite.numel()} values that are not finite"
        raise ValueError(f"{name}: expected finite values in [0, 1], got {found}")
    return images.clamp(0, 1) if unit_range and (images.amin() < 0 or images.amax() > 1) else images


def check_shown(images: Tensor, show: Callable[[Tensor], Tensor] | None = None) -> Tensor:
    """``show(images)``, or the images themselves, as they can be drawn: grey or RGB, clipped to [0, 1].

    Args:
        images: (n, channels, height, width).
        show: makes (n, 1 or 3, height, width) of a copy of them.

    Raises:
        TypeError: ``show`` is no function.
        ValueError: images of other channels, or what ``show`` makes is no such tensor of floats.
    """
    if show is not None and not callable(show):
        raise TypeError(f"show: expected a function of images (n, channels, height, width), got {show!r}")
    shown = images.detach() if show is None else show(images.detach().clone())
    found = tuple(shown.shape) if isinstance(shown, Tensor) else ()
    fits = found in [(len(images), channels, *images.shape[2:]) for channels in (1, 3)]
    if not fits or not shown.is_floating_point():
        came = f"{str(shown.dtype).removeprefix('torch.')} {found}" if found else type(shown).__name__
        expected = f"a function that makes grey or RGB images ({len(images)}, 1 or 3, height, width)"
        raise ValueError(f"show: expected {expected} to draw, such as lambda x: x[:, :3], got {came}")
    return shown.clamp(0, 1)


def check_targets(targets: object, batch: int, classes: int | None = None, name: str = "targets") -> Tensor:
    """``targets`` as an int64 tensor (batch,); one integer stands for the whole batch.

    Raises:
        TypeError: not integers.
        ValueError: wrong length, or outside 0 .. classes - 1.
    """
    if not isinstance(targets, Tensor):
        try:
            targets = torch.as_tensor(targets, device="cpu")
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(f"{name}: expected one class index an image, got {targets!r}") from error
    if targets.ndim == 0:
        targets = targets.expand(batch)
    if targets.shape != (batch,):
        raise ValueError(f"{name}: expected {batch} class indices, got shape {tuple(targets.shape)}")
    if targets.is_floating_point() or targets.is_complex() or targets.dtype == torch.bool:
        raise TypeError(f"{name}: expected integers, got {str(targets.dtype).removeprefix('torch.')}")
    if classes is not None and not ((targets >= 0) & (targets < classes)).all():
        raise ValueError(f"{name}: expected classes 0 to {classes - 1}, got {sorted(set(targets.tolist()))}")
    return targets.long()


def check_names(classes: object, count: int) -> tuple[str, ...]:
    """A name for each of ``count`` classes; the indices if None.

    Args:
        classes: names in order (a list, an array, a pandas Index or Series), or a dict by class index.
        count: how many there must be.

    Raises:
        ValueError: anything else, another number of names, or a dict with other keys than 0 .. count - 1.
    """
    expected = f"classes: expected a name for each of {count} classes"
    if classes is None:
        classes = range(count)
    if isinstance(classes, Mapping):
        if set(classes) != set(range(count)):
            raise ValueError(f"{expected}, in a dict by index from 0, got keys {list(classes)[:5]}")
        classes = [classes[index] for index in range(count)]
    if not isinstance(classes, Iterable) or isinstance(classes, str | bytes | AnySet):
        raise ValueError(f"{expected}, got {classes!r}")
    names = tuple(map(str, classes))
    if len(names) != count or getattr(classes, "ndim", 1) != 1:
        raise ValueError(f"{expected}, got {classes!r}")
    return names


def check_complex(name: str, value: object, shape: torch.Size | None = None) -> Tensor:
    """``value`` if it is a complex tensor (of this shape). Raises TypeError or ValueError."""
    if not isinstance(value, Tensor) or not value.is_complex():
        found = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"{name}: expected a complex tensor, got {found}")
    if shape is not None and value.shape != shape:
        raise ValueError(f"{name}: expected shape {tuple(shape)}, got {tuple(value.shape)}")
    return value


def check_indices(name: str, indices: object, count: int, at_least: int = 0) -> tuple[int, ...]:
    """``indices`` (None: all) as a tuple of integers in 0 .. count - 1. Raises TypeError or ValueError."""
    if indices is None:
        return tuple(range(count))
    if hasattr(indices, "tolist"):  # tensors and arrays
        indices = indices.tolist()
    if isinstance(indices, Integral):
        indices = (indices,)
    expected = f"integers from 0 to {count - 1}" if count else "None, for there are none here"
    if not isinstance(indices, Iterable) or isinstance(indices, str):
        raise TypeError(f"{name}: expected {expected}, got {indices!r}")
    indices = tuple(indices)
    if len(indices) < at_least or (indices and not count):
        raise ValueError(f"{name}: expected {expected}, got {indices}")
    return tuple(check_integer(name, index, 0, count - 1) for index in indices)


def check_steps(steps: int | Sequence[float]) -> Tensor:
    """k of the frames after the source, float64: 1 .. steps, or the increasing positive numbers given."""
    if isinstance(steps, Integral) and not isinstance(steps, bool):
        return torch.arange(1, check_integer("steps", steps, 1) + 1, dtype=torch.float64, device="cpu")
    try:
        kind = torch.as_tensor(steps, device="cpu").dtype
        if kind.is_complex or kind == torch.bool:
            raise TypeError(kind)
        k = torch.as_tensor(steps, dtype=torch.float64, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise TypeError(f"steps: expected an integer or increasing numbers, got {steps!r}") from error
    if k.ndim != 1 or len(k) == 0 or not k.isfinite().all() or k[0] <= 0 or (k.diff() <= 0).any():
        raise ValueError(f"steps: expected an integer >= 1 or increasing positive numbers, got {steps!r}")
    return k
