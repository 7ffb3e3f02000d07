"""Scaled dot products between queries and keys, and the attention that softmax makes of them."""

import math

from keras import ops

from kerasoft.ops.precision import Tensor, widen


def attention_scores(query: Tensor, key: Tensor, mask: Tensor | None = None) -> Tensor:
    """How well each key answers each query; -inf where the mask closes the pair.

        s_ij = q_i . k_j / sqrt(K)

    Multiplied in float32 too: of half-precision inputs every product is exact there, and none of
    the sums overflows.

    Args:
        query: float tensor (N, T, heads, K).
        key: float tensor (N, S, heads, K).
        mask: boolean tensor that broadcasts against the result (True keeps a pair), or None.

    Returns:
        float32 (or wider) scores (N, heads, T, S). O(T S K) time a head, O(T S) memory.
    """
    query, key = widen(query), widen(key)
    scores = ops.einsum("ntha,nsha->nhts", query * (1 / math.sqrt(query.shape[-1])), key)
    return scores if mask is None else ops.where(mask, scores, -float("inf"))


def softmax_attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """The mean of the values under softmax(`attention_scores`), by the backend's own kernel.

    Args:
        query, key, mask: as in `attention_scores`; the mask of rank 4.
        value: float tensor (N, S, heads, V).

    Returns:
        (N, T, heads, V), in the dtype of `value`. A query without an open key gets zeros, where the
        kernels by themselves take the mean of all values. O(T S (K + V)) time a head; the weights
        are kept in memory only where the backend has no fused kernel.
    """
    scale = 1 / math.sqrt(query.shape[-1])
    output = ops.dot_product_attention(query, key, value, mask=mask, scale=scale)
    if mask is None:
        return output
    is_open = ops.any(mask, axis=-1, keepdims=True)  # (N or 1, heads or 1, T or 1, 1)
    return ops.where(ops.transpose(is_open, (0, 2, 1, 3)), output, 0.0)
