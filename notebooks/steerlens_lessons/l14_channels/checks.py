"""Lesson 14: the check of the exercise on what a unit sees."""

from collections.abc import Sequence

from ..common.exercises import Key, exercise, numbers


def seen(layers: Sequence[tuple[int, int]]) -> int:
    """Pixels that one place sees, of (kernel, stride) from the first layer on."""
    width, step = 1, 1
    for kernel, stride in layers:
        width, step = width + (kernel - 1) * step, step * stride
    return width


@exercise("from the first layer on, each adds (kernel - 1) times the product of the strides before it.")
def check_seen(layers: Sequence[tuple[int, int]]) -> Key:
    """How many pixels one place of the last of some layers sees, given kernel and stride of each."""
    right = seen(layers)
    slips = {
        "the strides of the layers before it are missing": seen([(kernel, 1) for kernel, _ in layers]),
        "that is the step from one place to the next": _product(layers),
        "each layer's own stride counts only for the layers behind it": _too_early(layers),
    }
    kind = "a number of pixels"
    return numbers(float(right), kind, 0.1, {k: float(v) for k, v in slips.items()}, words=f"{right} pixels")


def _product(layers: Sequence[tuple[int, int]]) -> int:
    step = 1
    for _, stride in layers:
        step *= stride
    return step


def _too_early(layers: Sequence[tuple[int, int]]) -> int:
    width, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        width += (kernel - 1) * step
    return width
