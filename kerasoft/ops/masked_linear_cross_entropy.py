"""Cross-entropy of a linear layer for the rows of a batch that belong to it, at their cost alone.

A block of scores is computed twice, for the value and again for the gradient, so that no more than
one is ever held.
"""

import keras

from kerasoft.ops.precision import Tensor

if keras.backend.backend() == "torch":
    from kerasoft.ops import masked_linear_cross_entropy_torch as _backend
else:
    from kerasoft.ops import masked_linear_cross_entropy_portable as _backend


def masked_linear_cross_entropy(features: Tensor, embeddings: Tensor, ids: Tensor) -> Tensor:
    """Negative log-likelihood under a linear layer and softmax, for some rows of a batch.

        value = log sum_c exp(h . w_c) - h . w_id    where id >= 0, and 0 elsewhere

    Args:
        features: rows h (N, d), in the dtype that products are to be computed in.
        embeddings: the vector w of each class, (n, d).
        ids: int32 (N,), below n; negative for the rows that do not belong.

    Returns:
        float32 (N,). Gradients are (p - y) w in `features` and (p - y) h in `embeddings`, summed in
        float32; first derivatives only. Rows that do not belong get and give none, whatever they
        hold. With m rows that belong, rounded up to full blocks, O(m n d) time both ways, besides
        O(N (d + log N)) to sort them and O(n d) for the dense gradient of `embeddings`; memory for
        one block of scores.
    """
    return _backend.masked_linear_cross_entropy(features, embeddings, ids)
