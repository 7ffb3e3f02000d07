"""The loss of softmax, from scores."""

from collections.abc import Sequence

import keras

from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.origin import Origin
from kerasoft.ops.labels import expected
from kerasoft.ops.precision import Tensor
from kerasoft.ops.softmax import log_softmax


@keras.saving.register_keras_serializable(package="kerasoft")
class SoftmaxCrossEntropy(ClassificationLoss):
    """Cross-entropy of the labels and softmax(scores): log sum_j exp(s_j) - s_y.

    For predictions that are raw scores, any real numbers; -inf masks a class. Its gradient is
    softmax(s) - y, however wrong the example. O(C) time and memory a row.

    Arguments, labels, results and errors: `ClassificationLoss`.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "softmax_cross_entropy",
        dtype: str | None = None,
    ):
        super().__init__(label_smoothing, class_weight, ignore_class, axis, reduction, name, dtype)

    def values(self, inputs: Tensor, labels: Tensor, origin: Origin | None) -> Tensor:
        return -expected(log_softmax(inputs, self.axis), labels, self.axis)
