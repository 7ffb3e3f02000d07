"""The loss of softmax, from scores."""

import keras

from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.labels import expected
from kerasoft.ops.precision import Tensor, widen
from kerasoft.ops.softmax import log_softmax


@keras.saving.register_keras_serializable(package="kerasoft")
class SoftmaxCrossEntropy(ClassificationLoss):
    """Cross-entropy of the labels and softmax(scores): log sum_j exp(s_j) - s_y.

    For predictions that are raw scores. Its gradient is softmax(s) - y, however wrong the example.

    Args:
        axis, reduction, name, dtype: as in every Keras loss; `axis` is the class axis.

    Call arguments:
        y_true: class ids (...) or (..., 1), or one weight a class (..., C).
        y_pred: scores (..., C), any real numbers; -inf masks a class.

    Returns:
        float32 (or wider) values of shape (...) from `call`, reduced by `__call__`. O(C) a row.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "softmax_cross_entropy",
        dtype: str | None = None,
    ):
        super().__init__(axis=axis, reduction=reduction, name=name, dtype=dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return -expected(log_softmax(widen(y_pred), self.axis), y_true, self.axis)
