"""What studies report of a training, read off a run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kerasoft.evaluation import Report
from kerasoft.evaluation.summary import percent
from kerasoft.training import Run


@dataclass(frozen=True)
class Quantity:
    """A number of a run.

    Attributes:
        name: What tables call it.
        of: Reads it off a complete run.
        text: Writes it, with its unit.
        is_time: Whether it depends on the machine.
    """

    name: str
    of: Callable[[Run], float]
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


def mean_epoch_seconds(run: Run) -> float:
    """Seconds an epoch if the time of compilation is averaged in."""
    history = run.history()
    return training_seconds(run) / len(history["epoch_seconds"])


def training_seconds(run: Run) -> float:
    """All epochs and what the first took for compilation; no validation."""
    history = run.history()
    return sum(history["epoch_seconds"]) + sum(history["first_epoch_extra_seconds"])


def _share(value: float) -> str:
    return f"{value:.4f}"


def _seconds(value: float) -> str:
    return f"{value:.4g} s" if value < 99.995 else f"{value:,.0f} s"


def _minutes(value: float) -> str:
    return f"{value:.2g} minutes" if value < 9.95 else f"{value:,.0f} minutes"


ACCURACY = Quantity("accuracy", lambda run: run.report().accuracy, percent)
MICRO_F1 = Quantity("micro F1", lambda run: micro_f1(run.report()), _share)
MACRO_F1 = Quantity("macro F1", lambda run: run.report().f1, _share)
PRECISION = Quantity("macro precision", lambda run: run.report().precision, _share)
RECALL = Quantity("macro recall", lambda run: run.report().recall, _share)
KAPPA = Quantity("Cohen's kappa", lambda run: run.report().kappa, _share)
STEADY_SECONDS = Quantity("steady seconds an epoch", Run.steady_epoch_seconds, _seconds, True)
MEAN_SECONDS = Quantity(
    "seconds an epoch, compilation averaged in", mean_epoch_seconds, _seconds, True
)
MINUTES = Quantity("training in all", lambda run: training_seconds(run) / 60, _minutes, True)

QUANTITIES = (
    *(ACCURACY, MICRO_F1, MACRO_F1, PRECISION, RECALL, KAPPA),
    *(STEADY_SECONDS, MEAN_SECONDS, MINUTES),
)
