"""1.5-entmax as a layer."""

import keras

from kerasoft.layers.sparse_layer import SparseLayer
from kerasoft.losses.entmax15_loss import Entmax15Loss


@keras.saving.register_keras_serializable(package="kerasoft")
class Entmax15(SparseLayer):
    """Scores to between softmax and sparsemax: p_i = max(s_i / 2 - tau, 0)^2.

    Classes far below the best get an exact zero. O(C) memory an example, and time of a few passes
    over the classes: `kerasoft.ops.entmax15`. Arguments, shapes and mask: `ScoreLayer`.

    Train it with `matching_loss()` or in a `SoftmaxHead`: the logarithm of a zero trains nothing.

    Reference:
        Peters et al., "Sparse sequence-to-sequence models", ACL 2019.
    """

    alpha = 1.5

    def matching_loss(self, **options) -> keras.losses.Loss:
        return Entmax15Loss(from_probs=True, **{"axis": self.axis, **options})
