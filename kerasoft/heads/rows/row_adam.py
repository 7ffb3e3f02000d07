"""Adam whose moments move only with their row."""

from collections.abc import Sequence

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from kerasoft.heads.rows.row_optimizer import RowOptimizer, positive, share
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class RowAdam(RowOptimizer):
    """Lazy Adam: the moments of a row that no example touched stay as they are.

        m <- b1 m + (1 - b1) g,    v <- b2 v + (1 - b2) g^2
        w <- w - learning_rate * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)

    with t the head's own steps, for the rows touched in this one; Keras's Adam does this for every
    row in every step. Where every step touches every row the two are the same.

    Args:
        learning_rate: a positive number, or a Keras schedule over the head's own steps.
        beta_1: decay of the first moment, b1, at least 0 and below 1.
        beta_2: decay of the second moment, b2, at least 0 and below 1.
        epsilon: a positive number.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if an argument is not allowed.

    References:
        - [Kingma and Ba, 2015](https://arxiv.org/abs/1412.6980)
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs,
    ):
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = share("beta_1", beta_1)
        self.beta_2 = share("beta_2", beta_2)
        self.epsilon = positive("epsilon", epsilon)

    def slots(self, shape: tuple) -> dict[str, tuple]:
        return {"momentum": shape, "velocity": shape}

    def changes(
        self, gradients: Tensor, slots: Sequence[Tensor], rate: Tensor, step: Tensor
    ) -> tuple[Tensor, ...]:
        momentum, velocity = slots
        momentum_change = (1.0 - self.beta_1) * (gradients - momentum)
        velocity_change = (1.0 - self.beta_2) * (gradients * gradients - velocity)
        correction = ops.sqrt(1.0 - self.beta_2**step) / (1.0 - self.beta_1**step)
        root = ops.sqrt(velocity + velocity_change) + self.epsilon
        row_change = -rate * correction * (momentum + momentum_change) / root
        return row_change, momentum_change, velocity_change

    def get_config(self) -> dict:
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
