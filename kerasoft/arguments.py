"""Checks of arguments that several parts of the package need."""

import math
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np

from kerasoft.errors import InvalidArgumentError


def check_positive(**numbers: int) -> None:
    """Raises InvalidArgumentError unless all are positive integers (True is none)."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InvalidArgumentError(f"`{name}` must be a positive integer.", **{name: number})


def check_smoothing(share: float) -> float:
    if not isinstance(share, Real) or isinstance(share, bool) or not 0 <= share < 1:
        raise InvalidArgumentError(
            "`label_smoothing` must be a number from 0 to below 1.", label_smoothing=share
        )
    return float(share)


def check_class_weight(weights: Sequence[float] | None) -> list[float] | None:
    if weights is None:
        return None
    try:
        numbers = np.asarray(weights, "float64")
    except (TypeError, ValueError):
        numbers = np.zeros((0, 0))
    if numbers.ndim != 1 or not len(numbers) or not ((numbers >= 0) & (numbers < math.inf)).all():
        raise InvalidArgumentError(
            "`class_weight` must be a list of non-negative finite numbers, one a class.",
            class_weight=weights,
        )
    return numbers.tolist()


def check_ignore_class(class_id: int | None) -> int | None:
    if class_id is None:
        return None
    if not isinstance(class_id, Integral) or isinstance(class_id, bool):
        raise InvalidArgumentError(
            "`ignore_class` must be an integer or None.", ignore_class=class_id
        )
    return int(class_id)
