"""Taylor softmax and its logarithm against float64."""

import functools

import keras
import numpy as np
import pytest
import reference
from backend import compiled, quick, random_scores, to_numpy
from keras import ops
from reference import row_error
from vjp import value_and_gradient

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import log_taylor_softmax, taylor_softmax

INF = float("inf")
BOTH = {"taylor_softmax": taylor_softmax, "log_taylor_softmax": log_taylor_softmax}


@pytest.fixture(params=BOTH)
def name(request):
    return request.param


@functools.cache
def function_of(name, order=2, axis=-1):
    return functools.partial(BOTH[name], order=order, axis=axis)


def check(name, scores, order=2, axis=-1):
    truth = getattr(reference, name)(scores, order, axis)
    upstream = np.where(np.isfinite(truth), random_scores(scores.shape, 1.0, seed=1), 0.0)
    found, slopes = value_and_gradient(function_of(name, order, axis), scores, upstream)
    assert row_error(found, truth, axis=axis) <= 1e-6
    true = getattr(reference, f"{name}_gradient")(scores, upstream, order, axis)
    terms = getattr(reference, f"{name}_slopes")(scores, order, axis) * upstream
    assert row_error(slopes, true, terms, axis) <= 1e-6
    np.testing.assert_array_equal(slopes[np.isneginf(scores)], 0.0)


def hard_rows(classes):
    """Scales, ties, masks; float32 holds them."""
    rows = random_scores((12, classes), 1.0, seed=classes)
    rows[:8] *= np.repeat([1e-5, 1.0, 1e2, 1e5], 2)[:, None]
    rows[8] = -1.0  # the bottom of order 2
    rows[9, ::2] = -INF
    rows[10, 1:] = -INF
    rows[11] = -INF
    return rows.astype("float32").astype("float64")


@pytest.mark.parametrize("classes", [1, 2, 3, 100, 10007])
def test_value_and_gradient(name, classes):
    check(name, hard_rows(classes))


@pytest.mark.parametrize("order", [4, 6])
def test_value_and_gradient_of_higher_orders(name, order):
    check(name, hard_rows(3), order)


@pytest.mark.parametrize("shape, axis", [((7,), 0), ((4, 9), 0), ((2, 5, 3), -2)])
def test_any_axis(name, shape, axis):
    check(name, random_scores(shape, 1.0), 2, axis)


@pytest.mark.parametrize("order", [2, 4, 6])
def test_closed_form_gradients_are_the_derivatives_of_the_truth(name, order):
    scores, upstream = random_scores((3, 5), 1.0), random_scores((3, 5), 1.0, seed=1)
    truth, closed = getattr(reference, name), getattr(reference, f"{name}_gradient")
    found = reference.finite_difference(lambda x: (upstream * truth(x, order)).sum(), scores)
    np.testing.assert_allclose(found, closed(scores, upstream, order), atol=1e-7)


def test_known_values():
    np.testing.assert_allclose(to_numpy(taylor_softmax([0.0, 2.0, -2.0])), np.array([1, 5, 1]) / 7)
    found = to_numpy(log_taylor_softmax([0.0, 2.0, -2.0]))
    np.testing.assert_allclose(found, np.log([1 / 7, 5 / 7, 1 / 7]), rtol=1e-6)


def test_high_orders_are_softmax_for_small_scores():
    scores = random_scores((3, 6), 0.3)
    found = to_numpy(taylor_softmax(scores.astype("float32"), 8))
    np.testing.assert_allclose(found, reference.softmax(scores), rtol=1e-6)


def test_compiled_gives_the_same(name):
    scores = ops.convert_to_tensor(random_scores((3, 5)), dtype="float32")
    found, eager = compiled(BOTH[name])(scores), BOTH[name](scores)
    np.testing.assert_allclose(to_numpy(found), to_numpy(eager), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("scores", [[1e20, 1.0, -1e20], [3e38, 0.0, 3e38]])
def test_scores_whose_square_float32_cannot_hold(scores):
    found, slopes = value_and_gradient(taylor_softmax, [scores], [[0.0, 1.0, 0.0]])
    assert row_error(found, reference.taylor_softmax([scores])) <= 1e-6
    assert np.isfinite(slopes).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_no_worse_than_the_plain_formula(name, dtype):
    scores = ops.convert_to_tensor(random_scores((16, 100)), dtype=dtype)
    powers = 1 + scores + scores * scores / 2
    plain = powers / ops.sum(powers, axis=-1, keepdims=True)
    plain = ops.log(plain) if "log" in name else plain
    truth = getattr(reference, name)(to_numpy(scores))
    error = row_error(to_numpy(quick(BOTH[name])(scores)), truth)
    assert error <= 2 * row_error(to_numpy(plain), truth)
    rounding = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]  # half a unit in the last place
    assert error <= rounding * 1.01


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dtype_stays(name, dtype):
    found = BOTH[name](ops.zeros((2, 3), dtype=dtype))
    assert keras.backend.standardize_dtype(found.dtype) == dtype


@pytest.mark.parametrize("scores", [[1, 2, 3], np.array([1, 2, 3], "uint8"), [1.0, 2.0, 3.0]])
def test_integers_and_lists(name, scores):
    found = BOTH[name](scores)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    truth = getattr(reference, name)([1, 2, 3])
    np.testing.assert_allclose(to_numpy(found), truth, rtol=1e-6)


def test_empty_batch(name):
    found = compiled(BOTH[name])(ops.zeros((0, 4)))
    assert tuple(found.shape) == (0, 4)


def test_symbolic(name):
    scores = keras.Input((4, 3), dtype="float16")
    found = BOTH[name](scores, order=4)
    assert found.shape == (None, 4, 3) and found.dtype == "float16"


@pytest.mark.parametrize("order", [1, 3, 0, -2, 2.0, 2.5, True, "2", None, INF])
def test_order_that_is_not_allowed(order):
    for function in BOTH.values():
        with pytest.raises(InvalidArgumentError, match="`order` must be") as error:
            function([0.0, 1.0], order=order)
        assert str(error.value).endswith(f"Received: order={order!r}")
