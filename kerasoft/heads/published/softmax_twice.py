"""A softmax whose probabilities go to a loss that applies softmax again."""

import keras

from kerasoft import ops
from kerasoft.heads.published.every_score import EveryScore
from kerasoft.ops.labels import expected
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class SoftmaxTwice(EveryScore):
    """Predicts p = softmax(s), and trains as if p were scores.

        L = -log softmax(p)_y,   dL/ds_i = p_i (r_i - sum_j p_j r_j),   r = softmax(p) - y

    Probabilities as scores lie within 1 of each other, so the loss cannot fall below
    log(1 + (C - 1) / e), 3.62 for 100 classes. Where all classes are equally probable, its gradient
    is 1 / C of that of cross-entropy.

    Arguments: `EveryScore`.
    """

    def values(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        probabilities = self.softmax.prob(self.scores(features), training)
        return -expected(ops.log_softmax(probabilities), labels)
