"""Reading a confusion matrix: rows are true classes, columns predicted ones, entries counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ConfusedPair:
    """A mistake that a model makes often.

    Attributes:
        true: Class number that the label says.
        predicted: Class number that the model says.
        count: Examples that went this way.
        share: `count` as a share of the true class's examples, in (0, 1].
    """

    true: int
    predicted: int
    count: int
    share: float


def most_confused(confusion: np.ndarray, limit: int) -> tuple[ConfusedPair, ...]:
    """The `limit` largest entries off the diagonal, most frequent first; ties in class order."""
    mistakes = confusion.copy()
    np.fill_diagonal(mistakes, 0)
    true, predicted = np.nonzero(mistakes)
    counts = mistakes[true, predicted]
    support = confusion.sum(axis=1)
    order = np.lexsort((predicted, true, -counts))[:limit]
    return tuple(
        ConfusedPair(
            true=int(true[i]),
            predicted=int(predicted[i]),
            count=int(counts[i]),
            share=float(counts[i] / support[true[i]]),
        )
        for i in order
    )


def merge_classes(confusion: np.ndarray, groups: Sequence[int], group_count: int) -> np.ndarray:
    """Add up the rows and columns (C, C) of each group: int64 (group_count, group_count)."""
    groups = np.asarray(groups)
    rows = np.zeros((group_count, confusion.shape[1]), dtype=np.int64)
    np.add.at(rows, groups, confusion)
    merged = np.zeros((group_count, group_count), dtype=np.int64)
    np.add.at(merged.T, groups, rows.T)
    return merged


def row_shares(confusion: np.ndarray) -> np.ndarray:
    """Each row divided by its sum, float64 (C, C); NaN where a class has no examples."""
    support = confusion.sum(axis=1, keepdims=True)
    return np.divide(confusion, support, out=np.full(confusion.shape, np.nan), where=support > 0)
