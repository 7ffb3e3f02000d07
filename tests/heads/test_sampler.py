"""Samplers: distinct classes, each with the probability that the sampler says."""

import keras
import numpy as np
import pytest
from backend import quick, to_numpy
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.samplers.class_distribution import class_distribution
from kerasoft.heads.samplers.sampler import Sampler, distinct
from kerasoft.heads.samplers.strata import UNIT, strata


def skewed(num_classes, seed=0):
    """Weights over ten orders of magnitude, in no order."""
    return 10.0 ** np.random.default_rng(seed).uniform(-10, 0, num_classes)


def built(weights, num_sampled, seed=0):
    sampler = Sampler(np.asarray(weights, "float64"), num_sampled, seed)
    sampler.build()
    return sampler


DISTRIBUTIONS = {
    "log_uniform": class_distribution("log_uniform", 101),
    "uniform": class_distribution("uniform", 101),
    "skewed": skewed(101),
    "flat with a peak": np.concatenate([np.ones(50), [1e3], np.ones(50)]),
}


def test_distributions_by_name():
    k = np.arange(1000)
    zipf = np.log((k + 2) / (k + 1)) / np.log(1001)
    found = class_distribution("log-uniform", 1000)
    np.testing.assert_allclose(found / found.sum(), zipf, rtol=1e-12)
    np.testing.assert_array_equal(class_distribution("uniform", 4), np.ones(4))
    found = class_distribution("unigram", 4, [8, 0, 1, 4])
    np.testing.assert_array_equal(found, [1.0, 0.125, 0.125, 0.5])
    np.testing.assert_array_equal(class_distribution([1e308, 5e307], 2), [1.0, 0.5])


@pytest.mark.parametrize("num_sampled", [1, 2, 9, 50, 100, 101])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_strata_are_exact(name, num_sampled):
    weights = DISTRIBUTIONS[name]
    laid = strata(weights, num_sampled)
    first, stop = laid.bounds
    begins = laid.starts.astype("float64") * UNIT
    assert (begins == np.round(begins)).all() and (begins < UNIT).all()
    hit = np.ones(len(weights))  # the probability that a class is missed, from the tables alone
    for low, high in zip(first, stop, strict=True):
        edges = np.concatenate([[0.0], laid.starts[low + 1 : high].astype("float64"), [1.0]])
        lengths = np.diff(edges)
        assert (lengths > 0).all() and high - low <= 2**laid.halvings
        hit[low:high] *= 1.0 - lengths
    np.testing.assert_allclose(np.exp(laid.log_inclusion.astype("float64")), 1 - hit, rtol=1e-6)
    if num_sampled == 101:
        assert not laid.log_inclusion.any() and laid.halvings == 0


@pytest.mark.parametrize("weights", [skewed(5000), np.ones(5000), 1e-300 + (np.arange(5000) < 3)])
def test_lengths_are_proportional_up_to_one(weights):
    for num_sampled in (1, 3, 777, 4999):
        inclusion = np.exp(strata(weights, num_sampled).log_inclusion.astype("float64"))
        assert (inclusion > 0).all() and (inclusion <= 1).all()
        free = inclusion < 0.01  # so short that a class in two strata loses next to nothing
        if free.sum() > 1 and num_sampled < 4999:
            ratio = inclusion[free] / weights[free]
            kept = inclusion[free] * UNIT > 1000  # of those that rounding to steps leaves alone
            if kept.any():
                np.testing.assert_allclose(ratio[kept], np.median(ratio[kept]), rtol=0.01)


def test_a_million_classes():
    laid = strata(class_distribution("log_uniform", 1_000_003), 1000)
    inclusion = np.exp(laid.log_inclusion.astype("float64"))
    assert 990 < inclusion.sum() <= 1000 and laid.halvings == 14
    ideal = class_distribution("log_uniform", 1_000_003)
    ratio = inclusion[2000:] / ideal[2000:]
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=0.02)  # two strata: a little less


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_frequencies_are_those_stated(name):
    draws, num_sampled, classes = 20_000, 13, 101
    sampler = built(DISTRIBUTIONS[name], num_sampled)

    def drawn(points):
        hits = sampler.classes_at(points)
        return hits, distinct(hits)

    hits, once = quick(drawn)(keras.random.uniform((draws, num_sampled), seed=7))
    hits, once = to_numpy(hits), to_numpy(once)
    assert (np.diff(hits) >= 0).all() and hits.min() >= 0 and hits.max() < classes
    chi_square, freedom = 0.0, 0
    for i, (low, high) in enumerate(sampler._strata.bounds.T):
        starts = sampler._strata.starts[low + 1 : high].astype("float64")
        expected = draws * np.diff(np.concatenate([[0.0], starts, [1.0]]))
        found = np.bincount(hits[:, i], minlength=classes)
        assert found[low:high].sum() == draws
        common = expected >= 5.0
        chi_square += ((found[low:high] - expected)[common] ** 2 / expected[common]).sum()
        freedom += max(common.sum() - 1, 0)
    assert abs(chi_square - freedom) < 4 * np.sqrt(2 * freedom)
    rows = [row[row >= 0] for row in once]
    assert all(len(set(row)) == len(row) for row in rows)
    found = np.bincount(np.concatenate(rows), minlength=classes)
    p = to_numpy(ops.exp(sampler.log_expected_count(ops.arange(classes))))
    deviation = np.sqrt(np.maximum(draws * p * (1 - p), 1.0))
    assert np.abs((found - draws * p) / deviation).max() < 4.5
    np.testing.assert_array_equal(found[p == 1.0], draws)


def test_every_class_once_where_all_are_drawn():
    for weights in (skewed(37), np.ones(1)):
        sampler = built(weights, len(weights))
        np.testing.assert_array_equal(to_numpy(sampler.draw()), np.arange(len(weights)))


def test_draws_are_fresh_and_seeds_repeat_them():
    first, again, other = (built(np.ones(1000), 20, seed) for seed in (3, 3, 4))
    draws = [to_numpy(first.draw()) for _ in range(3)]
    assert draws[0].dtype == "int32" and draws[0].shape == (20,)
    assert not np.array_equal(draws[0], draws[1])
    np.testing.assert_array_equal([to_numpy(again.draw()) for _ in range(3)], draws)
    assert not np.array_equal(to_numpy(other.draw()), draws[0])


def test_distinct():
    ids = ops.convert_to_tensor([[0, 0, 1], [2, 3, 3]], dtype="int32")
    np.testing.assert_array_equal(to_numpy(distinct(ids)), [[0, -1, 1], [2, 3, -1]])


def test_ends_of_strata():
    sampler = built([1.0, 1.0, 1.0], 2)  # the middle class lies in both
    third = sampler._strata.starts[1]
    points = [[0.0, 0.0], [np.nextafter(third, np.float32(0)), 1 - 2.0**-24], [third, 0.0]]
    found = to_numpy(sampler.classes_at(ops.convert_to_tensor(points, dtype="float32")))
    np.testing.assert_array_equal(found, [[0, 1], [0, 2], [1, 1]])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("zipf", 3), "`sampler` must be one of log_uniform"),
        ((None, 3), "`sampler` must be 3 positive"),
        (([1, 2], 3), "`sampler` must be 3 positive"),
        (([1, 0, 2], 3), "`sampler` must be 3 positive"),
        (([1, -1, 2], 3), "`sampler` must be 3 positive"),
        (([1, np.inf, 2], 3), "`sampler` must be 3 positive"),
        (([1, np.nan, 2], 3), "`sampler` must be 3 positive"),
        ((["a", "b", "c"], 3), "`sampler` must be 3 positive"),
        (([[1, 1, 1]], 3), "`sampler` must be 3 positive"),
        (("unigram", 3), "`counts` must be given"),
        (("uniform", 3, [1, 1, 1]), "`counts` must be given"),
        (("unigram", 3, [1, 1]), "`counts` must be 3 non-negative"),
        (("unigram", 3, [1, -1, 1]), "`counts` must be 3 non-negative"),
        (("unigram", 3, [1, np.inf, 1]), "`counts` must be 3 non-negative"),
    ],
)
def test_what_is_not_allowed(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message) as error:
        class_distribution(*arguments)
    assert "Received: " in str(error.value)
