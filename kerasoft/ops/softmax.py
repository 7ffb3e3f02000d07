"""Softmax and its logarithm, right where a whole row is masked."""

from keras import ops

from kerasoft.ops.precision import Tensor, narrow, widen


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
    wide, masked = _open_masked_rows(scores, axis)
    return narrow(ops.where(masked, 0.0, ops.softmax(wide, axis=axis)), scores)


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
    wide, masked = _open_masked_rows(scores, axis)
    return narrow(ops.where(masked, -float("inf"), ops.log_softmax(wide, axis=axis)), scores)


def centre(scores: Tensor, axis: int) -> Tensor:
    """Scores, widened, minus the largest of their row.

    No softmax changes by that, and what is done to the scores next (scaling, adding noise) rounds
    near zero, where it does not matter, instead of at 1e5. O(C) a row; no gradient through the max.
    """
    wide = widen(scores)
    top = ops.stop_gradient(ops.amax(wide, axis=axis, keepdims=True))
    return wide - ops.where(top == -float("inf"), 0.0, top)


def _open_masked_rows(scores: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Scores with all-masked rows set to zero, so that no NaN arises, and which rows those are."""
    wide = widen(scores)
    masked = ops.amax(wide, axis=axis, keepdims=True) == -float("inf")
    return ops.where(masked, 0.0, wide), masked
