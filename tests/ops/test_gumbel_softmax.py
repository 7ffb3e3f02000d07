"""Gumbel-softmax: given the noise a formula, over many draws a distribution."""

import keras
import numpy as np
import pytest
import reference
from backend import compiled, gradient, random_scores, to_numpy
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import gumbel_softmax, log_gumbel_softmax
from kerasoft.ops.gumbel_softmax import gumbel_noise

INF = float("inf")


def noise(shape, seed):
    return to_numpy(gumbel_noise(shape, seed=seed))


def chi_square(found, scores):
    """Of the winners' frequencies against softmax(scores), over classes minus one."""
    counts = np.bincount(found.argmax(-1), minlength=len(scores))
    expected = reference.softmax(scores) * len(found)
    return ((counts - expected) ** 2 / expected).sum()


@pytest.mark.parametrize("temperature, axis", [(0.1, -1), (1.0, 0), (5, -2)])
def test_value_and_gradient_given_the_noise(temperature, axis):
    scores, upstream = random_scores((3, 4, 5)), random_scores((3, 4, 5), 1.0, seed=1)
    perturbed = scores + noise((3, 4, 5), seed=3)
    found = gumbel_softmax(ops.cast(scores, "float32"), temperature, seed=3, axis=axis)
    truth = reference.softmax(perturbed / temperature, axis)
    np.testing.assert_allclose(to_numpy(found), truth, rtol=5e-5, atol=1e-7)

    found = log_gumbel_softmax(ops.cast(scores, "float32"), temperature, seed=3, axis=axis)
    truth = reference.log_softmax(perturbed / temperature, axis)
    np.testing.assert_allclose(to_numpy(found), truth, rtol=5e-6, atol=5e-5)

    weights = ops.convert_to_tensor(upstream, dtype="float32")
    found = gradient(
        lambda x: ops.sum(weights * gumbel_softmax(x, temperature, seed=3, axis=axis)), scores
    )
    truth = reference.softmax_gradient(perturbed, upstream, axis, 1 / temperature)
    np.testing.assert_allclose(found, truth, rtol=1e-4, atol=2e-5)


def test_noise_is_gumbel_and_always_finite():
    found = to_numpy(gumbel_noise((2**22,), seed=0))
    assert np.isfinite(found).all() and found.min() > -4.5 and found.max() < 16.7
    assert abs(found.mean() - np.euler_gamma) < 0.003  # five standard errors
    assert abs(found.var() - np.pi**2 / 6) < 0.012
    quantiles = np.array([0.001, 0.25, 0.5, 0.75, 0.999])
    np.testing.assert_allclose(
        np.quantile(found, quantiles), -np.log(-np.log(quantiles)), atol=0.08, rtol=0.005
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_never_masks_a_class(dtype):
    found = to_numpy(log_gumbel_softmax(ops.zeros((2**9, 2**9), dtype=dtype), seed=0))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("temperature", [1e-3, 1.0, 1e9], ids=["cold", "one", "hot"])
@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_winners_are_exact_samples(temperature, offset):
    scores = np.array([0.0, 1.0, -1.0, 2.0, 0.5])
    rows = ops.cast(ops.broadcast_to(scores + offset, (200_000, 5)), "float32")
    draws = to_numpy(gumbel_softmax(rows, temperature, hard=True, seed=7))
    assert chi_square(draws, scores) < 18.47  # 4 degrees of freedom, p = 0.001


def test_relaxed_winners_are_exact_samples():
    scores = np.array([0.0, 1.0, -1.0, 2.0, 0.5])
    rows = ops.cast(ops.broadcast_to(scores, (200_000, 5)), "float32")
    for function in (gumbel_softmax, log_gumbel_softmax):
        assert chi_square(to_numpy(function(rows, 0.5, seed=8)), scores) < 18.47


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_hard_is_exactly_one_hot(dtype):
    found = gumbel_softmax(ops.zeros((2000, 7), dtype=dtype), 0.7, hard=True, seed=1)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    found = to_numpy(found)
    assert set(np.unique(found)) == {0.0, 1.0}
    np.testing.assert_array_equal(found.sum(-1), 1.0)


def test_hard_at_ties_is_one_hot(monkeypatch):
    import sys

    module = sys.modules["kerasoft.ops.gumbel_softmax"]
    monkeypatch.setitem(module._NOISE, "gumbel", lambda shape, seed, dtype: ops.zeros(shape, dtype))
    found = to_numpy(gumbel_softmax(ops.array([[2.0, 2.0, 1.0], [0.0, 3.0, 3.0]]), hard=True))
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("axis", [0, 1, -1, -2, -3])
def test_hard_on_any_axis(axis):
    scores = random_scores((3, 4, 5))
    found = to_numpy(gumbel_softmax(ops.cast(scores, "float32"), hard=True, seed=2, axis=axis))
    winner = (scores + noise((3, 4, 5), 2)).argmax(axis)
    np.testing.assert_array_equal(found.argmax(axis), winner)
    np.testing.assert_array_equal(found.sum(axis), 1.0)
    assert found.shape == (3, 4, 5)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_hard_has_the_relaxed_gradient(dtype):
    scores, weights = random_scores((4, 6)), ops.cast(random_scores((4, 6), 1.0, 1), "float32")

    def total(hard):
        return lambda x: ops.sum(weights * ops.cast(gumbel_softmax(x, 0.5, hard, 5), "float32"))

    hard, soft = (gradient(total(hard), scores, dtype) for hard in (True, False))
    assert np.abs(soft).max() > 0.01
    np.testing.assert_array_equal(hard, soft)


def test_masked_classes_never_win():
    rows = np.tile([0.0, -INF, 1.0, -INF], (1000, 1)).astype("float32")
    for hard in (True, False):
        found = to_numpy(gumbel_softmax(rows, 2.0, hard, seed=0))
        assert (found[:, [1, 3]] == 0).all()
        np.testing.assert_allclose(found.sum(-1), 1.0, atol=1e-6)
    assert (to_numpy(log_gumbel_softmax(rows, seed=0))[:, [1, 3]] == -INF).all()


@pytest.mark.parametrize("hard", [True, False])
def test_all_masked_rows(hard):
    rows = np.array([[-INF, -INF, -INF], [0.0, -INF, 1.0]], "float32")
    found = to_numpy(gumbel_softmax(rows, 0.5, hard, seed=0))
    np.testing.assert_array_equal(found[0], 0.0)
    np.testing.assert_allclose(found[1].sum(), 1.0, rtol=1e-6)
    assert (to_numpy(log_gumbel_softmax(rows, seed=0))[0] == -INF).all()
    found = gradient(lambda x: ops.sum(gumbel_softmax(x, 0.5, hard, 0)[:, 2]), rows)
    assert np.isfinite(found).all() and (found[0] == 0).all()


@pytest.mark.parametrize("temperature", [1e-30, 1e-3, 1e30])
@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_extreme_temperatures_stay_finite(temperature, scale):
    scores = random_scores((20, 5)) * scale
    scores[0, 0] = -INF
    found = to_numpy(gumbel_softmax(scores.astype("float32"), temperature, seed=0))
    np.testing.assert_allclose(found.sum(-1), 1.0, atol=1e-6)
    found = gradient(lambda x: ops.sum(gumbel_softmax(x, temperature, seed=0)[:, 1]), scores)
    assert np.isfinite(found).all()


def test_one_class():
    for hard in (True, False):
        np.testing.assert_array_equal(to_numpy(gumbel_softmax([[3.0], [1e5]], 0.1, hard)), 1.0)
    np.testing.assert_array_equal(to_numpy(log_gumbel_softmax([[3.0], [1e5]], 0.1)), 0.0)


def test_limits_of_temperature():
    scores = random_scores((50, 4)).astype("float32")
    cold, hot = (to_numpy(gumbel_softmax(scores, t, seed=4)) for t in (1e-6, 1e6))
    np.testing.assert_allclose(cold, to_numpy(gumbel_softmax(scores, hard=True, seed=4)), atol=1e-6)
    np.testing.assert_allclose(hot, 0.25, atol=1e-4)


def test_seeds():
    scores = ops.zeros((4, 5))

    def draw(seed):
        return to_numpy(gumbel_softmax(scores, seed=seed))

    np.testing.assert_array_equal(draw(1), draw(1))
    assert (draw(1) != draw(2)).any()
    assert (draw(None) != draw(None)).any()
    one, two = keras.random.SeedGenerator(9), keras.random.SeedGenerator(9)
    first, second = draw(one), draw(one)
    assert (first != second).any()
    np.testing.assert_array_equal(first, draw(two))
    np.testing.assert_array_equal(second, draw(two))


def test_compiled():
    """TensorFlow's XLA draws other numbers than its eager mode: compare with compiled noise."""
    scores = random_scores((6, 5)).astype("float32")
    perturbed = scores + to_numpy(compiled(lambda: gumbel_noise((6, 5), seed=3))())
    soft = to_numpy(compiled(lambda x: gumbel_softmax(x, 0.5, seed=3))(scores))
    np.testing.assert_allclose(soft, reference.softmax(perturbed / 0.5), rtol=2e-5, atol=1e-7)
    hard = to_numpy(compiled(lambda x: gumbel_softmax(x, 0.5, hard=True, seed=3))(scores))
    np.testing.assert_array_equal(hard, reference.one_hot(perturbed.argmax(-1), 5))


@pytest.mark.parametrize("temperature", [1e-3, 1e-9, 1e-30])
def test_compiled_at_low_temperatures(temperature):
    """XLA fuses the division with the subtraction of the maximum: no rounding error may grow."""
    scores = 1e3 * random_scores((6, 5)).astype("float32")

    def total(x):
        return ops.sum(gumbel_softmax(x, temperature, seed=3)[:, 1])

    soft = to_numpy(compiled(lambda x: gumbel_softmax(x, temperature, seed=3))(scores))
    np.testing.assert_allclose(soft.sum(-1), 1.0, atol=1e-6)
    assert np.isfinite(gradient(compiled(total), scores)).all()


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), INF, "x", None, True, 1e-300])
def test_temperature_that_is_not_allowed(temperature):
    for function in (gumbel_softmax, log_gumbel_softmax):
        with pytest.raises(InvalidArgumentError, match="`temperature` must be") as error:
            function([0.0, 1.0], temperature=temperature)
        assert str(error.value).endswith(f" Received: temperature={temperature!r}")


@pytest.mark.parametrize("temperature", [2, np.float32(2), np.float64(2), np.int64(2)])
def test_temperature_of_any_real_type(temperature):
    found, truth = (gumbel_softmax([0.0, 1.0], t, seed=0) for t in (temperature, 2.0))
    np.testing.assert_array_equal(to_numpy(found), to_numpy(truth))


@pytest.mark.parametrize("function", [gumbel_softmax, log_gumbel_softmax])
def test_slope_in_the_temperature_where_classes_are_masked(function):
    scores = np.array([[0.5, -1.0, -INF, 2.0], [-INF] * 4], "float32")
    upstream = ops.convert_to_tensor([1.0, -2.0, 3.0, 0.5])

    def total(temperature):
        output = function(ops.convert_to_tensor(scores), temperature, seed=3)
        kept = ops.convert_to_tensor(scores > -INF)
        return ops.sum(ops.where(kept, output, 0.0) * upstream)

    rise = to_numpy(total(ops.convert_to_tensor(0.71)) - total(ops.convert_to_tensor(0.69))) / 0.02
    np.testing.assert_allclose(gradient(total, 0.7), rise, rtol=5e-3)
