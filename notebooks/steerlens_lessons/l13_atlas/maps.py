"""Tables by pair of classes, from a row for each image and target.

arriving    which share of the morphs gets to the target
medians     how far the middle one has to go
alike       Spearman's correlation of two such tables, with its interval
"""

import numpy as np
import pandas as pd
import torch
from scipy.stats import pearsonr, rankdata
from torch import Tensor

from ..common.summaries import Estimate, spread


def arriving(rows: pd.DataFrame, within: float = np.inf) -> pd.DataFrame:
    """Share of morphs whose p reaches one half within an L2 distance: (source, target)."""
    there = rows["distance_half"] <= within
    return there.groupby([rows["source"], rows["target"]]).mean().unstack()


def medians(rows: pd.DataFrame, column: str = "distance_half") -> pd.DataFrame:
    """Median distance at which p reaches one half, infinite where most never do: (source, target)."""
    return (
        rows[column].astype(float).fillna(np.inf).groupby([rows["source"], rows["target"]]).median().unstack()
    )


def between_means(images: Tensor, labels: Tensor) -> pd.DataFrame:
    """L2 distance between the mean images of two classes: (source, target)."""
    means = torch.stack([images[labels == label].mean(0).flatten() for label in labels.unique()])
    apart = torch.cdist(means, means).fill_diagonal_(torch.nan)
    return pd.DataFrame(apart.numpy(), index=labels.unique().numpy(), columns=labels.unique().numpy())


def alike(one: pd.DataFrame, other: pd.DataFrame) -> Estimate:
    """Spearman's rank correlation over all pairs of classes, with Fisher's 95 % interval."""
    apart = ~np.eye(len(one), dtype=bool)
    ranks = (rankdata(each.to_numpy()[apart]) for each in (one, other))
    found = pearsonr(*ranks)
    low, high = found.confidence_interval()
    return spread(float(found.statistic), float(low), float(high))
