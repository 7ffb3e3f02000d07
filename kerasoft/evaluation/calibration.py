"""Whether a model's confidence can be believed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ReliabilityBin:
    """The predictions whose top probability lies in (lower, upper]; the first bin has 0 too.

    Attributes:
        lower: Lower edge of the bin, a probability.
        upper: Upper edge of the bin, a probability.
        count: How many predictions fell in.
        confidence: Their mean top probability; None for an empty bin.
        accuracy: The share of them that is right; None for an empty bin.
    """

    lower: float
    upper: float
    count: int
    confidence: float | None
    accuracy: float | None


def reliability_bins(
    confidence: np.ndarray, right: np.ndarray, bins: int
) -> tuple[ReliabilityBin, ...]:
    """Sort predictions into `bins` bins of equal width over [0, 1].

    Args:
        confidence: Top probability of each prediction, shape (N,).
        right: Whether each prediction is right, bool, shape (N,).
        bins: How many bins.
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    places = np.searchsorted(edges[1:-1], confidence, side="left")
    counts = np.bincount(places, minlength=bins)
    confidences = np.bincount(places, weights=confidence, minlength=bins)
    rights = np.bincount(places, weights=right, minlength=bins)
    return tuple(
        ReliabilityBin(
            lower=float(edges[b]),
            upper=float(edges[b + 1]),
            count=int(counts[b]),
            confidence=float(confidences[b] / counts[b]) if counts[b] else None,
            accuracy=float(rights[b] / counts[b]) if counts[b] else None,
        )
        for b in range(bins)
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean of |accuracy - confidence| over the bins, weighted by their counts, in [0, 1].

    Reference:
        - [Guo et al., 2017, On Calibration of Modern Neural Networks](https://arxiv.org/abs/1706.04599)
    """
    filled = [b for b in bins if b.count]
    gaps = sum(b.count * abs(b.accuracy - b.confidence) for b in filled)
    return gaps / sum(b.count for b in filled)
