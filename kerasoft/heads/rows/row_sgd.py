"""Stochastic gradient descent on touched rows."""

from collections.abc import Sequence

import keras
from keras.optimizers.schedules import LearningRateSchedule

from kerasoft.heads.rows.row_optimizer import RowOptimizer
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class RowSGD(RowOptimizer):
    """Gradient descent without momentum: the same as `keras.optimizers.SGD`, row by row.

        w <- w - learning_rate * g

    Args:
        learning_rate: a positive number, or a Keras schedule over the head's own steps.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if the learning rate is neither.
    """

    sums_duplicates = False  # the table sums them, as they come

    def __init__(self, learning_rate: float | LearningRateSchedule = 0.01, **kwargs):
        super().__init__(learning_rate, **kwargs)

    def slots(self, shape: tuple) -> dict[str, tuple]:
        return {}

    def changes(
        self, gradients: Tensor, slots: Sequence[Tensor], rate: Tensor, step: Tensor
    ) -> tuple[Tensor, ...]:
        return (-rate * gradients,)
