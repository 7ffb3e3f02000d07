"""How often a sampler proposes each class."""

from collections.abc import Sequence

import numpy as np

from kerasoft.errors import InvalidArgumentError

NAMES = ("log_uniform", "uniform", "unigram")


def class_distribution(
    sampler: str | Sequence[float], num_classes: int, counts: Sequence[float] | None = None
) -> np.ndarray:
    """What a sampler draws in proportion to, by name or as given.

        log_uniform  q_k = log((k + 2) / (k + 1)) / log(C + 1), for ids by falling frequency (Zipf)
        uniform      q_k = 1 / C
        unigram      q_k proportional to counts_k; a class never seen counts as seen once

    Args:
        sampler: one of these names, or C positive numbers.
        num_classes: number of classes C.
        counts: C non-negative numbers, for "unigram" only.

    Returns:
        float64 (C,), all positive, the largest 1: proportional to q.

    Raises:
        InvalidArgumentError: if an argument is not allowed.
    """
    name = _checked_name(sampler, counts)
    if name == "log_uniform":
        weights = np.log1p(1.0 / np.arange(1, num_classes + 1, dtype="float64"))
    elif name == "uniform":
        weights = np.ones(num_classes, "float64")
    elif name == "unigram":
        weights = _numbers("counts", counts, num_classes, lowest=0.0)
        weights = np.where(weights == 0.0, 1.0, weights)
    else:
        weights = _numbers("sampler", sampler, num_classes, lowest=np.nextafter(0.0, 1.0))
    return weights / weights.max()


def _checked_name(sampler: str | Sequence[float], counts: Sequence[float] | None) -> str | None:
    """The canonical name, or None where numbers are given."""
    name = sampler.replace("-", "_") if isinstance(sampler, str) else None
    if isinstance(sampler, str) and name not in NAMES:
        raise InvalidArgumentError(
            f"`sampler` must be one of {', '.join(NAMES)}, or one number a class.", sampler=sampler
        )
    if (counts is None) is (name == "unigram"):
        raise InvalidArgumentError(
            "`counts` must be given with `sampler='unigram'` and with no other.",
            sampler=sampler,
            counts=counts,
        )
    return name


def _numbers(name: str, numbers: Sequence[float], num_classes: int, lowest: float) -> np.ndarray:
    try:
        array = np.asarray(numbers, "float64")
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape != (num_classes,) or not ((array >= lowest) & (array < np.inf)).all():
        kind = "non-negative" if lowest == 0.0 else "positive"
        raise InvalidArgumentError(
            f"`{name}` must be {num_classes} {kind} finite numbers, one a class.", **{name: numbers}
        )
    return array
