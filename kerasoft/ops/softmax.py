"""Softmax and its logarithm, right where a whole row is masked."""

import keras

from kerasoft.ops.precision import Tensor
from kerasoft.ops.score_op import score_op

if keras.backend.backend() == "torch":
    from kerasoft.ops import softmax_torch as _backend
elif keras.backend.backend() == "tensorflow":
    from kerasoft.ops import softmax_tensorflow as _backend
else:
    from kerasoft.ops import softmax_portable as _backend


@score_op
def softmax(scores: Tensor, axis: int = -1) -> Tensor:
    """Exponentials of the scores, divided by their sum.

        p_i = exp(s_i) / sum_j exp(s_j)

    Args:
        scores: float tensor of any shape. An entry of -inf is a masked class: probability 0.
        axis: the class axis.

    Returns:
        Probabilities, shape and dtype of `scores`; computed in float32 or wider. A row that is all
        -inf gives zeros. O(C) time and memory a row, forward and backward.
    """
    return _backend.softmax(scores, axis)


@score_op
def log_softmax(scores: Tensor, axis: int = -1) -> Tensor:
    """The natural logarithm of `softmax`, without ever taking the logarithm of a small number.

        log p_i = s_i - log sum_j exp(s_j)

    Args:
        scores: float tensor of any shape. An entry of -inf is a masked class.
        axis: the class axis.

    Returns:
        Log-probabilities, shape and dtype of `scores`; computed in float32 or wider. Masked
        classes, and every class of a row that is all -inf, give -inf. O(C) a row, both ways.
    """
    return _backend.log_softmax(scores, axis)
