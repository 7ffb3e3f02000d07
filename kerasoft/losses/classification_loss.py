"""What every kerasoft loss shares: labels stay integers, values come back per example."""

import keras
from keras import ops

from kerasoft.ops.precision import Tensor


class ClassificationLoss(keras.losses.Loss):
    """Base class: `call(labels, predictions)` gives one value an example, never reduced.

    Keras's own `Loss.__call__` casts labels to the loss's float dtype first, where 257 becomes 256
    in bfloat16; this one hands them on as they came, and leaves weighting and reduction to Keras.

    Args:
        axis: the class axis of the predictions.
        reduction: "sum_over_batch_size", "sum", "mean", "mean_with_sample_weight" or None.
        name: the loss's name.
        dtype: the dtype of the reduction; Keras's `floatx()` if None.
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = axis
        self._reduce = Reduction(reduction=reduction, dtype=dtype)

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        values = self.call(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
        return self._reduce(values, y_pred, sample_weight)

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis, "dtype": self.dtype}


class Reduction(keras.losses.Loss):
    """Keras's weighting and reduction of values that are losses already.

    Called as (values, predictions, sample_weight): of the predictions only their Keras mask counts.
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_true
