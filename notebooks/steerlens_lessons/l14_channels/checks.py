"""Lesson 14: checks of the exercises: what a place sees, an objective of a unit, the most excited channel."""

from collections.abc import Sequence

from torch import Tensor, nn

from steerlens.morphs.objectives import channel, neuron

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


@exercise("objectives add and scale: `objectives.neuron(...) - objectives.channel(...)` is one.")
def check_alone(model: nn.Module, layer: str, unit: int, images: Tensor) -> Key:
    """An objective: a neuron in the middle, less the mean of its channel."""
    one, mean = neuron(model, layer, unit), channel(model, layer, unit)
    kind = f"an objective: the neuron of channel {unit} less the mean of that channel"
    slips = {
        "the mean is wanted as well: it has the wrong sign": one + mean,
        "the two are swapped": mean - one,
        "the mean has no part in it": one,
        "the neuron has no part in it": mean,
    }
    tolerance = 1e-4 * (1 + (one - mean)(images).abs().max().item())
    return numbers(one - mean, kind, tolerance, slips, words=kind, of=lambda objective: objective(images))


@exercise(
    "subtract the mean and divide by the deviation of `known`, channel by channel, then take `argmax(1)`."
)
def check_most_excited(values: Tensor, known: Tensor) -> Key:
    """For each picture the channel that is farthest above its mean over the data, in deviations."""
    middle, deviation = known.mean(0), known.std(0)
    right, kind = ((values - middle) / deviation).argmax(1), f"{len(values)} numbers of channels"
    slips = {
        "that compares activations: channels with large values on every image win": values.argmax(1),
        "the deviations are missing": (values - middle).argmax(1),
        "that is the channel that is least excited": ((values - middle) / deviation).argmin(1),
    }
    slips = {said: slip for said, slip in slips.items() if not slip.equal(right)}
    words = f"the channels {right.tolist()}"
    return numbers(right, kind, 0.1, slips, words=words)
