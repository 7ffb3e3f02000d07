"""Softmax cross-entropy over the true classes and a shared sample of others."""

from keras import ops

from kerasoft.ops.precision import Tensor


def sampled_cross_entropy(true_scores: Tensor, sampled_scores: Tensor, removed: Tensor) -> Tensor:
    """Cross-entropy of each example over its own T true classes and S sampled ones.

        -1/T sum_t log softmax([true, sampled])_t

    Args:
        true_scores: float32 (N, T), finite.
        sampled_scores: float32 (N, S).
        removed: booleans (N, S): which sampled classes do not take part.

    Returns:
        float32 (N,). O(T + S) an example.
    """
    sampled_scores = ops.where(removed, float("-inf"), sampled_scores)
    total = ops.logsumexp(ops.concatenate([true_scores, sampled_scores], axis=-1), axis=-1)
    return total - ops.mean(true_scores, axis=-1)
