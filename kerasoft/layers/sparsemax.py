"""Sparsemax as a layer."""

import keras

from kerasoft.layers.sparse_layer import SparseLayer
from kerasoft.losses.sparsemax_loss import SparsemaxLoss


@keras.saving.register_keras_serializable(package="kerasoft")
class Sparsemax(SparseLayer):
    """Scores to the nearest distribution to the scores: p_i = max(s_i - tau, 0).

    Classes far below the best get an exact zero. O(C) memory an example, and time of a few passes
    over the classes: `kerasoft.ops.sparsemax`. Arguments, shapes and mask: `ScoreLayer`.

    Train it with `matching_loss()` or in a `SoftmaxHead`: the logarithm of a zero trains nothing.

    Reference:
        Martins and Astudillo, "From softmax to sparsemax", ICML 2016.
    """

    alpha = 2.0

    def matching_loss(self, **options) -> keras.losses.Loss:
        return SparsemaxLoss(from_probs=True, **{"axis": self.axis, **options})
