"""Softmax and its logarithm in Keras ops: XLA makes the same loops of them as of its own."""

from keras import ops

from kerasoft.ops.custom_gradient import kept, with_gradient
from kerasoft.ops.jacobian import softmax_jacobian_product
from kerasoft.ops.precision import Tensor


def softmax(scores: Tensor, axis: int) -> Tensor:
    """exp(s_i) / sum_j exp(s_j); a row that is all -inf gives zeros."""

    @with_gradient
    def probabilities(scores):
        powers = ops.exp(centre(scores, axis))
        total = ops.sum(powers, axis=axis, keepdims=True)
        p = powers / ops.where(total == 0, 1.0, total)
        known = kept(p)
        return p, lambda upstream: softmax_jacobian_product(known, upstream, axis)

    return probabilities(scores)


def log_softmax(scores: Tensor, axis: int) -> Tensor:
    """s_i - log sum_j exp(s_j); a row that is all -inf gives -inf, and no gradient."""

    @with_gradient
    def log_probabilities(scores):
        centred = centre(scores, axis)
        powers = ops.exp(centred)
        total = ops.sum(powers, axis=axis, keepdims=True)
        is_open = total > 0
        total = ops.where(is_open, total, 1.0)

        def backward(upstream):
            share = ops.sum(upstream, axis=axis, keepdims=True) / total
            return upstream * ops.cast(is_open, upstream.dtype) - powers * share

        return centred - ops.log(total), backward

    return log_probabilities(scores)


def centre(scores: Tensor, axis: int) -> Tensor:
    """Scores minus the largest of their row.

    No softmax changes by that, and what is done to the scores next (scaling, adding noise) rounds
    near zero, where it does not matter, instead of at 1e5. O(C) a row; no gradient through the max.
    """
    top = ops.stop_gradient(largest(scores, axis))
    return scores - ops.where(top == -float("inf"), 0.0, top)


def largest(x: Tensor, axis: int) -> Tensor:
    """The largest along `axis`, kept; of an empty batch too, which Keras refuses."""
    if 0 in x.shape:
        return ops.sum(x, axis=axis, keepdims=True)  # as empty
    return ops.max(x, axis=axis, keepdims=True)
