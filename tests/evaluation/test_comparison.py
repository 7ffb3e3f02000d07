"""Variants beside a baseline, seed by seed."""

import numpy as np
import pytest

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.comparison import Result, compare
from kerasoft.evaluation.statistics import holm, mean_interval, paired_difference

ACCURACY = {
    "softmax": {0: 0.75, 1: 0.76, 2: 0.77},
    "gumbel": {0: 0.74, 1: 0.755, 2: 0.755},
    "sparsemax": {0: 0.70, 2: 0.71, 3: 0.9},  # one seed of its own, one failed
}


def results(scores=ACCURACY, **others):
    return [
        Result(name, seed, {"accuracy": value} | {k: f(value) for k, f in others.items()})
        for name, seeds in scores.items()
        for seed, value in seeds.items()
    ]


def test_intervals_are_of_all_seeds():
    found = compare(results(), "softmax")
    assert found.variants == ("softmax", "gumbel", "sparsemax")
    for name, seeds in ACCURACY.items():
        assert found.intervals[name, "accuracy"] == mean_interval(list(seeds.values()))


def test_contrasts_are_of_the_seeds_that_both_have():
    found = compare(results(), "softmax").contrasts
    gumbel = paired_difference([0.74, 0.755, 0.755], [0.75, 0.76, 0.77])
    sparsemax = paired_difference([0.70, 0.71], [0.75, 0.77])
    assert found["gumbel", "accuracy"].difference == gumbel
    assert found["sparsemax", "accuracy"].difference == sparsemax
    adjusted = [found[name, "accuracy"].adjusted_p_value for name in ("gumbel", "sparsemax")]
    np.testing.assert_allclose(adjusted, holm([gumbel.p_value, sparsemax.p_value]))
    assert ("softmax", "accuracy") not in found


def test_the_order_of_runs_does_not_matter():
    found = compare(results(), "softmax")
    backwards = compare(results()[::-1], "softmax")
    assert found.intervals == backwards.intervals and found.contrasts == backwards.contrasts


def test_a_score_that_is_infinite_has_no_interval():
    loss = compare(results(nll=lambda x: np.inf if x == 0.70 else 1 - x), "softmax")
    assert loss.intervals["sparsemax", "nll"] is None
    assert loss.contrasts["sparsemax", "nll"] is None
    assert loss.intervals["gumbel", "nll"] is not None
    assert loss.intervals["sparsemax", "accuracy"] is not None


def test_one_seed_has_a_difference_and_no_p_value():
    found = compare(results({"softmax": {0: 0.75}, "gumbel": {0: 0.74}}), "softmax")
    contrast = found.contrasts["gumbel", "accuracy"]
    assert contrast.difference.interval.mean == pytest.approx(-0.01)
    assert contrast.difference.p_value is None and contrast.adjusted_p_value is None


def test_variants_without_a_common_seed():
    found = compare(results({"softmax": {0: 0.75}, "gumbel": {1: 0.74}}), "softmax")
    assert found.contrasts["gumbel", "accuracy"] is None


def test_bad_input():
    with pytest.raises(InvalidArgumentError, match="runs of softmax, gumbel.*Received"):
        compare(results(), "taylor")
    with pytest.raises(InvalidArgumentError, match="one run a seed.*Received"):
        compare(results() + results(), "softmax")
    with pytest.raises(InvalidArgumentError, match="nothing.*Received"):
        compare([], "softmax")
