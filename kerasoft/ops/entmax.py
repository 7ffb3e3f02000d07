"""alpha-entmax: one family from softmax (alpha = 1) to sparsemax (alpha = 2) and beyond."""

import math
from numbers import Real

import keras
import numpy as np
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.custom_gradient import kept, with_gradient
from kerasoft.ops.entmax15 import entmax15
from kerasoft.ops.jacobian import jacobian_product
from kerasoft.ops.precision import Tensor, is_tensor
from kerasoft.ops.score_op import score_op
from kerasoft.ops.softmax import softmax
from kerasoft.ops.softmax_portable import centre
from kerasoft.ops.sparsemax import sparsemax

_EXACT = {1.0: softmax, 1.5: entmax15, 2.0: sparsemax}
_MOST_STEPS = 100  # bisection halves the bracket to nothing in 40, Newton's method needs about 6
_HIGHEST_LOG = math.log(1e30)  # slopes above it are cut, so that sums of them stay finite
SMALLEST_ORDER = 1e-12  # alpha - 1 below it is softmax already
_LOWEST_RHO = 1e-37  # about the smallest normal float32


@score_op
def entmax(scores: Tensor, alpha: float | Tensor = 1.5, axis: int = -1) -> Tensor:
    """The distribution of largest expected score plus Tsallis alpha-entropy.

        p_i = [1 + (alpha - 1) (s_i - theta)]_+^(1 / (alpha - 1)),  theta such that sum_i p_i = 1

    alpha = 1 is softmax, 2 is sparsemax; above 1, classes more than 1 / (alpha - 1) below the best
    get an exact zero.

    Args:
        scores: float tensor of any shape; -inf masks a class.
        alpha: a finite number of at least 1, or a tensor of such numbers that broadcasts against
            the rows (the shape of `scores` with 1 on the class axis, or less). A tensor gets a
            gradient too; its values are not checked but taken as at least 1.
        axis: the class axis.

    Returns:
        Probabilities, shape and dtype of `scores`; computed in float32 or wider, to the resolution
        of that dtype. A row that is all -inf gives zeros. O(C) memory; O(C) time a pass. The
        numbers 1, 1.5 and 2 take their own exact ways; other alphas up to 2 need about 6 passes
        (Newton's method), alphas above 2 about 40 (bisection), and lose digits where p is near 0
        in the support, for the curve is vertical there.

    Raises:
        InvalidArgumentError: if `alpha` is a number but not finite and at least 1.

    References:
        Peters et al., "Sparse sequence-to-sequence models", ACL 2019;
        Correia et al., "Adaptively sparse transformers", EMNLP 2019 (the gradient for alpha).
    """
    alpha = alpha if is_tensor(alpha) else check_alpha(alpha)
    if isinstance(alpha, float) and alpha in _EXACT:
        return _EXACT[alpha](scores, axis)
    alpha = ops.cast(ops.convert_to_tensor(alpha, dtype=None), scores.dtype)
    rank = len(scores.shape)
    shape = (1,) * (rank - len(alpha.shape)) + tuple(alpha.shape)
    if not _is_one_a_row(shape, scores.shape, axis):
        raise InvalidArgumentError(
            "`alpha` must broadcast against the rows: 1 on the class axis, elsewhere 1 or as many.",
            alpha_shape=tuple(alpha.shape),
            scores_shape=tuple(scores.shape),
        )
    alpha = ops.reshape(alpha, shape)
    return _entmax(axis)(scores, alpha)


def _is_one_a_row(shape: tuple, scores_shape: tuple, axis: int) -> bool:
    if len(shape) != len(scores_shape) or shape[axis] != 1:
        return False
    sizes = zip(shape, scores_shape, strict=True)
    return all(one in (1, other) for one, other in sizes if None not in (one, other))


def check_alpha(alpha: float) -> float:
    """Returns the number as a float.

    Raises:
        InvalidArgumentError: if it is not allowed.
    """
    number = isinstance(alpha, Real) and not isinstance(alpha, bool)
    if not (number and 1 <= alpha < math.inf):
        raise InvalidArgumentError("`alpha` must be a finite number of at least 1.", alpha=alpha)
    return float(alpha)


def tsallis_curvature(p: Tensor, order: Tensor) -> Tensor:
    """Derivative in alpha of the alpha-logarithm (p^order - 1) / order, order = alpha - 1.

        (order p^order log p - p^order + 1) / order^2,  towards order 0: (log p)^2 / 2

    Zero where p is. Both the gradient of alpha-entmax and that of its loss need it.
    """
    log_p = ops.log(ops.where(p > 0, p, 1.0))
    t = order * log_p
    small = ops.abs(t) < 0.5
    # The series of (e^t (t - 1) + 1) / t^2, where the formula itself would cancel.
    series = 1.0 / 5760
    for coefficient in (1 / 840, 1 / 144, 1 / 30, 1 / 8, 1 / 3, 1 / 2):
        series = series * t + coefficient
    big = ops.where(small, -1.0, t)
    formula = (ops.exp(big) * (big - 1.0) + 1.0) / (big * big)
    return log_p * log_p * ops.where(small, series, formula)


def _entmax(axis: int):
    @with_gradient
    def probabilities(scores, alpha):
        order = ops.maximum(alpha - 1.0, SMALLEST_ORDER)
        centred = centre(scores, axis)
        relative = _relative(centred, _solve(centred, order, axis), order)
        total = _sum(relative, axis)
        p = relative / ops.where(total == 0, 1.0, total)
        known = kept(p)

        def backward(upstream):
            gradient = jacobian_product(_power(known, 1.0 - order), upstream, axis)
            towards_alpha = -gradient * tsallis_curvature(known, order)
            return gradient, _sum_to_shape(towards_alpha, alpha.shape)

        return p, backward

    return probabilities


def _relative(centred: Tensor, rho: Tensor, order: Tensor) -> Tensor:
    """p over the p of the best class, which is rho^(1 / order)."""
    grown = centred * (order / rho)
    outside = grown <= -1.0  # NaN stays NaN
    relative = ops.exp(ops.log1p(ops.where(outside, 0.0, grown)) / order)
    return ops.where(outside, 0.0, relative)


def _solve(centred: Tensor, order: Tensor, axis: int) -> Tensor:
    """Finds rho = (p of the best class)^order, between 1 and that of uniform probabilities.

    In rho, neither end loses digits: alphas near 1 have it near 1, large ones near 0.

    Up to alpha = 2 by Newton's method on the alpha-logarithm of the sum of p, which is convex in
    rho, and for softmax linear; above alpha = 2 it is neither, and the bracket is halved.
    """
    highest = ops.ones_like(_sum(centred, axis) * order)
    classes = ops.cast(ops.shape(centred)[axis], centred.dtype)
    lowest = ops.exp(-order * ops.log(classes)) * highest
    lowest = ops.maximum(lowest, _LOWEST_RHO)
    convex = order <= 1.0
    tolerance = 4 * float(np.finfo(keras.backend.standardize_dtype(centred.dtype)).eps)

    def step(rho, lower, upper, _):
        relative = _relative(centred, rho, order)
        log_best = ops.log(rho) / order
        total = ops.maximum(_sum(relative, axis), 1.0)  # the best class gives 1; 0 if all masked
        log_mass = ops.log(total) + log_best
        slopes = ops.maximum(_sum(_power(relative, 1.0 - order), axis), 1.0)
        # In units of the best class's p, so that nothing overflows.
        ahead = -ops.expm1(-order * log_mass) * total / slopes * rho
        lower = ops.where(log_mass < 0, rho, lower)
        upper = ops.where(log_mass >= 0, rho, upper)
        middle = ops.sqrt(lower) * ops.sqrt(upper)
        following = ops.where(convex, rho - ahead, middle)
        # A Newton step back only mends the rounding of the step before: no reason to go on.
        moved = ops.where(convex, ahead, ops.abs(rho - middle))
        return following, lower, upper, ops.any(moved > tolerance * rho)

    state = (highest, lowest, highest, ops.convert_to_tensor(True))
    return ops.while_loop(lambda *state: state[-1], step, state, maximum_iterations=_MOST_STEPS)[0]


def _power(p: Tensor, exponent: Tensor) -> Tensor:
    """p^exponent where p is positive, else 0, and never above 1e30."""
    positive = p > 0
    log_power = exponent * ops.log(ops.where(positive, p, 1.0))
    return ops.where(positive, ops.exp(ops.minimum(log_power, _HIGHEST_LOG)), 0.0)


def _sum(x: Tensor, axis: int) -> Tensor:
    return ops.sum(x, axis=axis, keepdims=True)


def _sum_to_shape(x: Tensor, shape: tuple) -> Tensor:
    """Undoes broadcasting: sums over the axes that are 1 in `shape`."""
    axes = tuple(i for i, size in enumerate(shape) if size == 1)
    return ops.sum(x, axis=axes, keepdims=True)
