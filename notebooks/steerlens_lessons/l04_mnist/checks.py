"""Lesson 04: the checks of its exercises."""

from typing import Any

import torch
from torch import Tensor

from steerlens import Coefficients, Morph
from steerlens.transforms.base import Transform

from ..common.exercises import Key, as_numbers, exercise, numbers
from ..common.summaries import counted
from ..l00_quickstart.checks import by_hand, frame_key


@exercise("first the median over the morphs, `quantile(0.5, dim=0)`, then where it is largest.")
def check_peak(morph: Morph) -> Key:
    """The k at which the median over a batch of the target's probability is largest."""
    p = morph.target_probabilities
    median = p.quantile(0.5, dim=0)
    slips = {
        "that is the median of the peaks, not the peak of the median": morph.steps[p.argmax(1)].quantile(0.5),
        "that is the peak of the mean": morph.steps[p.mean(0).argmax()],
        "that is p at the peak, and its k was asked for": median.max(),
    }
    return numbers(morph.steps[median.argmax()].item(), "a value of k", 0, slips)


@exercise("`distance - distance.T` is how much longer the way there is; the empty diagonal must not win.")
def check_asymmetry(matrix: Tensor) -> Key:
    """The pair (source, target) whose way is longer than the way back by most."""
    gap = torch.nan_to_num(matrix - matrix.T, nan=-torch.inf)
    source, target = divmod(int(gap.argmax()), len(gap))

    def error(answer: Any) -> str:
        pair = as_numbers(answer)
        if pair is None or pair.shape != (2,) or not set(pair.tolist()) <= set(range(len(gap))):
            return "expected a pair (source, target)"
        a, b = pair.int().tolist()
        if gap[b, a] == gap.max():
            return "it is in the opposite order: this is the way back, the short one"
        if matrix[a, b] == matrix.nan_to_num(0).max() and gap[a, b] < gap.max():
            return "that is the longest way, but the way back is long as well"
        return "" if gap[a, b] == gap.max() else "another pair is less symmetric"

    there, back = matrix[source, target].item(), matrix[target, source].item()
    words = f"({source}, {target}), with {there:.3g} against {back:.3g} on the way back"
    return Key("a pair (source, target)", words, error)


@exercise(
    "as in lesson 00, with the gain (1 + k (|z| - 1)), not below 0: `torch.polar(gain, 4 * z.angle())`."
)
def check_linear_frame(
    morph: Morph, column: int, transform: Transform, c: Coefficients, g: Coefficients, alpha: float
) -> Key:
    """The images of one frame of a frozen morph with linear amplitude, made by hand (Appendix B)."""
    k = morph.steps[column].item()
    case = (transform, c, g, alpha, k)
    slips = {
        "it leaves [0, 1]: the clip is missing": by_hand(*case, lambda r: (1 + k * (r - 1)).relu(), False),
        "a gain below 0 turns the wave round: max(0, ...) is missing": by_hand(
            *case, lambda r: 1 + k * (r - 1)
        ),
        "that is the constant amplitude": by_hand(*case),
        "that is the compounded amplitude, |z| to the power k": by_hand(*case, lambda r: r**k),
        "the gain is k |z|, where 1 + k (|z| - 1) was asked for": by_hand(*case, lambda r: k * r),
    }
    return frame_key(morph.frames[:, column], k, slips)


@exercise("there is no right answer, only an honest one. A guess is an answer, too.")
def check_reading(sources: Tensor, targets: Tensor) -> Key:
    """Digits read off pictures, a string, one a picture, and anything else for an unreadable one.

    At least half must be read, not all as the same digit, and a third of those as source or target.
    """
    kind = f"a string of {len(targets)} digits, ? for none"

    def seen(answer: str) -> Tensor:
        signs = answer.replace(" ", "")
        return torch.tensor([int(sign) if sign in "0123456789" else -1 for sign in signs])

    def error(answer: Any) -> str:
        if not isinstance(answer, str) or len(seen(answer)) != len(targets):
            return f"expected {kind}"
        read = seen(answer)
        known, either = read >= 0, (read == sources) | (read == targets)
        if 2 * int(known.sum()) < len(read):
            return f"only {int(known.sum())} of {len(read)} were read, and half is the least"
        if len(read[known].unique()) == 1:
            return "all are read as the same digit, and they are not the same"
        few = 3 * int(either.sum()) < int(known.sum())
        return "too few are read as what they were or should become: is the order right?" if few else ""

    def note(answer: str) -> str:
        hits, kept = seen(answer) == targets, int((seen(answer) == sources).sum())
        rest = len(targets) - int(hits.sum()) - kept
        return f"{counted(hits)} read as the target, {kept} as the source, {rest} otherwise."

    asked = "".join(map(str, targets.tolist()))
    return Key(kind, f"your own reading; the classes asked for are {asked}", error, note=note)
