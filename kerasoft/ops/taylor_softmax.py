"""Taylor softmax: exponentials by the first terms of their series."""

import math
from numbers import Integral

from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor
from kerasoft.ops.score_op import score_op


@score_op
def taylor_softmax(scores: Tensor, order: int = 2, axis: int = -1) -> Tensor:
    """A softmax whose exponentials are Taylor polynomials.

        p_i = T(s_i) / sum_j T(s_j),  T(s) = 1 + s + s^2 / 2! + ... + s^order / order!

    Positive for every even order. Unlike a softmax it changes when all scores shift together, and
    T has its minimum near 0: scores far below it gain probability again.

    Args:
        scores: float tensor of any shape; -inf masks a class.
        order: an even number of at least 2.
        axis: the class axis.

    Returns:
        Probabilities, shape and dtype of `scores`; computed in float32 or wider. A row that is all
        -inf gives zeros. O(C order) time and O(C) memory a row, forward and backward.

    Raises:
        InvalidArgumentError: if `order` is not an even number of at least 2.

    Reference:
        de Brébisson and Vincent, "An exploration of softmax alternatives belonging to the spherical
        loss family", ICLR 2016.
    """
    powers, total = _powers(scores, order, axis)
    return powers / total


@score_op
def log_taylor_softmax(scores: Tensor, order: int = 2, axis: int = -1) -> Tensor:
    """The natural logarithm of `taylor_softmax`; arguments and errors are the same."""
    powers, total = _powers(scores, order, axis)
    masked = powers == 0
    logs = ops.log(ops.where(masked, 1.0, powers)) - ops.log(total)
    return ops.where(masked, -float("inf"), logs)


def check_order(order: int) -> int:
    if not isinstance(order, Integral) or isinstance(order, bool) or order < 2 or order % 2:
        raise InvalidArgumentError("`order` must be an even number of at least 2.", order=order)
    return int(order)


def _powers(scores: Tensor, order: int, axis: int) -> tuple[Tensor, Tensor]:
    """T(s_i) over the largest |s|^order of the row (s^order may overflow), and their sum."""
    order = check_order(order)
    masked = scores == -float("inf")
    scores = ops.where(masked, 0.0, scores)
    largest = ops.stop_gradient(ops.amax(ops.abs(scores), axis=axis, keepdims=True))
    unit = 1.0 / ops.maximum(largest, 1.0)
    scaled = scores * unit
    powers, weight = ops.zeros_like(scores), 1.0
    coefficients = [1.0 / math.factorial(k) for k in range(order, -1, -1)]
    for coefficient in coefficients:  # Horner's rule on (s / largest)^k (1 / largest)^(order - k)
        powers = powers * scaled + coefficient * weight
        weight = weight * unit
    powers = ops.where(masked, 0.0, powers)
    total = ops.sum(powers, axis=axis, keepdims=True)
    return powers, ops.where(total == 0, 1.0, total)
