"""Seconds of a training, read off the columns of its metrics.csv."""

import statistics
from collections.abc import Mapping, Sequence

History = Mapping[str, Sequence[float]]


def steady(seconds: Sequence[float]) -> float:
    """The median without the first epoch (unless it is alone), which may have compiled."""
    return statistics.median(seconds[1:] or seconds)


def compilation(history: History) -> float:
    """What first epochs took longer: one a process, so another one after each resume."""
    return sum(history["first_epoch_extra_seconds"])


def in_all(history: History) -> float:
    """All epochs and compilation; no validation."""
    return sum(history["epoch_seconds"]) + compilation(history)
