"""What the numbers of a study say: intervals, differences from the baseline, relative cost."""

import math
import statistics
from dataclasses import dataclass

from kerasoft.evaluation.comparison import Comparison, Contrast, Result, compare
from kerasoft.evaluation.statistics import Interval, mean_interval
from kerasoft.evaluation.study.measures import Measure, measures
from kerasoft.evaluation.study.study import Study, StudyRun


@dataclass(frozen=True, eq=False)
class Findings:
    """A study that has a run at least, and what follows from its scores.

    Attributes:
        study: The runs.
        measures: The scores that all reports have.
        comparison: Of the variants that have a run.
        confidence: Of all intervals; a p-value of at most 1 minus this is a difference.
    """

    study: Study
    measures: tuple[Measure, ...]
    comparison: Comparison
    confidence: float

    @property
    def baseline(self) -> str:
        """The one asked for, or, where that has no run, the first that has one."""
        return self.comparison.baseline

    @property
    def others(self) -> tuple[str, ...]:
        """The variants that have a run, but for the baseline."""
        return tuple(name for name in self.study.trained if name != self.baseline)

    def interval(self, variant: str, measure: Measure) -> Interval | None:
        """Over the variant's seeds; None where a score is infinite."""
        return self.comparison.intervals[variant, measure.label]

    def contrast(self, variant: str, measure: Measure) -> Contrast | None:
        """The variant minus the baseline; None without a seed in common or a finite score."""
        return self.comparison.contrasts[variant, measure.label]

    def differs(self, variant: str, measure: Measure) -> bool:
        """Whether a difference shows after correction."""
        contrast = self.contrast(variant, measure)
        p = contrast.adjusted_p_value if contrast else None
        return p is not None and p <= 1 - self.confidence

    def seconds(self, variant: str) -> float:
        """Of an epoch: the median over the runs whose time counts."""
        return statistics.median(run.epoch_seconds for run in self.timed_runs(variant))

    def timed_runs(self, variant: str) -> tuple[StudyRun, ...]:
        """The variant's runs on a device of the baseline, or all if there are none."""
        devices = {_device(run) for run in self.study.runs_of(self.baseline)}
        runs = self.study.runs_of(variant)
        return tuple(run for run in runs if _device(run) in devices) or runs

    def relative_seconds(self, variant: str) -> Interval | None:
        """Seconds an epoch over the baseline's, seed by seed on the same device.

        The mean is the geometric one, so that twice as long and half as long cancel out. None
        without a seed that both have on one device.
        """
        own, base = (
            {_pair(run): run.epoch_seconds for run in self.study.runs_of(name)}
            for name in (variant, self.baseline)
        )
        logarithms = [
            math.log(own[pair] / base[pair])
            for pair in own
            if own[pair] > 0 and base.get(pair, 0) > 0  # 0 is a clock's resolution
        ]
        if not logarithms:
            return None
        found = mean_interval(logarithms, self.confidence)
        ends = (None if end is None else math.exp(end) for end in (found.lower, found.upper))
        return Interval(math.exp(found.mean), *ends, found.n)


def _pair(run: StudyRun) -> tuple[int, str]:
    """What two runs must share if their seconds are to be compared."""
    return run.seed, _device(run)


def _device(run: StudyRun) -> str:
    return str(run.environment.get("device"))


def find(study: Study, confidence: float = 0.95) -> Findings:
    """Compares the variants of a study.

    Args:
        study: With a run at least.
        confidence: Of the intervals, in (0, 1).

    Raises:
        InvalidArgumentError: If there is no run, or `confidence` is not between 0 and 1.
    """
    shared = measures([run.report for run in study.runs])
    results = [
        Result(run.variant, run.seed, {one.label: one.of(run.report) for one in shared})
        for name in study.variants
        for run in study.runs_of(name)
    ]
    baseline = next(iter(sorted(study.trained, key=lambda name: name != study.baseline)), "")
    return Findings(study, shared, compare(results, baseline, confidence), confidence)
