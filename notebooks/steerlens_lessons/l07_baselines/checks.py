"""Lesson 07: the checks of its exercises."""

from torch import Tensor

from ..common.exercises import Key, choice, exercise, numbers
from .measures import participation


@exercise("with e^2 for the energy of a pixel: the square of its sum, over n times the sum of its squares.")
def check_participation(edits: Tensor) -> Key:
    """Participation ratio of each edit as share of the pixels, (n,), to 1e-3."""
    shares, size = participation(edits), edits[0].numel()
    absolute = edits.flatten(1).abs()
    slips = {
        "that is a number of pixels, not yet divided by how many there are": size * shares,
        "e^2 is the energy, and |e| was used": absolute.sum(1) ** 2 / (size * absolute.square().sum(1)),
        "that is their mean, and each edit's own was asked for": shares.mean(),
    }
    words = f"{len(shares)} shares from {shares.min():.3f} to {shares.max():.3f}, each to 0.001"
    return numbers(shares, f"{len(shares)} shares between 0 and 1", 1e-3, slips, words=words)


@exercise("as in lesson 02: exp(-i (4 w_y + 6 w_x)), with w = 2 pi fftfreq(28); the first axis is y.")
def check_moved(image: Tensor, down: int, right: int) -> Key:
    """The image moved by whole pixels, what leaves it entering on the other side; real."""

    def moved(down: int, right: int) -> Tensor:
        return image.roll((down, right), (-2, -1))

    slips = {
        "it has moved the opposite way: the exponent has a minus sign": moved(-down, -right),
        "height and width are swapped: the first axis is y": moved(right, down),
        "it has moved down, and not to the right": moved(down, 0),
        "nothing has moved": image,
    }
    kind = f"an image of shape {tuple(image.shape)}, real"
    words = f"{kind}, moved {down} down and {right} right, to 1e-4"
    return numbers(moved(down, right), kind, 1e-4, slips, words=words)


@exercise("`clamp` has no gradient where its argument is below 0 or above 1; at 0 itself it has.")
def check_dead(variables: Tensor) -> Key:
    """Share of variables that ``clamp(0, 1)`` gives no gradient."""
    dead = ((variables < 0) | (variables > 1)).double().mean()
    closed = ((variables <= 0) | (variables >= 1)).double().mean()
    slips = {
        "that is the share that is alive": 1 - dead,
        "at exactly 0 or 1 clamp still passes the gradient on": closed,
        "that is the number of them, not the share": dead * variables.numel(),
    }
    return numbers(dead, "a share between 0 and 1", 2e-3, slips)


@exercise("`explained` has a number for each row: `argmax` is the place of the largest.")
def check_most_translated(explained: Tensor) -> Key:
    """The row whose edit a translation explains best."""
    slips = {
        "that is the least of a translation": int(explained.argmin()),
        "that is how much is explained, and its row was asked for": explained.max(),
    }
    return choice(int(explained.argmax()), "a row", slips, [*range(len(explained)), explained.max()])
