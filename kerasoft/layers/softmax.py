"""Softmax as a layer."""

import keras

from kerasoft import ops
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class Softmax(ScoreLayer):
    """Scores to probabilities: p_i = exp(s_i) / sum_j exp(s_j).

    O(C) time and memory an example. Arguments, shapes and mask: `ScoreLayer`; the formula's
    corners: `kerasoft.ops.softmax`.

    Example:
        >>> probabilities = kerasoft.layers.Softmax()(keras.ops.array([[1.0, 2.0, 3.0]]))
    """

    def distribution(self, logits: Tensor, training: bool | None = False) -> Tensor:
        return ops.softmax(logits, self.axis)

    def log_distribution(self, logits: Tensor) -> Tensor:
        return ops.log_softmax(logits, self.axis)
