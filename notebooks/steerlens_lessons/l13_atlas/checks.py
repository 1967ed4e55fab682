"""Lesson 13: the checks of its exercises."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..common.exercises import Key, choice, exercise, numbers

Precision = Callable[[np.ndarray, np.ndarray, int], float]


@exercise("take the image's row with the smallest `distance_half`: `idxmin` passes over what is missing.")
def check_nearest(pairs: pd.DataFrame, image: int) -> Key:
    """The class that is nearest to an image, of a table with a row for each image and target."""
    rows = pairs[pairs["image"] == image].set_index("target")
    slips = {
        "that is the class that the model sees": rows["source"].iloc[0],
        "that one is the farthest": rows["distance_half"].idxmax(),
        "that one is likeliest before any edit; is it the nearest?": rows["probability_before"].idxmax(),
    }
    nearest = rows["distance_half"].idxmin()
    return choice(nearest, "a class", {said: slip for said, slip in slips.items() if slip != nearest})


@exercise(
    "`median_of[target][source]` is the median from source to target; divide the way there by the way back."
)
def check_there_and_back(medians: pd.DataFrame, one: int, other: int) -> Key:
    """How many times as far it is from one class to another as back, to 0.02."""
    there, back = medians.loc[one, other], medians.loc[other, one]
    slips = {
        "that is the way back divided by the way there": back / there,
        "that is the difference": there - back,
    }
    return numbers(float(there / back), "a ratio", 0.02, slips)


@exercise("`order[:n]` are the first n images; `errors[order[:n]]` says of each whether it is an error.")
def check_precision() -> Key:
    """The share of errors among the first n of a ranking: a function (order, errors, n) -> share."""
    order, errors = np.array([3, 0, 4, 1, 2, 5]), np.array([True, False, False, True, True, False])

    def right(order: np.ndarray, errors: np.ndarray, n: int) -> float:
        return errors[order[:n]].mean().item()

    slips: dict[str, Precision] = {
        "that is the recall: of the errors, how many are among the first n": lambda o, e, n: (
            e[o[:n]].sum() / e.sum()
        ),
        "those are the first n images, not the first n of the ranking": lambda o, e, n: e[:n].mean(),
        "that counts them; a share was asked for": lambda o, e, n: e[o[:n]].sum(),
        "that is the end of the ranking, the least suspect": lambda o, e, n: e[o[-n:]].mean(),
    }
    kind = "a function (order, errors, n) -> share"
    values = {"words": f"{kind}: errors among the first n, divided by n"}
    return numbers(
        right, kind, 1e-6, slips, **values, of=lambda one: [float(one(order, errors, n)) for n in (2, 3, 4)]
    )
