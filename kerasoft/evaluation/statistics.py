"""What a few repetitions say about a mean, and about a difference between two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from kerasoft.errors import InvalidArgumentError


@dataclass(frozen=True)
class Interval:
    """A mean, and where that of ever more repetitions lies, as far as these tell.

    Attributes:
        mean: Of the repetitions.
        lower: Lower end of the interval; None for fewer than two repetitions.
        upper: Upper end; None likewise.
        n: How many repetitions.
    """

    mean: float
    lower: float | None
    upper: float | None
    n: int


@dataclass(frozen=True)
class Difference:
    """How much better or worse something is than a baseline, repetition by repetition.

    Attributes:
        interval: Of the mean difference.
        p_value: How probable so large a mean difference, of either sign, would be if there were
            none; None where the repetitions cannot tell.
    """

    interval: Interval
    p_value: float | None


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The mean of independent repetitions and its confidence interval by Student's t.

    Args:
        values: One finite number a repetition, shape (n,).
        confidence: How often such an interval holds the mean of all repetitions there could be, in
            (0, 1). That is exact where these are normally distributed.

    Raises:
        InvalidArgumentError: If there is no value, one is not finite, or `confidence` is not
            between 0 and 1.

    Reference:
        Student, "The probable error of a mean", Biometrika 1908.
    """
    values = _checked(values)
    if not 0 < confidence < 1:
        raise InvalidArgumentError("`confidence` must be between 0 and 1.", confidence=confidence)
    n, mean = len(values), float(values.mean())
    if n < 2:
        return Interval(mean, None, None, n)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) / n**0.5)
    return Interval(mean, mean - half, mean + half, n)


def paired_difference(
    values: Sequence[float], baseline: Sequence[float], confidence: float = 0.95
) -> Difference:
    """The mean of values minus baseline, with what varies for both taken out.

    Args:
        values: One number a repetition, shape (n,).
        baseline: Those of the baseline in the same repetitions (the same seeds), shape (n,).
        confidence: As in `mean_interval`.

    Returns:
        The interval of the mean difference, and the p-value of the paired t-test. Where there is
        no difference in any repetition, the p-value is 1. Where all have the same one, as two
        accuracies of a few thousand images easily do, there is no variation to judge it by: no
        ends and no p-value, as for one repetition.

    Raises:
        InvalidArgumentError: If both have not the same length, or as in `mean_interval`.
    """
    values, baseline = _checked(values), _checked(baseline)
    if len(values) != len(baseline):
        raise InvalidArgumentError(
            "`values` and `baseline` must be of the same repetitions.",
            values=len(values),
            baseline=len(baseline),
        )
    differences = values - baseline
    interval = mean_interval(differences, confidence)
    if not differences.any() and len(differences) > 1:
        return Difference(interval, 1.0)
    rounding = np.spacing(np.abs([values, baseline]).max())
    if np.ptp(differences) <= 2 * rounding:
        return Difference(Interval(interval.mean, None, None, interval.n), None)
    t = abs(interval.mean) / (differences.std(ddof=1) / len(differences) ** 0.5)
    return Difference(interval, float(2 * stats.t.sf(t, len(differences) - 1)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for how many there are, in the order they came.

    Who calls significant what is at most 0.05 after this is wrong about any of the differences
    that do not exist in at most 5 % of such studies, however the tests depend on each other.
    O(n log n).

    Args:
        p_values: Numbers in [0, 1], shape (n,).

    Raises:
        InvalidArgumentError: If one is outside.

    Reference:
        Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
        Statistics 1979.
    """
    p = np.asarray(p_values, "float64")
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise InvalidArgumentError(
            "`p_values` must be numbers from 0 to 1.", p_values=list(p_values)
        )
    order = np.argsort(p, kind="stable")
    ranked = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(ranked, 1.0)
    return adjusted.tolist()


def _checked(values: Sequence[float]) -> np.ndarray:
    array = np.asarray(values, "float64")
    if array.ndim != 1 or not len(array) or not np.all(np.isfinite(array)):
        raise InvalidArgumentError(
            "Repetitions must be finite numbers, at least one.", values=list(values)
        )
    return array
