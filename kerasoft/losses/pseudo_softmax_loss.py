"""The loss of pseudo-softmax, from scores."""

from collections.abc import Sequence

import keras

from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.origin import Origin
from kerasoft.ops.labels import expected
from kerasoft.ops.precision import Tensor
from kerasoft.ops.pseudo_softmax import check_base, log_pseudo_softmax


@keras.saving.register_keras_serializable(package="kerasoft")
class PseudoSoftmaxLoss(ClassificationLoss):
    """Cross-entropy of the labels and pseudo_softmax(scores, base), in nats.

    For predictions that are raw scores; -inf masks a class. Its gradient is log(base) (p - y). O(C)
    time and memory a row.

    Args:
        base: a finite number above 1.

    All other arguments, labels, results and errors: `ClassificationLoss`.
    """

    def __init__(
        self,
        base: float = 2.0,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "pseudo_softmax_loss",
        dtype: str | None = None,
    ):
        super().__init__(label_smoothing, class_weight, ignore_class, axis, reduction, name, dtype)
        self.base = check_base(base)

    def values(self, inputs: Tensor, labels: Tensor, origin: Origin | None) -> Tensor:
        log_probs = log_pseudo_softmax(inputs, self.base, self.axis)
        return -expected(log_probs, labels, self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "base": self.base}
