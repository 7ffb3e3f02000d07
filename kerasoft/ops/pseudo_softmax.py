"""Softmax with another base than e."""

import math
from numbers import Real

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor
from kerasoft.ops.score_op import score_op
from kerasoft.ops.softmax import log_softmax, softmax
from kerasoft.ops.softmax_portable import centre


@score_op
def pseudo_softmax(scores: Tensor, base: float = 2.0, axis: int = -1) -> Tensor:
    """Powers of `base`, divided by their sum.

        p_i = base^s_i / sum_j base^s_j = softmax(s log base)_i

    With base 2 this is the cheap softmax of fixed-point hardware; to a network that is trained with
    it, it is a softmax at temperature 1 / log(base).

    Args:
        scores: float tensor of any shape; -inf masks a class.
        base: a finite number above 1.
        axis: the class axis.

    Returns:
        Probabilities, shape and dtype of `scores`. O(C) a row, forward and backward.

    Raises:
        InvalidArgumentError: if `base` is not a finite number above 1.

    Reference:
        Cardarilli et al., "A pseudo-softmax function for hardware-based high speed image
        classification", Scientific Reports 11, 2021.
    """
    return softmax(_rescale(scores, base, axis), axis)


@score_op
def log_pseudo_softmax(scores: Tensor, base: float = 2.0, axis: int = -1) -> Tensor:
    """The natural logarithm of `pseudo_softmax`; arguments, shapes and errors are the same."""
    return log_softmax(_rescale(scores, base, axis), axis)


def check_base(base: float) -> float:
    if not (isinstance(base, Real) and 1 < base < math.inf):
        raise InvalidArgumentError("`base` must be a finite number above 1.", base=base)
    return float(base)


def _rescale(scores: Tensor, base: float, axis: int) -> Tensor:
    return centre(scores, axis) * math.log(check_base(base))
