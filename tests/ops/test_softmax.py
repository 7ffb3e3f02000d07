"""softmax, log_softmax and their pseudo-softmax twins against float64, hard cases first."""

import keras
import numpy as np
import pytest
import reference
from backend import NAME, compiled, gradient, quick, random_scores, to_numpy
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import log_pseudo_softmax, log_softmax, pseudo_softmax, softmax

INF = float("inf")


class Variant:
    """A function, its truth and its truth's gradient."""

    def __init__(self, function, truth, slope=1.0):
        self.function, self.truth, self.slope = function, truth, slope
        self.is_log = "log" in truth.__name__

    def true_gradient(self, scores, upstream, axis=-1):
        name = "log_softmax_gradient" if self.is_log else "softmax_gradient"
        return getattr(reference, name)(scores, upstream, axis, self.slope)


VARIANTS = {
    "softmax": Variant(softmax, reference.softmax),
    "log_softmax": Variant(log_softmax, reference.log_softmax),
    "pseudo_softmax": Variant(pseudo_softmax, reference.pseudo_softmax, np.log(2)),
    "log_pseudo_softmax": Variant(log_pseudo_softmax, reference.log_pseudo_softmax, np.log(2)),
}


@pytest.fixture(params=VARIANTS)
def variant(request):
    return VARIANTS[request.param]


def run(variant, scores, dtype="float32", **options):
    tensor = ops.convert_to_tensor(scores, dtype=dtype)
    return to_numpy(quick(lambda x: variant.function(x, **options))(tensor))


@pytest.mark.parametrize("shape, axis", [((7,), -1), ((4, 9), 0), ((2, 5, 3), 1), ((2, 5, 3), -2)])
def test_value_and_gradient_on_any_axis(variant, shape, axis):
    scores, upstream = random_scores(shape), random_scores(shape, 1.0, seed=1)
    np.testing.assert_allclose(
        run(variant, scores, axis=axis), variant.truth(scores, axis=axis), rtol=2e-6, atol=1e-7
    )
    weights = ops.convert_to_tensor(upstream, dtype="float32")
    found = gradient(lambda x: ops.sum(weights * variant.function(x, axis=axis)), scores)
    np.testing.assert_allclose(
        found, variant.true_gradient(scores, upstream, axis), rtol=1e-5, atol=2e-6
    )


def test_compiled_gives_the_same(variant):
    scores = ops.convert_to_tensor(random_scores((3, 5)), dtype="float32")
    found, eager = compiled(variant.function)(scores), variant.function(scores)
    np.testing.assert_allclose(to_numpy(found), to_numpy(eager), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "scores",
    [
        [1e5, 1e5 - 1.0, 0.0, -1e5],
        [-1e5, -1e5 + 0.5, -1e5 - 2.0, -3e5],
        [3e38, -3e38, 0.0, 3e38],
        [2.0, 2.0, 2.0, 2.0],
        [0.0, -INF, 1.0, -INF],
        [-INF, 1e5, -INF, -INF],
        [-INF, -INF, -INF, -INF],
    ],
    ids=["1e5", "-1e5", "3e38", "ties", "masked", "one left", "all masked"],
)
def test_hard_rows(variant, scores):
    rows = np.array([scores, [0.5, 0.0, -0.5, 1.0]], "float32").astype("float64")
    with np.errstate(over="ignore"):
        expected = variant.truth(rows)
    if np.abs(rows[np.isfinite(rows)]).max() < 1e38:
        np.testing.assert_allclose(run(variant, rows), expected, rtol=2e-6, atol=1e-7)
    elif not variant.is_log:
        np.testing.assert_allclose(run(variant, rows), [[0.5, 0, 0, 0.5], expected[1]], rtol=2e-6)

    kept = np.isfinite(expected)  # the rest has no finite value to differentiate
    upstream = np.where(kept, random_scores(rows.shape, 1.0), 0.0)
    weights, mask = ops.cast(upstream, "float32"), ops.convert_to_tensor(kept)

    def total(x):
        return ops.sum(weights * ops.where(mask, variant.function(x), 0.0))

    found = gradient(total, rows)
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[np.isneginf(rows)], 0.0)
    if np.abs(rows[np.isfinite(rows)]).max() < 1e38:
        with np.errstate(invalid="ignore"):
            true = variant.true_gradient(rows, upstream)
        np.testing.assert_allclose(found, np.where(np.isneginf(rows), 0, true), 1e-5, 2e-6)


def test_all_masked_row_upstream_everywhere_leaves_no_nan():
    rows = [[-INF, -INF], [0.0, 1.0]]
    found = gradient(lambda x: ops.sum(softmax(x)[:, 0]), rows)
    assert np.isfinite(found).all() and (found[0] == 0).all()


def test_one_class(variant):
    scores = np.array([[3.0], [-1e5], [-INF]])
    masked, certain = (-INF, 0.0) if variant.is_log else (0.0, 1.0)
    np.testing.assert_array_equal(run(variant, scores), [[certain], [certain], [masked]])


def test_empty_batch(variant):
    found = compiled(variant.function)(ops.zeros((0, 4)))  # eager TensorFlow takes no empty max
    assert tuple(found.shape) == (0, 4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dtype_stays(variant, dtype):
    found = variant.function(ops.zeros((2, 3), dtype=dtype))
    assert keras.backend.standardize_dtype(found.dtype) == dtype


@pytest.mark.parametrize("scores", [[1, 2, 3], np.array([1, 2, 3], "uint8"), [1.0, 2.0, 3.0]])
def test_integers_and_lists(variant, scores):
    found = variant.function(scores)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_allclose(to_numpy(found), variant.truth([1, 2, 3]), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_no_worse_than_the_plain_formula(variant, dtype):
    scores = ops.convert_to_tensor(random_scores((16, 1000)), dtype=dtype)
    slope = ops.cast(variant.slope, dtype)
    shifted = (scores - ops.max(scores, axis=-1, keepdims=True)) * slope
    total = ops.sum(ops.exp(shifted), axis=-1, keepdims=True)
    plain = shifted - ops.log(total) if variant.is_log else ops.exp(shifted) / total
    truth = variant.truth(to_numpy(scores))
    error = np.abs(to_numpy(variant.function(scores)) - truth).max()
    assert error <= np.abs(to_numpy(plain) - truth).max()
    rounding = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]  # half a unit in the last place
    assert error <= rounding * np.abs(truth).max() * 1.01


def test_shift_invariance(variant):
    scores = random_scores((5, 8))
    for shift in (-7.0, 1024.0):
        exact = np.round(scores * 256) / 256  # survives the shift without rounding
        np.testing.assert_allclose(
            run(variant, exact + shift), run(variant, exact), rtol=1e-6, atol=1e-7
        )


def test_permutation_equivariance(variant):
    scores, order = random_scores((5, 8)), np.random.default_rng(2).permutation(8)
    np.testing.assert_allclose(
        run(variant, scores[:, order]), run(variant, scores)[:, order], rtol=1e-6, atol=1e-7
    )


def test_probabilities_are_a_distribution_and_exponentials_of_their_logarithms():
    scores = random_scores((50, 20), 10.0)
    for plain, log in (("softmax", "log_softmax"), ("pseudo_softmax", "log_pseudo_softmax")):
        p, log_p = run(VARIANTS[plain], scores), run(VARIANTS[log], scores)
        assert (p >= 0).all()
        np.testing.assert_allclose(p.sum(-1), 1.0, atol=1e-6)
        np.testing.assert_allclose(np.exp(log_p), p, rtol=1e-5, atol=1e-12)


def test_symbolic(variant):
    scores = keras.Input((4, 3), dtype="bfloat16")
    found = keras.ops.cast(variant.function(scores), "bfloat16")
    assert found.shape == (None, 4, 3)


@pytest.mark.parametrize("base", [1.5, 2.0, np.e, 10.0, 1e4])
def test_pseudo_softmax_with_any_base(base):
    scores = ops.convert_to_tensor(random_scores((3, 6)), dtype="float32")
    for function, truth in (
        (pseudo_softmax, reference.pseudo_softmax),
        (log_pseudo_softmax, reference.log_pseudo_softmax),
    ):
        found = to_numpy(function(scores, base))
        np.testing.assert_allclose(found, truth(to_numpy(scores), base), rtol=1e-5, atol=1e-7)


def test_pseudo_softmax_of_base_e_is_softmax():
    scores = random_scores((3, 6)).astype("float32")
    np.testing.assert_allclose(
        to_numpy(pseudo_softmax(scores, np.e)), to_numpy(softmax(scores)), rtol=1e-6, atol=1e-7
    )


def test_pseudo_softmax_known_values():
    np.testing.assert_allclose(to_numpy(pseudo_softmax([0.0, 1.0, 2.0])), np.array([1, 2, 4]) / 7)
    found = to_numpy(log_pseudo_softmax([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(found, np.log([1 / 7, 2 / 7, 4 / 7]), rtol=1e-6)


@pytest.mark.parametrize("base", [1, 0, -2.0, 0.5, INF, float("nan"), "2", None, True])
def test_base_that_is_not_allowed(base):
    for function in (pseudo_softmax, log_pseudo_softmax):
        with pytest.raises(InvalidArgumentError) as error:
            function([0.0, 1.0], base=base)
        assert str(error.value) == (
            f"`base` must be a finite number above 1. Received: base={base!r}"
        )


@pytest.mark.parametrize("base", [2, np.float32(2), np.int64(2)])
def test_base_of_any_real_type(base):
    np.testing.assert_allclose(to_numpy(pseudo_softmax([0.0, 1.0], base)), [1 / 3, 2 / 3], 1e-6)


@pytest.mark.skipif(NAME != "torch", reason="only torch has tensors without values")
def test_shapes_alone_on_torch():
    import torch

    for op in (softmax, log_softmax):
        shapes = op(torch.zeros((2, 3), device="meta"))
        assert shapes.is_meta and shapes.shape == (2, 3)
