"""Intervals by their coverage, p-values by how often they are wrong."""

import numpy as np
import pytest
from scipy import stats

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.statistics import holm, mean_interval, paired_difference

STUDIES = 4000  # simulated; a rate of 5 % then has a standard error of 0.34 %


@pytest.mark.parametrize("n, confidence", [(2, 0.95), (3, 0.95), (5, 0.95), (10, 0.8)])
def test_an_interval_holds_the_truth_as_often_as_it_says(n, confidence):
    rng = np.random.default_rng(n)
    found = [mean_interval(rng.normal(0.76, 0.004, n), confidence) for _ in range(STUDIES)]
    held = np.mean([one.lower <= 0.76 <= one.upper for one in found])
    assert abs(held - confidence) < 4 * (confidence * (1 - confidence) / STUDIES) ** 0.5


def test_a_mean_by_hand():
    found = mean_interval([1.0, 2.0, 3.0, 4.0])
    half = 3.182446 * np.sqrt(5 / 3) / 2  # t of 3 degrees of freedom
    assert found.mean == 2.5 and found.n == 4
    np.testing.assert_allclose([found.lower, found.upper], [2.5 - half, 2.5 + half], rtol=1e-6)


def test_one_repetition_says_nothing_about_others():
    found = mean_interval([0.7])
    assert (found.mean, found.lower, found.upper, found.n) == (0.7, None, None, 1)
    assert paired_difference([0.7], [0.6]).p_value is None


def test_paired_differences_leave_out_what_seeds_share():
    rng = np.random.default_rng(0)
    seeds = rng.normal(0.0, 1.0, 6)
    baseline, values = seeds, seeds + 0.1 + rng.normal(0.0, 0.01, 6)
    found = paired_difference(values, baseline)
    right = stats.ttest_rel(values, baseline)
    np.testing.assert_allclose(found.p_value, right.pvalue, rtol=1e-9)
    ends = right.confidence_interval(0.95)
    np.testing.assert_allclose(
        [found.interval.lower, found.interval.upper], [ends.low, ends.high], rtol=1e-9
    )
    assert found.interval.lower > 0
    both = mean_interval(values), mean_interval(baseline)
    assert both[0].lower < both[1].mean  # which unpaired intervals would not tell


def test_repetitions_without_any_difference():
    found = paired_difference([1.0, 2.0], [1.0, 2.0])
    assert (found.interval.lower, found.interval.upper, found.p_value) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("values, baseline", [([1.5, 2.5], [1.0, 2.0]), ([0.3, 0.6], [0.2, 0.5])])
def test_the_same_difference_in_all_repetitions_has_nothing_to_judge_it_by(values, baseline):
    """The second pair differs by roundings only, which are no variation either."""
    found = paired_difference(values, baseline)
    np.testing.assert_allclose(found.interval.mean, values[0] - baseline[0])
    assert found.interval.lower is found.interval.upper is found.p_value is None


def test_holm_by_hand():
    """0.01 four times over, 0.03 three times, and so on, never less than one before."""
    np.testing.assert_allclose(holm([0.03, 0.01, 0.04, 0.5]), [0.09, 0.04, 0.09, 0.5])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_study_without_differences_is_wrong_in_one_of_twenty():
    """Nine variants against one baseline, which makes the tests depend on each other."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(STUDIES // 4):
        baseline, *variants = rng.normal(0.76, 0.004, (10, 5))
        p_values = [paired_difference(one, baseline).p_value for one in variants]
        wrong += min(holm(p_values)) <= 0.05
    assert wrong / (STUDIES // 4) < 0.05 + 3 * (0.05 * 0.95 / (STUDIES // 4)) ** 0.5


@pytest.mark.parametrize(
    "call",
    [
        lambda: mean_interval([]),
        lambda: mean_interval([1.0, float("nan")]),
        lambda: mean_interval([[1.0, 2.0]]),
        lambda: mean_interval([1.0, 2.0], confidence=95),
        lambda: paired_difference([1.0, 2.0], [1.0]),
        lambda: holm([0.5, 1.5]),
        lambda: holm([float("nan")]),
    ],
)
def test_bad_input(call):
    with pytest.raises(InvalidArgumentError, match="must be.*Received"):
        call()
