"""Log-Gumbel-softmax as a layer."""

import keras
from keras.optimizers.schedules import LearningRateSchedule

from kerasoft.errors import InvalidArgumentError
from kerasoft.layers.gumbel_softmax import GumbelSoftmax


@keras.saving.register_keras_serializable(package="kerasoft")
class LogGumbelSoftmax(GumbelSoftmax):
    """The logarithm of `GumbelSoftmax`, computed in log space.

    While training log softmax((s + g) / temperature), otherwise log softmax(s). O(C) time and
    memory an example. Arguments are those of `GumbelSoftmax` but for `hard`: the logarithm of a
    one-hot sample is -inf nearly everywhere.

    Raises:
        InvalidArgumentError: as `GumbelSoftmax`, or if `hard` is asked.
    """

    returns_log_probs = True

    def __init__(
        self,
        temperature: float | LearningRateSchedule = 1.0,
        learn_temperature: bool = False,
        hard: bool = False,
        noise: str = "gumbel",
        seed: int | None = None,
        axis: int = -1,
        **kwargs,
    ):
        if hard:
            raise InvalidArgumentError("`hard` draws have no useful logarithm.", hard=hard)
        super().__init__(
            temperature, learn_temperature, noise=noise, seed=seed, axis=axis, **kwargs
        )
