"""What the page says of an atlas: its rows in order, a cell for each pair of classes, typed arrays in base64.

ordered    the rows by source, target, image, slot and distance
pairs      one row for each image and target of a source, the values at all distances in a line
cells      counts and medians of each source, target and distance
encoded    an array as the page reads it
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

ORDER = ["source", "target", "image", "slot"]
UNKNOWN = -1  # the class of an image whose model failed
MISSING = "there is no row of this: the run was stopped before it"
EXACT = 1e-3  # by which an attained distance may fall short of the one that was asked for
FLOATS = [
    "attained",
    "probability_before",
    "probability",
    "first_half",
    "first_sure",
    "distance_half",
    "warp_energy",
]


def ordered(table: pd.DataFrame, distances: list[float]) -> pd.DataFrame:
    """The rows of an atlas in the order of the page; "d" is the place of a row's distance.

    Classes that are not known become `UNKNOWN`.
    """
    nearest = np.abs(table["distance"].to_numpy(float)[:, None] - np.array(distances)).argmin(1)
    classes = {name: table[name].fillna(UNKNOWN).astype("int64") for name in ("source", "target")}
    return table.assign(**classes, d=nearest).sort_values([*ORDER, "d"], ignore_index=True)


@dataclass(frozen=True)
class Pairs:
    """What is known of the images of one source: a row for each image and target, by target and image.

    Args:
        keys: source, target, image, slot, label; (pairs) rows.
        images: the different ones, in order.
        values: by name, (pairs, distances): NaN or -1 where there is none.
        errors: (pairs, distances): 0 where all is well, else 1 + the place in `messages`.
        messages: what went wrong.
    """

    keys: pd.DataFrame
    images: np.ndarray
    values: dict[str, np.ndarray]
    errors: np.ndarray
    messages: list[str]


def pairs(rows: pd.DataFrame, distances: int, judges: list[str]) -> Pairs:
    """The `ordered` rows of one source, a pair of image and target a line."""
    first = ~rows.duplicated(ORDER)
    place = (first.cumsum() - 1).to_numpy(), rows["d"].to_numpy()
    shape = int(first.sum()), distances
    kinds: dict[str, tuple[type, float]] = dict.fromkeys(FLOATS, (np.float32, np.nan))
    kinds |= dict.fromkeys(judges, (np.int16, -1))
    kinds |= dict.fromkeys([f"{judge}_probability" for judge in judges], (np.float32, np.nan))
    values: dict[str, np.ndarray] = {}
    for name, (kind, none) in kinds.items():
        values[name] = np.full(shape, none, kind)
        values[name][place] = rows[name].to_numpy(kind, na_value=none)
    messages = [MISSING, *rows["error"].dropna().unique()]
    errors = np.ones(shape, np.uint16)
    errors[place] = rows["error"].map({text: 1 + i for i, text in enumerate(messages)}).fillna(0)
    keys = rows.loc[first, [*ORDER, "label"]].reset_index(drop=True)
    return Pairs(keys, np.unique(keys["image"]), values, errors, messages)


def cells(rows: pd.DataFrame, judges: list[str]) -> pd.DataFrame:
    """Counts and medians of the `ordered` rows, by source, target and d.

    count (rows), errors (rows without values), and of the others: probability (median), reached (share with
    p >= 1/2), attained (share that attains the distance), first (median of the first k with p >= 1/2; inf
    where most have none), half (median of the L2 distance there), agree (share of judges that see it).
    """
    fine = rows["error"].isna()
    each = rows[["source", "target", "d"]].assign(count=1, errors=(~fine).astype(int))
    each["probability"] = rows["probability"].astype(float)
    each["reached"] = (rows["probability"] >= 0.5).astype(float).where(fine)
    each["attained"] = (rows["attained"] >= rows["distance"] - EXACT).astype(float).where(fine)
    each["first"] = rows["first_half"].astype(float).fillna(np.inf).where(fine)
    each["half"] = rows["distance_half"].astype(float).fillna(np.inf).where(fine)
    verdicts = [(rows[judge] == rows["target"]).astype(float) for judge in judges]
    each["agree"] = sum(verdicts) / len(judges) if judges else np.nan
    each["agree"] = each["agree"].where(fine).astype(float)
    how = {"count": "sum", "errors": "sum", "probability": "median", "reached": "mean", "attained": "mean"}
    return each.groupby(["source", "target", "d"], as_index=False).agg(
        {**how, "first": "median", "half": "median", "agree": "mean"}
    )


def encoded(array: np.ndarray) -> list[str]:
    """Type and base64 of the little-endian bytes."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return [array.dtype.name, b64encode(little.tobytes()).decode()]


def rounded(values: pd.Series) -> list[Any]:
    """Numbers for JSON, to six digits; null where there is none, and "never" for inf."""
    found = (float(f"{value:.6g}") for value in values)
    return [None if np.isnan(value) else "never" if np.isinf(value) else value for value in found]
