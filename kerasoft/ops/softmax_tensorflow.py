"""Softmax by TensorFlow's own kernel, which outside XLA is faster than a composition of its ops.

It gives NaN where a row is masked altogether (-inf everywhere). Such a row is NaN in its first
class already, so looking is cheap; only then it is mended. `log_softmax` is as fast in Keras ops.
"""

import tensorflow as tf

from kerasoft.ops import softmax_portable
from kerasoft.ops.jacobian import softmax_jacobian_product
from kerasoft.ops.softmax_portable import log_softmax as log_softmax


def softmax(scores: tf.Tensor, axis: int) -> tf.Tensor:
    """exp(s_i) / sum_j exp(s_j); a row that is all -inf gives zeros."""

    @tf.custom_gradient
    def forward(scores):
        native = tf.nn.softmax(scores, axis)
        probabilities = tf.cond(
            tf.reduce_any(tf.math.is_nan(tf.gather(native, [0], axis=axis))),
            lambda: softmax_portable.softmax(scores, axis),
            lambda: native,
        )
        return probabilities, lambda upstream: softmax_jacobian_product(
            probabilities, upstream, axis
        )

    return forward(scores)
