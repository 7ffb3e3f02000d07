"""The loss of a distribution that a layer has already computed."""

import keras
from keras import ops

from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.labels import expected
from kerasoft.ops.precision import Tensor, widen

_SMALLEST_PROBABILITY = 2.0**-126  # the smallest normal float32


@keras.saving.register_keras_serializable(package="kerasoft")
class NegativeLogLikelihood(ClassificationLoss):
    """Minus the natural logarithm of the label's probability: -log p_y.

    For predictions that are a distribution already: the outputs of a score layer or a head. Scores
    belong to `SoftmaxCrossEntropy`.

    Probabilities are not clipped at 1e-7 as Keras's cross-entropy does, which leaves a confidently
    wrong example without a gradient; only what float32 cannot hold (below 1e-38) is lost.
    Log-probabilities (`from_log_probs=True`) lose nothing.

    Args:
        from_log_probs: whether predictions are log-probabilities.
        axis, reduction, name, dtype: as in every Keras loss; `axis` is the class axis.

    Call arguments:
        y_true: class ids (...) or (..., 1), or one weight a class (..., C).
        y_pred: probabilities or log-probabilities (..., C).

    Returns:
        float32 (or wider) values of shape (...) from `call`, reduced by `__call__`. O(1) a row for
        class ids.
    """

    def __init__(
        self,
        from_log_probs: bool = False,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "negative_log_likelihood",
        dtype: str | None = None,
    ):
        super().__init__(axis=axis, reduction=reduction, name=name, dtype=dtype)
        self.from_log_probs = from_log_probs

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        log_probs = widen(y_pred)
        if not self.from_log_probs:
            log_probs = ops.log(ops.maximum(log_probs, _SMALLEST_PROBABILITY))
        return -expected(log_probs, y_true, self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "from_log_probs": self.from_log_probs}
