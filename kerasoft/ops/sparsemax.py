"""Sparsemax: the distribution nearest to the scores."""

from kerasoft.ops.exact_entmax import exact_entmax
from kerasoft.ops.precision import Tensor
from kerasoft.ops.score_op import score_op


@score_op
def sparsemax(scores: Tensor, axis: int = -1) -> Tensor:
    """The Euclidean projection of the scores onto the probability simplex.

        p_i = max(s_i - tau, 0),  tau such that sum_i p_i = 1

    Classes more than 1 below the best get an exact zero; alpha-entmax with alpha = 2.

    Args:
        scores: float tensor of any shape; -inf masks a class.
        axis: the class axis.

    Returns:
        Probabilities, shape and dtype of `scores`; computed in float32 or wider. A row that is all
        -inf gives zeros. The gradient is closed form: within the support, upstream minus its mean.
        O(C) memory; O(C) time a pass, usually three to five passes forward and one backward.

    Reference:
        Martins and Astudillo, "From softmax to sparsemax", ICML 2016.
    """
    return exact_entmax(scores, axis, degree=1)
