"""The Jacobian that the whole softmax family shares."""

from keras import ops

from kerasoft.ops.precision import Tensor


def softmax_jacobian_product(p: Tensor, upstream: Tensor, axis: int) -> Tensor:
    """`jacobian_product` for slopes that are probabilities: their sum is 1, or 0 as they are."""
    weighted = p * upstream
    return weighted - p * ops.sum(weighted, axis=axis, keepdims=True)


def jacobian_product(slopes: Tensor, upstream: Tensor, axis: int) -> Tensor:
    """Multiplies `upstream` with the Jacobian of a variant, without ever forming it.

        (diag(w) - w w^T / sum w) g = w (g - sum(w g) / sum w)

    Args:
        slopes: non-negative w of each class: p for softmax, p^(2 - alpha) on the support for
            alpha-entmax. A row of zeros (all masked) gives zeros.
        upstream: gradient g of the probabilities, same shape.
        axis: the class axis.

    Returns:
        Gradient of the scores, same shape. O(C) time and memory a row.

    Reference:
        Peters et al., "Sparse sequence-to-sequence models", ACL 2019, proposition 2.
    """
    weighted = slopes * upstream
    total = ops.sum(slopes, axis=axis, keepdims=True)
    mean = ops.sum(weighted, axis=axis, keepdims=True) / ops.where(total == 0, 1.0, total)
    return weighted - slopes * mean
