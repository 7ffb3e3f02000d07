"""The loss of pseudo-softmax, from scores."""

import keras

from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.labels import expected
from kerasoft.ops.precision import Tensor, widen
from kerasoft.ops.pseudo_softmax import check_base, log_pseudo_softmax


@keras.saving.register_keras_serializable(package="kerasoft")
class PseudoSoftmaxLoss(ClassificationLoss):
    """Cross-entropy of the labels and pseudo_softmax(scores, base), in nats.

    For predictions that are raw scores. Its gradient is log(base) (p - y).

    Args:
        base: a finite number above 1.
        axis, reduction, name, dtype: as in every Keras loss; `axis` is the class axis.

    Call arguments:
        y_true: class ids (...) or (..., 1), or one weight a class (..., C).
        y_pred: scores (..., C); -inf masks a class.

    Returns:
        float32 (or wider) values of shape (...) from `call`, reduced by `__call__`. O(C) a row.

    Raises:
        InvalidArgumentError: if `base` is not a finite number above 1.
    """

    def __init__(
        self,
        base: float = 2.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "pseudo_softmax_loss",
        dtype: str | None = None,
    ):
        super().__init__(axis=axis, reduction=reduction, name=name, dtype=dtype)
        self.base = check_base(base)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        log_probs = log_pseudo_softmax(widen(y_pred), self.base, self.axis)
        return -expected(log_probs, y_true, self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "base": self.base}
