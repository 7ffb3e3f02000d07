"""1.5-entmax: between softmax and sparsemax."""

from kerasoft.ops.exact_entmax import exact_entmax
from kerasoft.ops.precision import Tensor
from kerasoft.ops.score_op import score_op


@score_op
def entmax15(scores: Tensor, axis: int = -1) -> Tensor:
    """alpha-entmax with alpha = 1.5: sparse like sparsemax, smooth inside its support.

        p_i = max(s_i / 2 - tau, 0)^2,  tau such that sum_i p_i = 1

    Classes more than 2 below the best get an exact zero.

    Args:
        scores: float tensor of any shape; -inf masks a class.
        axis: the class axis.

    Returns:
        Probabilities, shape and dtype of `scores`; computed in float32 or wider. A row that is all
        -inf gives zeros. The gradient is closed form. O(C) memory; O(C) time a pass, usually three
        to five passes forward and one backward.

    Reference:
        Peters et al., "Sparse sequence-to-sequence models", ACL 2019.
    """
    return exact_entmax(scores, axis, degree=2)
