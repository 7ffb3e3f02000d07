"""What studies report of a training, read off the scores and the history of a run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kerasoft.evaluation import Report
from kerasoft.evaluation.summary import percent
from kerasoft.training import times


@dataclass(frozen=True)
class Quantity:
    """A number of a run.

    Attributes:
        name: What tables call it.
        of: Reads it off the scores on the test split and the columns of metrics.csv.
        text: Writes it, with its unit.
        is_time: Whether it depends on the machine.
    """

    name: str
    of: Callable[[Report, times.History], float]
    text: Callable[[float], str]
    is_time: bool = False

    def size(self, difference: float) -> str:
        """How large a difference is, without its sign."""
        if self.text is percent:
            return f"{100 * abs(difference):.2f} points"
        return self.text(abs(difference))

    def width(self, half: float) -> str:
        """Half the width of an interval, to stand behind a value with its unit."""
        return f"{100 * half:.2f}" if self.text is percent else f"{half:.2g}"

    def signed(self, difference: float) -> str:
        """A difference with its sign."""
        size = self.size(difference)
        if not any(digit in size for digit in "123456789"):
            return size  # rounded it has no sign
        return ("+" if difference >= 0 else "\N{MINUS SIGN}") + size


def micro_f1(report: Report) -> float:
    """F1 of all classes' hits, misses and false alarms counted together, as the matrix has them."""
    hits = int(np.trace(report.confusion))
    misses = false_alarms = int(report.confusion.sum()) - hits
    return 2 * hits / (2 * hits + misses + false_alarms)


def mean_epoch_seconds(history: times.History) -> float:
    """Seconds an epoch if the time of compilation is averaged in."""
    return times.in_all(history) / len(history["epoch_seconds"])


def _share(value: float) -> str:
    return f"{value:.4f}"


def _seconds(value: float) -> str:
    return f"{value:.4g} s" if value < 99.995 else f"{value:,.0f} s"


def _minutes(value: float) -> str:
    return f"{value:.2g} minutes" if value < 9.95 else f"{value:,.0f} minutes"


ACCURACY = Quantity("accuracy", lambda report, _: report.accuracy, percent)
MICRO_F1 = Quantity("micro F1", lambda report, _: micro_f1(report), _share)
MACRO_F1 = Quantity("macro F1", lambda report, _: report.f1, _share)
PRECISION = Quantity("macro precision", lambda report, _: report.precision, _share)
RECALL = Quantity("macro recall", lambda report, _: report.recall, _share)
KAPPA = Quantity("Cohen's kappa", lambda report, _: report.kappa, _share)
STEADY_SECONDS = Quantity(
    "steady seconds an epoch",
    lambda _, history: times.steady(history["epoch_seconds"]),
    _seconds,
    True,
)
MEAN_SECONDS = Quantity(
    "seconds an epoch, compilation averaged in",
    lambda _, history: mean_epoch_seconds(history),
    _seconds,
    True,
)
MINUTES = Quantity("training in all", lambda _, history: times.in_all(history) / 60, _minutes, True)

QUANTITIES = (
    *(ACCURACY, MICRO_F1, MACRO_F1, PRECISION, RECALL, KAPPA),
    *(STEADY_SECONDS, MEAN_SECONDS, MINUTES),
)
