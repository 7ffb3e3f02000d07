"""The loss of a distribution that a layer has already computed."""

from collections.abc import Sequence

import keras
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.origin import Origin
from kerasoft.ops.labels import expected
from kerasoft.ops.precision import Tensor, widen

_SMALLEST_PROBABILITY = 2.0**-126  # the smallest normal float32


@keras.saving.register_keras_serializable(package="kerasoft")
class NegativeLogLikelihood(ClassificationLoss):
    """Minus the natural logarithm of the label's probability: -log p_y.

    For predictions that are a distribution already: the outputs of a score layer or a head. Scores
    belong to `SoftmaxCrossEntropy`. O(C) time and memory a row.

    The outputs of a kerasoft score layer lead back to the scores that they were made from, and the
    loss is computed there: nothing underflows, in no dtype. For other probabilities only what
    float32 cannot hold (below 1e-38) is lost, where Keras's own cross-entropy clips at 1e-7 and
    leaves a confidently wrong example without a gradient.

    Args:
        from_log_probs: whether predictions are log-probabilities.

    All other arguments, labels and results: `ClassificationLoss`.

    Raises:
        InvalidArgumentError: also if the predictions are known to come from a score layer of the
            other kind, or from a sparse one, whose zeros have no logarithm.
    """

    def __init__(
        self,
        from_log_probs: bool = False,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "negative_log_likelihood",
        dtype: str | None = None,
    ):
        super().__init__(label_smoothing, class_weight, ignore_class, axis, reduction, name, dtype)
        self.from_log_probs = from_log_probs

    def inputs(self, y_pred: Tensor, origin: Origin | None) -> Tensor:
        if origin is not None:
            self._check(origin.layer)
            return origin.layer.log_distribution(origin.logits)
        if self.from_log_probs:
            return y_pred
        return ops.log(ops.maximum(widen(y_pred), _SMALLEST_PROBABILITY))

    def values(self, inputs: Tensor, labels: Tensor, origin: Origin | None) -> Tensor:
        return -expected(inputs, labels, self.axis)

    def _check(self, layer: keras.layers.Layer) -> None:
        """Refuses a layer whose outputs this loss would misread."""
        made_by = type(layer).__name__
        if layer.is_sparse:
            raise InvalidArgumentError(
                "A sparse distribution gives classes probability 0, which has no logarithm and no "
                "gradient: use the loss that its layer's matching_loss() gives.",
                predictions_made_by=made_by,
            )
        if layer.returns_log_probs != self.from_log_probs:
            kind = "log-probabilities" if layer.returns_log_probs else "probabilities"
            raise InvalidArgumentError(
                f"These predictions are {kind}: `from_log_probs` must be "
                f"{layer.returns_log_probs}, as in the loss of the layer's matching_loss().",
                from_log_probs=self.from_log_probs,
                predictions_made_by=made_by,
            )

    def get_config(self) -> dict:
        return {**super().get_config(), "from_log_probs": self.from_log_probs}
