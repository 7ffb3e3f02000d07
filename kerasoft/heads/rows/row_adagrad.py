"""Adagrad with one accumulator a row."""

from collections.abc import Sequence

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from kerasoft.heads.rows.row_optimizer import RowOptimizer, positive
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class RowAdagrad(RowOptimizer):
    """Row-wise Adagrad: every row has its own step size, kept in one number.

        a <- a + mean(g^2),    w <- w - learning_rate * g / (sqrt(a) + epsilon)

    Rare classes keep large steps, frequent ones slow down, and the state is a number a class where
    Adam keeps two for each of its D weights.

    Args:
        learning_rate: a positive number, or a Keras schedule over the head's own steps.
        epsilon: a positive number that bounds the step of a row with small gradients.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if an argument is not allowed.

    References:
        - [Duchi et al., 2011](https://jmlr.org/papers/v12/duchi11a.html); one accumulator a row:
          [Mudigere et al., 2022](https://arxiv.org/abs/2104.05158)
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        epsilon: float = 1e-8,
        **kwargs,
    ):
        super().__init__(learning_rate, **kwargs)
        self.epsilon = positive("epsilon", epsilon)

    def slots(self, shape: tuple) -> dict[str, tuple]:
        return {"accumulator": shape[:1]}

    def changes(
        self, gradients: Tensor, slots: Sequence[Tensor], rate: Tensor, step: Tensor
    ) -> tuple[Tensor, ...]:
        (accumulator,) = slots
        axes = tuple(range(1, len(gradients.shape)))
        growth = ops.mean(gradients * gradients, axis=axes) if axes else gradients * gradients
        root = ops.sqrt(accumulator + growth) + self.epsilon
        root = ops.reshape(root, (-1, *(1 for _ in gradients.shape[1:])))
        return -rate * gradients / root, growth

    def get_config(self) -> dict:
        return {**super().get_config(), "epsilon": self.epsilon}
