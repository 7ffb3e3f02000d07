"""From log-probabilities and labels to numbers."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    cohen_kappa_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from kerasoft.evaluation.calibration import (
    ReliabilityBin,
    expected_calibration_error,
    reliability_bins,
)
from kerasoft.evaluation.checks import (
    check_label_range,
    check_labels,
    check_log_probs,
    check_positive,
)


@dataclass(frozen=True, eq=False)
class Scores:
    """Every number that `score` finds. Shares and probabilities are in [0, 1], not percentages.

    0/0 counts as 0 throughout: the precision of a class that is never predicted, the recall of a
    class without examples, kappa where chance alone agrees fully. Macro means run over all C
    classes, so that such classes pull them down.

    Attributes:
        n_examples: N.
        accuracy: Share of examples whose most probable class is the label.
        top5: Share of examples whose label is among the min(5, C) most probable classes.
        precision: Macro mean of `class_precision`.
        recall: Macro mean of `class_recall`.
        f1: Macro mean of `class_f1`.
        kappa: Cohen's kappa: agreement beyond what the class frequencies give by chance.
        negative_log_likelihood: Mean of -log p(label), in nats; inf as soon as one label has
            probability zero.
        infinite_log_likelihoods: How many labels have probability zero.
        calibration_error: Expected calibration error over the bins of `reliability`.
        class_precision: Right predictions of a class / predictions of it, C floats.
        class_recall: Right predictions of a class / examples of it, C floats.
        class_f1: Harmonic mean of the two, C floats.
        class_support: Examples of each class, C ints.
        confusion: Counts, int64 (C, C), row = true class, column = predicted class.
        reliability: The predictions sorted by confidence, one entry a bin.
    """

    n_examples: int
    accuracy: float
    top5: float
    precision: float
    recall: float
    f1: float
    kappa: float
    negative_log_likelihood: float
    infinite_log_likelihoods: int
    calibration_error: float
    class_precision: tuple[float, ...]
    class_recall: tuple[float, ...]
    class_f1: tuple[float, ...]
    class_support: tuple[int, ...]
    confusion: np.ndarray
    reliability: tuple[ReliabilityBin, ...]


def score(log_probs: np.ndarray, labels: np.ndarray, *, bins: int = 15) -> Scores:
    """Score predictions against labels.

    Ties are broken by class order, the lowest number first, for accuracy and top-5 alike: a label
    that ties at the border of the five counts only if its number is low enough.

    Args:
        log_probs: Natural log-probabilities, float (N, C), N and C at least 1. -inf is allowed.
        labels: True class numbers, int (N,) or (N, 1), from 0 to C - 1.
        bins: Equal-width bins of the calibration error.

    Returns:
        The `Scores`, computed in float64.

    Raises:
        InvalidArgumentError: On empty input, wrong shapes, NaN, rows that are no
            log-probabilities, labels that are not integers or out of range.

    Example:

    >>> scores = score(np.log([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.array([0, 1, 1]))
    >>> round(scores.accuracy, 3), scores.confusion.tolist()
    (0.667, [[1, 0], [1, 1]])

    Reference:
        - [Guo et al., 2017](https://arxiv.org/abs/1706.04599): expected calibration error
        - [Cohen, 1960](https://doi.org/10.1177/001316446002000104): kappa
    """
    log_probs = check_log_probs(log_probs)
    labels = check_labels(labels, len(log_probs))
    check_label_range(labels, log_probs.shape[1])
    bins = check_positive(bins, "bins")

    predicted = log_probs.argmax(axis=1)
    right = predicted == labels
    # Rounding may leave a log-probability just above zero.
    confidence = np.exp(np.minimum(log_probs.max(axis=1), 0.0))
    reliability = reliability_bins(confidence, right, bins)
    return Scores(
        n_examples=len(labels),
        accuracy=float(right.mean()),
        top5=float((label_ranks(log_probs, labels) < 5).mean()),
        calibration_error=expected_calibration_error(reliability),
        reliability=reliability,
        **_likelihood(log_probs, labels),
        **agreement(labels, predicted, log_probs.shape[1]),
    )


def label_ranks(log_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes stand before each label, int (N,); of equal classes the lowest is first."""
    own = np.take_along_axis(log_probs, labels[:, None], axis=1)
    earlier = np.arange(log_probs.shape[1]) < labels[:, None]
    return ((log_probs > own) | ((log_probs == own) & earlier)).sum(axis=1)


def _likelihood(log_probs: np.ndarray, labels: np.ndarray) -> dict[str, float | int]:
    own = np.take_along_axis(log_probs, labels[:, None], axis=1)
    return {
        "negative_log_likelihood": float(0.0 - own.mean()),
        "infinite_log_likelihoods": int(np.isneginf(own).sum()),
    }


def agreement(labels: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, object]:
    """The `Scores` that need no more than labels and predicted classes, int (N,) each."""
    every = np.arange(classes)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0
    )
    return {
        "precision": float(precision.mean()),
        "recall": float(recall.mean()),
        "f1": float(f1.mean()),
        "kappa": _kappa(labels, predicted, every),
        "class_precision": tuple(precision.tolist()),
        "class_recall": tuple(recall.tolist()),
        "class_f1": tuple(f1.tolist()),
        "class_support": tuple(support.tolist()),
        "confusion": _confusion(labels, predicted, every),
    }


def _confusion(labels: np.ndarray, predicted: np.ndarray, every: np.ndarray) -> np.ndarray:
    if len(every) == 1:  # scikit-learn is right here too, but warns
        return np.array([[len(labels)]], dtype=np.int64)
    return confusion_matrix(labels, predicted, labels=every).astype(np.int64)


def _kappa(labels: np.ndarray, predicted: np.ndarray, every: np.ndarray) -> float:
    # Both sides name one same class only: scikit-learn would divide zero by zero.
    if np.all(labels == labels[0]) and np.all(predicted == labels[0]):
        return 0.0
    return float(cohen_kappa_score(labels, predicted, labels=every))
