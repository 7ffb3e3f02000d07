"""The truth in float64 NumPy, written from the formulas and from nothing else."""

import math

import numpy as np


def softmax(scores, axis=-1):
    """exp(s_i) / sum_j exp(s_j); a row that is all -inf gives zeros."""
    scores = np.asarray(scores, "float64")
    top = scores.max(axis=axis, keepdims=True)
    powers = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = powers.sum(axis=axis, keepdims=True)
    return np.where(total == 0, 0.0, powers / np.where(total == 0, 1.0, total))


def log_softmax(scores, axis=-1):
    """s_i - log sum_j exp(s_j); a row that is all -inf gives -inf."""
    scores = np.asarray(scores, "float64")
    top = scores.max(axis=axis, keepdims=True)
    shifted = scores - np.where(np.isfinite(top), top, 0.0)
    total = np.exp(shifted).sum(axis=axis, keepdims=True)
    return np.where(total == 0, -np.inf, shifted - np.log(np.where(total == 0, 1.0, total)))


def pseudo_softmax(scores, base=2.0, axis=-1):
    """base^s_i / sum_j base^s_j."""
    return softmax(np.asarray(scores, "float64") * np.log(base), axis)


def log_pseudo_softmax(scores, base=2.0, axis=-1):
    """Natural logarithm of `pseudo_softmax`."""
    return log_softmax(np.asarray(scores, "float64") * np.log(base), axis)


def softmax_gradient(scores, upstream, axis=-1, slope=1.0):
    """Gradient of sum(upstream * softmax(slope * scores))."""
    p = softmax(np.asarray(scores, "float64") * slope, axis)
    return slope * p * (upstream - (p * upstream).sum(axis=axis, keepdims=True))


def log_softmax_gradient(scores, upstream, axis=-1, slope=1.0):
    """Gradient of sum(upstream * log_softmax(slope * scores))."""
    p = softmax(np.asarray(scores, "float64") * slope, axis)
    return slope * (upstream - p * np.sum(upstream, axis=axis, keepdims=True))


def one_hot(labels, num_classes):
    return np.eye(num_classes)[np.asarray(labels, "int64")]


def cross_entropy(labels, log_probs):
    """-sum_i y_i log p_i, for class ids (...) or distributions (..., C)."""
    weights = np.asarray(labels)
    if weights.ndim < np.ndim(log_probs):
        weights = one_hot(weights, np.shape(log_probs)[-1])
    return -(weights * np.where(weights == 0, 0.0, log_probs)).sum(axis=-1)


def cross_entropy_gradient(labels, scores, slope=1.0):
    """slope (p - y), the gradient in the scores; soft labels weigh p by their sum."""
    weights = np.asarray(labels)
    if weights.ndim < np.ndim(scores):
        weights = one_hot(weights, np.shape(scores)[-1])
    p = softmax(np.asarray(scores, "float64") * slope)
    return slope * (p * weights.sum(axis=-1, keepdims=True) - weights)


def row_error(found, truth, scale=None, axis=-1):
    """The largest error in units of its row's scale, by default its largest absolute truth.

    Infinities must be where the truth has them; what float32 cannot hold (1e-38) is no error.
    """
    found, truth = np.asarray(found), np.asarray(truth)
    assert found.shape == truth.shape
    finite = np.isfinite(truth)
    np.testing.assert_array_equal(found[~finite], truth[~finite])
    if truth.size == 0:
        return 0.0
    error = np.abs(np.where(finite, found, 0.0) - np.where(finite, truth, 0.0))
    scale = np.abs(np.where(finite, truth if scale is None else scale, 0.0))
    return (error / np.maximum(scale.max(axis=axis, keepdims=True), 1e-32)).max()


def sparsemax(scores, axis=-1):
    """[s_i - tau]_+ with the tau that makes them sum to one, by sorting; all -inf gives zeros."""
    below = np.moveaxis(_below_top(scores, axis), axis, -1)
    falling = np.sort(np.maximum(below, -2.0), axis=-1)[..., ::-1]  # a whole 1 below the top: p = 0
    taus = (np.cumsum(falling, axis=-1) - 1.0) / np.arange(1, falling.shape[-1] + 1)
    p = np.maximum(below - _last(taus, falling > taus), 0.0)
    return np.moveaxis(p, -1, axis)


def entmax15(scores, axis=-1):
    """[s_i / 2 - tau]_+^2 with the tau that makes them sum to one, by sorting."""
    below = np.moveaxis(_below_top(scores, axis), axis, -1) / 2
    falling = np.sort(np.maximum(below, -2.0), axis=-1)[..., ::-1]
    counts = np.arange(1, falling.shape[-1] + 1)
    means = np.cumsum(falling, axis=-1) / counts
    spreads = np.cumsum(falling**2, axis=-1) - counts * means**2
    taus = means - np.sqrt(np.maximum(1.0 - spreads, 0.0) / counts)
    p = np.maximum(below - _last(taus, falling >= taus), 0.0) ** 2
    return np.moveaxis(p, -1, axis)


def entmax(scores, alpha=1.5, axis=-1):
    """[1 + (alpha - 1)(s_i - theta)]_+^(1 / (alpha - 1)) that sums to one, by bisection.

    `alpha` is a number or one a row; where it is 1 the limit is softmax.
    """
    below = _below_top(scores, axis)
    slope = np.asarray(alpha, "float64") - 1.0
    safe = np.where(slope == 0, 1.0, slope)

    def probabilities(theta):
        with np.errstate(divide="ignore"):
            return np.exp(np.log1p(np.maximum(safe * (below - theta), -1.0)) / safe)

    low = np.zeros_like(below.max(axis=axis, keepdims=True))  # the top class alone has all of it
    high = low - np.expm1(-safe * np.log(below.shape[axis])) / safe  # no class has above 1 / C
    while True:
        theta = (low + high) / 2
        if ((theta == low) | (theta == high)).all():
            break
        too_much = probabilities(theta).sum(axis=axis, keepdims=True) >= 1.0
        low, high = np.where(too_much, theta, low), np.where(too_much, high, theta)
    return np.where(slope == 0, softmax(scores, axis), probabilities(theta))


def entmax_slopes(p, alpha=1.5):
    """p^(2 - alpha) on the support: what a common gradient is weighed with."""
    return np.where(p > 0, np.where(p > 0, p, 1.0) ** (2.0 - np.asarray(alpha)), 0.0)


def entmax_gradient(scores, upstream, alpha=1.5, axis=-1):
    """Gradient of sum(upstream * entmax(scores)) in the scores."""
    return _sparse_gradient(entmax(scores, alpha, axis), upstream, alpha, axis)


def sparsemax_gradient(scores, upstream, axis=-1):
    """Gradient of sum(upstream * sparsemax(scores))."""
    return _sparse_gradient(sparsemax(scores, axis), upstream, 2.0, axis)


def entmax15_gradient(scores, upstream, axis=-1):
    """Gradient of sum(upstream * entmax15(scores))."""
    return _sparse_gradient(entmax15(scores, axis), upstream, 1.5, axis)


def entmax_alpha_gradient(scores, upstream, alpha=1.5, axis=-1):
    """Gradient of sum(upstream * entmax(scores)) in alpha, one value a row.

    With e = alpha - 1 and L = log p: dp_i = a_i - q_i sum_j a_j, where q is p^(2 - alpha) over its
    sum and a = -p L / e + (p - p^(2 - alpha)) / e^2; by its series where e L is small.
    """
    p = entmax(scores, alpha, axis)
    weights = entmax_slopes(p, alpha)
    slope = np.broadcast_to(np.asarray(alpha, "float64") - 1.0, p.shape)
    logs = np.where(p > 0, np.log(np.where(p > 0, p, 1.0)), 0.0)
    x = slope * logs
    near = np.abs(x) < 1e-3
    series = -(logs**2) * (1 / 2 - x / 6 + x**2 / 24 - x**3 / 120)
    safe = np.where(near, 1.0, slope)
    change = p * np.where(near, series, (-np.expm1(np.where(near, 0.0, -x)) - x) / safe**2)
    total = weights.sum(axis=axis, keepdims=True)
    shares = weights / np.where(total == 0, 1.0, total)
    change = change - shares * change.sum(axis=axis, keepdims=True)
    return (upstream * change).sum(axis=axis, keepdims=True)


def taylor_softmax(scores, order=2, axis=-1):
    """T(s_i) / sum_j T(s_j), T the Taylor polynomial of exp; -inf has none of it."""
    powers = _taylor(scores, order)
    total = powers.sum(axis=axis, keepdims=True)
    return powers / np.where(total == 0, 1.0, total)


def log_taylor_softmax(scores, order=2, axis=-1):
    """The logarithm of `taylor_softmax`."""
    with np.errstate(divide="ignore"):
        return np.log(taylor_softmax(scores, order, axis))


def taylor_softmax_slopes(scores, order=2, axis=-1):
    """T'(s_i) / sum_j T(s_j); T' is T of one order less."""
    total = _taylor(scores, order).sum(axis=axis, keepdims=True)
    return _taylor(scores, order - 1) / np.where(total == 0, 1.0, total)


def taylor_softmax_gradient(scores, upstream, order=2, axis=-1):
    """Gradient of sum(upstream * taylor_softmax(scores))."""
    p = taylor_softmax(scores, order, axis)
    mean = (p * upstream).sum(axis=axis, keepdims=True)
    return taylor_softmax_slopes(scores, order, axis) * (upstream - mean)


def log_taylor_softmax_slopes(scores, order=2, axis=-1):
    """T'(s_i) / T(s_i), zero where T is."""
    powers = _taylor(scores, order)
    return _taylor(scores, order - 1) / np.where(powers == 0, 1.0, powers)


def log_taylor_softmax_gradient(scores, upstream, order=2, axis=-1):
    """Gradient of sum(upstream * log_taylor_softmax(scores)); no upstream where that is -inf."""
    p, total = taylor_softmax(scores, order, axis), np.sum(upstream, axis=axis, keepdims=True)
    return log_taylor_softmax_slopes(scores, order, axis) * (upstream - p * total)


def as_distribution(labels, scores):
    """Class ids (...) as one-hot, distributions (..., C) as they are, in float64."""
    labels = np.asarray(labels)
    if labels.ndim < np.ndim(scores):
        return one_hot(labels, np.shape(scores)[-1])
    return labels.astype("float64")


def tsallis_entropy(p, alpha):
    """(sum p - sum p^alpha) / (alpha (alpha - 1)), and -sum p log p where alpha is 1."""
    p = np.asarray(p, "float64")
    if alpha == 1:
        return -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=-1)
    return (p - p**alpha).sum(axis=-1) / (alpha * (alpha - 1))


def fenchel_young(labels, scores, alpha):
    """<p, s> + H(p) - <y, s> - H(y) with p = entmax(s); infinite where y has a masked class."""
    y, below, p = as_distribution(labels, scores), _below_top(scores, -1), entmax(scores, alpha)
    reached = np.where(p > 0, p * np.where(p > 0, below, 0.0), 0.0).sum(axis=-1)
    given = np.where(y > 0, y * np.where(y > 0, below, 0.0), 0.0).sum(axis=-1)
    return reached + tsallis_entropy(p, alpha) - given - tsallis_entropy(y, alpha)


def fenchel_young_gradient(labels, scores, alpha):
    """m p - y for labels of weight m."""
    y = as_distribution(labels, scores)
    return y.sum(axis=-1, keepdims=True) * entmax(scores, alpha) - y


def multiclass_hinge(labels, scores, margin=1.0):
    """sum_y q_y sum_{j != y} max(0, margin + s_j - s_y) (Weston and Watkins)."""
    return (as_distribution(labels, scores) * _violations(scores, margin).sum(-1)).sum(-1)


def multiclass_hinge_gradient(labels, scores, margin=1.0):
    """Each violation pushes its class up and the label down."""
    active = as_distribution(labels, scores)[..., None] * (_violations(scores, margin) > 0)
    return active.sum(-2) - active.sum(-1)


def finite_difference(function, x, step=1e-6):
    """The gradient at `x` of a function to a number, by central differences."""
    x = np.asarray(x, "float64")
    found = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[at] = step
        found[at] = (function(x + moved) - function(x - moved)) / (2 * step)
    return found


def _below_top(scores, axis):
    """Scores minus the largest of their row; a row that is all -inf stays."""
    scores = np.asarray(scores, "float64")
    top = scores.max(axis=axis, keepdims=True)
    return scores - np.where(np.isfinite(top), top, 0.0)


def _last(values, inside):
    """The value at the last position of each row that is inside."""
    return np.take_along_axis(values, np.maximum(inside.sum(-1, keepdims=True) - 1, 0), axis=-1)


def _sparse_gradient(p, upstream, alpha, axis):
    weights = entmax_slopes(p, alpha)
    total = weights.sum(axis=axis, keepdims=True)
    mean = (weights * upstream).sum(axis=axis, keepdims=True) / np.where(total == 0, 1.0, total)
    return weights * (upstream - mean)


def _taylor(x, order):
    x = np.asarray(x, "float64")
    kept = np.where(np.isneginf(x), 0.0, x)
    total = sum(kept**k / math.factorial(k) for k in range(order + 1))
    return np.where(np.isneginf(x), 0.0, total)


def _violations(scores, margin):
    """max(0, margin + s_j - s_y) in row y, column j; zero for j = y and for masked classes."""
    scores = np.asarray(scores, "float64")
    with np.errstate(invalid="ignore"):
        gaps = np.maximum(margin + scores[..., None, :] - scores[..., :, None], 0.0)
    masked = np.isneginf(scores)
    gone = np.eye(scores.shape[-1], dtype="bool") | masked[..., None, :] | masked[..., :, None]
    return np.where(gone, 0.0, gaps)
