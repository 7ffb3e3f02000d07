"""sparsemax and the entmax family against float64: every scale, support, axis, mask and dtype."""

import functools

import keras
import numpy as np
import pytest
import reference
from backend import NAME, compiled, gradient, random_scores, to_numpy
from keras import ops
from reference import row_error
from vjp import value_and_gradient

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import entmax, entmax15, log_softmax, softmax, sparsemax

INF = float("inf")
ALPHAS = (1, 1.1, 1.25, 1.5, 2, 3)
CLASSES = (1, 2, 3, 100, 10007)


class Variant:
    """A function, its truth, its truth's gradient and its truth's alpha (None: a logarithm).

    Errors are measured in units of `scale` and `gradient_scale`, the largest of a row.
    """

    def __init__(self, function, truth, true_gradient, alpha, *others):
        self.function, self.truth, self.true_gradient = function, truth, true_gradient
        self.alpha, self.others = alpha, others

    def scale(self, truth, axis=-1):
        """The truth; above alpha = 2 also what one rounding of a score does to the smallest p."""
        return truth if self.alpha is None else truth * spread(truth, self.alpha, -2, axis)

    def gradient_scale(self, truth, upstream, axis=-1):
        """The terms whose differences the gradient is; they may cancel to nothing."""
        if self.alpha is None:
            total = np.sum(upstream, axis=axis, keepdims=True)
            return np.abs(upstream) + np.exp(truth) * np.abs(total)
        terms = reference.entmax_slopes(truth, self.alpha) * upstream
        return terms * spread(truth, self.alpha, -1, axis)


def spread(p, alpha, offset, axis):
    """(largest p / smallest p)^(alpha + offset) of the support above alpha = 2, else 1."""
    alpha = np.asarray(alpha)
    smallest = np.where((p > 0) & (alpha > 2), p, np.inf).min(axis=axis, keepdims=True)
    ratio = np.where(np.isinf(smallest), 1.0, p.max(axis=axis, keepdims=True) / smallest)
    return ratio ** (alpha + offset)


def entmax_variant(alpha):
    """Of a number, or of an array: one alpha a row, handed to the function as a tensor."""
    functions = (entmax, reference.entmax, reference.entmax_gradient)
    given, truth, gradient = (functools.partial(function, alpha=alpha) for function in functions)
    if isinstance(alpha, np.ndarray):
        return Variant(entmax, truth, gradient, alpha, alpha)
    return Variant(given, truth, gradient, alpha)


VARIANTS = {
    "softmax": Variant(softmax, reference.softmax, reference.softmax_gradient, 1),
    "log_softmax": Variant(
        log_softmax, reference.log_softmax, reference.log_softmax_gradient, None
    ),
    "sparsemax": Variant(sparsemax, reference.sparsemax, reference.sparsemax_gradient, 2),
    "entmax15": Variant(entmax15, reference.entmax15, reference.entmax15_gradient, 1.5),
}
ENTMAXES = {f"entmax {alpha}": entmax_variant(alpha) for alpha in ALPHAS}
EACH = {name: VARIANTS[name] for name in ("sparsemax", "entmax15")}
EACH |= {name: ENTMAXES[name] for name in ("entmax 1.1", "entmax 3")}  # the rest go these ways


def hard_rows(classes):
    """All scales, an offset, ties, masks: fourteen rows as float32 holds them."""
    rows = random_scores((14, classes), 1.0, seed=classes)
    rows[:8] *= np.repeat([1e-5, 1.0, 1e2, 1e5], 2)[:, None]
    rows[8] += 1e5
    rows[9] = 0.3
    rows[10, -1] = rows[10, 0] = 5.0
    rows[11, 1::3] = -INF
    rows[12, :-1] = -INF
    rows[13] = -INF
    return rows.astype("float32").astype("float64")


def check(variant, scores, tolerance=1e-6, axis=-1):
    options = {} if axis == -1 else {"axis": axis}
    truth = variant.truth(scores, **options)
    upstream = np.where(np.isfinite(truth), random_scores(scores.shape, 1.0, 1), 0.0)
    function = functools.partial(variant.function, **options) if options else variant.function
    found, slopes = value_and_gradient(function, scores, upstream, *variant.others)
    assert row_error(found, truth, variant.scale(truth, axis), axis) <= tolerance

    with np.errstate(invalid="ignore"):  # a logarithm's at masked classes
        true = variant.true_gradient(scores, upstream, **options)
    true = np.where(np.isneginf(scores), 0.0, true)
    assert row_error(slopes, true, variant.gradient_scale(truth, upstream, axis), axis) <= tolerance
    np.testing.assert_array_equal(slopes[np.isneginf(scores)], 0.0)
    return found


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("name", VARIANTS)
def test_value_and_gradient(name, classes):
    kernel = NAME == "torch" and classes == 10007 and "softmax" in name
    tolerance = 3e-6 if kernel else 1e-6  # PyTorch's own kernels sum 10007 equal numbers to 2e-6
    check(VARIANTS[name], hard_rows(classes), tolerance)


@pytest.mark.parametrize("name", ENTMAXES)
def test_value_and_gradient_of_entmax(name):
    check(ENTMAXES[name], hard_rows(100))


@pytest.mark.parametrize("classes", CLASSES)
def test_value_and_gradient_of_an_alpha_a_row(classes):
    alphas = np.roll(np.array(ALPHAS, "float32"), CLASSES.index(classes))
    check(entmax_variant(np.resize(alphas, (14, 1))), hard_rows(classes))


@pytest.mark.parametrize("name", ["sparsemax", "entmax15"])
def test_few_of_many_classes(name):
    """A batch without a wide support, which may take a shorter way."""
    variant, scores = VARIANTS[name], np.delete(hard_rows(100), [0, 1, 9], axis=0)
    assert (variant.truth(scores) > 0).sum(-1).max() < 50
    check(variant, scores)
    check(variant, scores.T.copy(), axis=0)
    nan = np.where(scores == scores[0, 3], np.nan, scores)
    assert np.isnan(value_and_gradient(variant.function, nan, 1.0)[0][0]).any()


@pytest.mark.parametrize("name", EACH)
def test_any_support(name):
    """Row k is made from a distribution over k classes, by the inverse of alpha-entmax."""
    variant, k = EACH[name], np.arange(1, 8)
    p = np.random.default_rng(0).dirichlet(np.full(7, 5.0), 7) * (np.arange(7) < k[:, None])
    p = (p / p.sum(-1, keepdims=True))[:, ::-1]
    slope = variant.alpha - 1
    scores = np.where(p > 0, p**slope / slope, -0.1).astype("float32").astype("float64")
    truth = variant.truth(scores)
    np.testing.assert_array_equal((truth > 0).sum(-1), k)
    np.testing.assert_allclose(truth, p, rtol=0, atol=1e-6)
    found = check(variant, scores)
    np.testing.assert_array_equal(found > 0, p > 0)


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("shape, axis", [((7,), 0), ((4, 9), 0), ((2, 5, 3), -2), ((2, 3, 4), -1)])
def test_any_axis(name, shape, axis):
    variant, scores = VARIANTS[name], random_scores(shape, 1.0)
    scores[(0,) * len(shape)] = -INF
    check(variant, scores, axis=axis)


def entmax_by_alpha(alpha, scores):
    return entmax(scores, alpha, 1 if len(scores.shape) == 3 else -1)


@pytest.mark.parametrize("shape", [(), (5,), (2, 1, 5)])
def test_alpha_that_broadcasts(shape):
    """Against the rows of scores (2, 3, 5), classes on axis 1; its gradient has its shape."""
    scores, upstream = random_scores((2, 3, 5), 1.0), random_scores((2, 3, 5), 1.0, seed=1)
    alpha = np.random.default_rng(3).uniform(1.0, 3.0, shape).astype("float32").astype("float64")
    found, slopes = value_and_gradient(entmax_by_alpha, alpha, upstream, scores.astype("float32"))
    assert row_error(found, reference.entmax(scores, alpha, 1), axis=1) <= 1e-6
    true = reference.entmax_alpha_gradient(scores, upstream, alpha, 1)
    summed = tuple(at for at, size in enumerate((1,) * (3 - len(shape)) + shape) if size == 1)
    true = true.sum(summed, keepdims=True).reshape(shape)
    np.testing.assert_allclose(slopes, true, rtol=1e-6, atol=2e-6)


def test_alpha_with_the_class_axis_is_refused():
    with pytest.raises(InvalidArgumentError, match="`alpha` must broadcast against the rows"):
        entmax(ops.zeros((2, 3)), ops.ones((3,)))


@pytest.mark.parametrize("classes", [2, 100])
def test_gradient_of_alpha(classes):
    alphas = np.resize(np.array(ALPHAS, "float32"), (20, 1))
    scores = np.concatenate([hard_rows(classes), random_scores((6, classes), 1.0)])
    upstream = random_scores(scores.shape, 1.0, seed=1)
    _, found = value_and_gradient(entmax_by_alpha, alphas, upstream, scores.astype("float32"))
    true = reference.entmax_alpha_gradient(scores, upstream, alphas)
    np.testing.assert_allclose(found, true, rtol=1e-6, atol=2e-6)
    np.testing.assert_array_equal(found[13], 0.0)


@pytest.mark.parametrize("name", EACH)
def test_closed_form_gradient_is_the_derivative_of_the_truth(name):
    variant = EACH[name]
    scores, upstream = random_scores((4, 5), 1.0), random_scores((4, 5), 1.0, seed=1)
    found = reference.finite_difference(lambda x: (upstream * variant.truth(x)).sum(), scores)
    np.testing.assert_allclose(found, variant.true_gradient(scores, upstream), atol=1e-8)


def test_closed_form_gradient_of_alpha_is_the_derivative_of_the_truth():
    scores, upstream = random_scores((5, 5), 1.0), random_scores((5, 5), 1.0, seed=1)
    alphas = np.array(ALPHAS[1:], "float64")[:, None]
    found = reference.finite_difference(
        lambda a: (upstream * reference.entmax(scores, a)).sum(), alphas
    )
    true = reference.entmax_alpha_gradient(scores, upstream, alphas)
    np.testing.assert_allclose(found, true, atol=1e-8)
    one, above = (reference.entmax_alpha_gradient(scores, upstream, a) for a in (1.0, 1.0 + 1e-7))
    np.testing.assert_allclose(above, one, atol=1e-6)


def test_bisection_agrees_with_sorting():
    scores = hard_rows(100)
    np.testing.assert_allclose(
        reference.entmax(scores, 2.0), reference.sparsemax(scores), atol=1e-14
    )
    np.testing.assert_allclose(
        reference.entmax(scores, 1.5), reference.entmax15(scores), atol=1e-14
    )
    np.testing.assert_allclose(
        reference.entmax(scores, 1 + 1e-9), reference.softmax(scores), atol=1e-8
    )


def test_known_values():
    np.testing.assert_allclose(to_numpy(sparsemax([0.0, 0.0, 0.5])), [1 / 6, 1 / 6, 2 / 3], 1e-6)
    np.testing.assert_array_equal(to_numpy(sparsemax([3.0, 1.0, 2.0])), [1, 0, 0])
    np.testing.assert_allclose(to_numpy(sparsemax([1.0, 0.5])), [0.75, 0.25], 1e-6)
    np.testing.assert_array_equal(to_numpy(entmax15([3.0, 1.0, -4.0])), [1, 0, 0])
    np.testing.assert_allclose(to_numpy(entmax15([1.0, 1.0])), [0.5, 0.5], 1e-6)


@pytest.mark.parametrize("name", EACH)
def test_ties_are_exact(name):
    """Eagerly too, where a kernel may treat the last few of a row in another way."""
    found = to_numpy(EACH[name].function(ops.zeros((3, 6))))
    np.testing.assert_array_equal(found, found[0, 0])


@pytest.mark.parametrize("name", EACH)
def test_nan_is_not_hidden(name):
    scores = [[float("nan"), 1.0, 2.0], [1.0, 1.0, 1.0]]
    found, _ = value_and_gradient(EACH[name].function, scores, 1.0)
    assert np.isnan(found[0]).any()
    np.testing.assert_allclose(found[1], 1 / 3, rtol=1e-6)


@pytest.mark.parametrize("name", EACH)
def test_compiled(name):
    """Where quick runs eagerly this compiles, and the other way round; gradients too."""
    variant, scores = EACH[name], hard_rows(3)
    tensor, truth = ops.convert_to_tensor(scores, dtype="float32"), variant.truth(scores)
    for found in (compiled(variant.function)(tensor), variant.function(tensor)):
        assert row_error(to_numpy(found), truth, variant.scale(truth)) <= 1e-6
    upstream = random_scores(scores.shape, 1.0, seed=1)
    weights = ops.convert_to_tensor(upstream, dtype="float32")
    found = gradient(compiled(lambda x: ops.sum(weights * variant.function(x))), scores)
    true = variant.true_gradient(scores, upstream)
    assert row_error(found, true, variant.gradient_scale(truth, upstream)) <= 1e-6


@pytest.mark.parametrize("name", EACH)
def test_largest_floats_stay_finite(name):
    rows = np.array([[3e38, -3e38, 0.0, 3e38], [3e38, -INF, -3e38, 1.0]])
    upstream = random_scores(rows.shape, 1.0)
    found, slopes = value_and_gradient(EACH[name].function, rows, upstream)
    np.testing.assert_allclose(found, [[0.5, 0, 0, 0.5], [1, 0, 0, 0]], rtol=1e-6)
    assert np.isfinite(slopes).all()


def test_unusual_alphas():
    alphas = np.array([1 + 2**-20, 1.0001, 1.01, 5.0], "float32")
    check(entmax_variant(np.repeat(alphas, 14)[:, None]), np.tile(hard_rows(3), (4, 1)), 2e-6)


def half_scores(dtype):
    """Narrow supports and wide ones, as this dtype holds them."""
    rows = random_scores((16, 100), 1.0) * np.repeat([0.03, 3.0], 8)[:, None]
    return to_numpy(ops.convert_to_tensor(rows, dtype=dtype))


def plain(alpha, scores, dtype):
    """The plain formula, every step of it in `dtype`: by sorting, or by bisection."""
    import ml_dtypes

    kind = getattr(ml_dtypes, dtype, None) or np.dtype(dtype).type
    below = scores.astype(kind)
    below = below - below.max(-1, keepdims=True)
    if alpha == 1:
        powers = np.exp(below)
        return powers / powers.sum(-1, keepdims=True)
    slope, power, one = kind(alpha - 1), kind(1 / (alpha - 1)), kind(1)
    low, high = np.zeros_like(below[:, :1]), np.full_like(below[:, :1], 1 / (alpha - 1))
    for _ in range(20):
        middle = (low + high) / kind(2)
        p = np.maximum(one + slope * (below - middle), kind(0)) ** power
        too_much = p.sum(-1, keepdims=True) >= one
        low, high = np.where(too_much, middle, low), np.where(too_much, high, middle)
    return p / p.sum(-1, keepdims=True)


@pytest.mark.parametrize("name", ["softmax", *EACH])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_no_worse_than_the_plain_formula(name, dtype):
    variant, scores = {**VARIANTS, **EACH}[name], half_scores(dtype)
    truth, naive = variant.truth(scores), plain(variant.alpha, scores, dtype)
    rounding = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]  # half a unit in the last place
    upstream = half_scores(dtype)[::-1].copy()
    found, found_slopes = value_and_gradient(variant.function, scores, upstream, dtype=dtype)
    error = row_error(found, truth)
    assert error <= min(rounding * 1.01, 2 * row_error(naive.astype("float64"), truth))

    true, terms = variant.true_gradient(scores, upstream), variant.gradient_scale(truth, upstream)
    slopes = reference.entmax_slopes(naive, naive.dtype.type(variant.alpha))
    weighted = slopes * upstream.astype(naive.dtype)
    mean = weighted.sum(-1, keepdims=True) / slopes.sum(-1, keepdims=True)
    naive_error = row_error((weighted - slopes * mean).astype("float64"), true, terms)
    assert row_error(found_slopes, true, terms) <= 2 * naive_error


@pytest.mark.parametrize("function", [sparsemax, entmax])
def test_integers_and_lists(function):
    for scores in ([1, 2, 3], np.array([1, 2, 3], "uint8")):
        found = function(scores)
        assert keras.backend.standardize_dtype(found.dtype) == "float32"
        truth = getattr(reference, function.__name__)([1, 2, 3])
        np.testing.assert_allclose(to_numpy(found), truth, atol=1e-6)


@pytest.mark.parametrize("name", EACH)
def test_empty_batch(name):
    found = compiled(EACH[name].function)(ops.zeros((0, 4)))
    assert tuple(found.shape) == (0, 4)


@pytest.mark.parametrize("name", EACH)
def test_dtype_stays_symbolically_too(name):
    dtype = "bfloat16" if "15" in name or "1.1" in name else "float16"
    scores = keras.Input((4, 3), dtype=dtype)
    found = EACH[name].function(scores)
    assert found.shape == (None, 4, 3) and found.dtype == dtype
    found = keras.Model(scores, found)(random_scores((2, 4, 3)))
    assert found.shape == (2, 4, 3)
    assert keras.backend.standardize_dtype(found.dtype) == dtype


@pytest.mark.parametrize("alpha", [0.99, 0, -1, float("nan"), INF, True, "x", None])
def test_alpha_that_is_not_allowed(alpha):
    with pytest.raises(InvalidArgumentError, match="`alpha` must be") as error:
        entmax([0.0, 1.0], alpha=alpha)
    assert str(error.value).endswith(f"Received: alpha={alpha!r}")


@pytest.mark.parametrize("alpha", [2, np.float32(2), np.float64(2), np.int64(2)])
def test_alpha_of_any_real_type(alpha):
    found = to_numpy(entmax([0.0, 0.5], alpha))
    np.testing.assert_allclose(found, [0.25, 0.75], rtol=1e-6)
