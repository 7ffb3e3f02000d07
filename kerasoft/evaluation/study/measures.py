"""What a study compares: each score, how it is read off a report and how it is written."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kerasoft.evaluation.report import Report
from kerasoft.evaluation.statistics import Interval
from kerasoft.evaluation.summary import percent


@dataclass(frozen=True)
class Measure:
    """A score.

    Attributes:
        label: Its name in `kerasoft.evaluation.summary.DEFINITIONS`.
        of: Reads it off a report.
        is_share: In [0, 1], written in percent, differences in percentage points.
        lower_is_better: Otherwise higher is.
    """

    label: str
    of: Callable[[Report], float]
    is_share: bool = True
    lower_is_better: bool = False

    @property
    def title(self) -> str:
        """The head of a column."""
        return f"{self.label} ↓" if self.lower_is_better else self.label

    @property
    def unit(self) -> str:
        """Of a difference, with a space before it; empty where there is none."""
        return " points" if self.is_share else ""

    def text(self, value: float) -> str:
        if not math.isfinite(value):
            return "infinite"
        return percent(value) if self.is_share else f"{value:.4f}"

    def interval(self, interval: Interval) -> str:
        """The mean, and half the width of its interval where it has one."""
        if interval.lower is None:
            return self.text(interval.mean)
        return f"{self.text(interval.mean)} ± {self._size(interval.upper - interval.mean)}"

    def signed(self, difference: float) -> str:
        """A difference with its sign, without its unit."""
        text = f"{100 * difference:+.2f}" if self.is_share else f"{difference:+.4f}"
        return text.replace("-", "\N{MINUS SIGN}") if float(text) else text[1:]

    def ends(self, interval: Interval) -> str:
        """From where to where a difference may be; empty where there is no interval."""
        if interval.lower is None:
            return ""
        return f"{self.signed(interval.lower)} to {self.signed(interval.upper)}"

    def _size(self, width: float) -> str:
        return f"{100 * width:.2f}" if self.is_share else f"{width:.4f}"


ACCURACY = Measure("accuracy", lambda report: report.accuracy)
LIKELIHOOD = Measure(
    "negative log-likelihood",
    lambda report: report.negative_log_likelihood,
    is_share=False,
    lower_is_better=True,
)
CALIBRATION = Measure(
    "calibration error", lambda report: report.calibration_error, lower_is_better=True
)
_SUPERCLASSES = Measure("superclass accuracy", lambda report: report.superclass_accuracy)
_MEASURES = (
    ACCURACY,
    Measure("precision (macro)", lambda report: report.precision),
    Measure("recall (macro)", lambda report: report.recall),
    Measure("F1 (macro)", lambda report: report.f1),
    Measure("Cohen's kappa", lambda report: report.kappa, is_share=False),
    Measure("top-5 accuracy", lambda report: report.top5),
    LIKELIHOOD,
    CALIBRATION,
)


def measures(reports: Sequence[Report]) -> tuple[Measure, ...]:
    """Those that all these reports have."""
    if reports and all(report.superclass_names for report in reports):
        return (*_MEASURES, _SUPERCLASSES)
    return _MEASURES
