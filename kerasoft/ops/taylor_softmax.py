"""Taylor softmax: exponentials by the first terms of their series."""

import math
from numbers import Integral

from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.custom_gradient import kept, with_gradient
from kerasoft.ops.precision import Tensor
from kerasoft.ops.score_op import score_op
from kerasoft.ops.softmax_portable import largest

_HIGHEST_ORDER = 170  # the factorial of 171 is beyond a double


@score_op
def taylor_softmax(scores: Tensor, order: int = 2, axis: int = -1) -> Tensor:
    """A softmax whose exponentials are Taylor polynomials.

        p_i = T(s_i) / sum_j T(s_j),  T(s) = 1 + s + s^2 / 2! + ... + s^order / order!

    Positive for every even order. Unlike a softmax it changes when all scores shift together, and
    T has its minimum near 0: scores far below it gain probability again.

    Args:
        scores: float tensor of any shape; -inf masks a class.
        order: an even number from 2 to 170.
        axis: the class axis.

    Returns:
        Probabilities, shape and dtype of `scores`; computed in float32 or wider. A row that is all
        -inf gives zeros. O(C order) time and O(C) memory a row, forward and backward.

    Raises:
        InvalidArgumentError: if `order` is not an even number from 2 to 170.

    Reference:
        de Brébisson and Vincent, "An exploration of softmax alternatives belonging to the spherical
        loss family", ICLR 2016.
    """
    return _with_slopes(scores, check_order(order), axis, log=False)


@score_op
def log_taylor_softmax(scores: Tensor, order: int = 2, axis: int = -1) -> Tensor:
    """The natural logarithm of `taylor_softmax`; arguments and errors are the same."""
    return _with_slopes(scores, check_order(order), axis, log=True)


def check_order(order: int) -> int:
    number = isinstance(order, Integral) and not isinstance(order, bool)
    if not number or not 2 <= order <= _HIGHEST_ORDER or order % 2:
        raise InvalidArgumentError(
            f"`order` must be an even number from 2 to {_HIGHEST_ORDER}.", order=order
        )
    return int(order)


def _with_slopes(scores: Tensor, order: int, axis: int, log: bool) -> Tensor:
    """T(s_i) / sum_j T(s_j) or its logarithm, with the derivative T' = T without its last term."""

    @with_gradient
    def distribution(scores):
        masked = scores == -float("inf")
        scores = ops.where(masked, 0.0, scores)
        unit = ops.maximum(largest(ops.abs(scores), axis), 1.0)
        powers = _series(scores, unit, order, order)
        total = ops.sum(ops.where(masked, 0.0, powers), axis=axis, keepdims=True)
        total = ops.where(total == 0, 1.0, total)
        p = ops.where(masked, 0.0, powers / total)
        known = kept(p)

        def backward(upstream):
            slopes = ops.where(masked, 0.0, _series(scores, unit, order - 1, order) / total)
            if log:
                share = ops.sum(upstream, axis=axis, keepdims=True)
                return slopes * (upstream * total / powers - share)
            return slopes * (upstream - ops.sum(upstream * known, axis=axis, keepdims=True))

        if log:
            certain = powers == total  # two logarithms of one number may differ by rounding
            log_p = ops.where(certain, 0.0, ops.log(powers) - ops.log(total))
            return ops.where(masked, -float("inf"), log_p), backward
        return p, backward

    return distribution(scores)


def _series(scores: Tensor, unit: Tensor, last: int, order: int) -> Tensor:
    """sum_{k <= last} s^k / k!, over unit^order: s^order alone may overflow. By Horner's rule."""
    root = ops.rsqrt(unit)  # the reciprocal itself may be a subnormal, which XLA takes for zero
    scaled, result = scores * root * root, 0.0
    for k in range(last, -1, -1):
        result = result * scaled + root ** (2 * (order - k)) * (1.0 / math.factorial(k))
    return result
