"""Gumbel-softmax as a layer, its temperature given, scheduled or learned."""

import math

import keras
from keras import ops as keras_ops
from keras.optimizers.schedules import LearningRateSchedule

from kerasoft import ops
from kerasoft.errors import InvalidArgumentError
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.ops.gumbel_softmax import (
    check_noise,
    check_temperature,
    gumbel_logits,
    straight_through,
)
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class GumbelSoftmax(ScoreLayer):
    """While training, a relaxed draw from softmax(scores); otherwise softmax(scores) itself.

        p = softmax((s + g) / temperature),  g standard Gumbel noise

    Noise is fresh on every call, from the layer's own `keras.random.SeedGenerator`. O(C) time and
    memory an example. Shapes and mask: `ScoreLayer`.

    Args:
        temperature: a number from 1e-30 to 1e30, applied while training only; or a
            `keras.optimizers.schedules.LearningRateSchedule` of such numbers over training steps,
            that is calls while training: with the `mixing` of a `Classifier` a step has two.
        learn_temperature: whether the temperature is a weight (its logarithm is) that starts at the
            number given.
        hard: return the sample itself while training, exactly one-hot, with the gradient of the
            relaxed draw (straight-through). The loss stays relaxed: the logarithm of a one-hot
            sample is -inf nearly everywhere.
        noise: "gumbel", or "normal", which published code has by mistake.
        seed: an integer to repeat a run's draws, or None.
        axis: the class axis.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if `temperature` or `noise` is not allowed, or a schedule is to be
            learned.

    References:
        Jang et al., "Categorical reparameterization with Gumbel-softmax", ICLR 2017;
        Maddison et al., "The concrete distribution", ICLR 2017.
    """

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
        super().__init__(axis=axis, **kwargs)
        for name, value in {"learn_temperature": learn_temperature, "hard": hard}.items():
            if not isinstance(value, bool):
                raise InvalidArgumentError(f"`{name}` must be True or False.", **{name: value})
        self.temperature = temperature
        self.learn_temperature = learn_temperature
        self.hard = hard
        self.noise = check_noise(noise)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._add_weights()

    def _add_weights(self) -> None:
        if isinstance(self.temperature, LearningRateSchedule):
            if self.learn_temperature:
                raise InvalidArgumentError(
                    "`temperature` must be a number to be learned.", temperature=self.temperature
                )
            self.step = self.add_weight(
                shape=(), initializer="zeros", dtype="int32", trainable=False, name="step"
            )
            return
        self.temperature = check_temperature(self.temperature)
        if self.learn_temperature:
            start = keras.initializers.Constant(math.log(self.temperature))
            self.log_temperature = self.add_weight(
                shape=(),
                initializer=start,
                dtype="float32",
                autocast=False,
                name="log_temperature",
            )

    def _next_temperature(self) -> float | Tensor:
        """Of this training step; a schedule moves on."""
        if self.learn_temperature:
            return keras_ops.exp(keras_ops.convert_to_tensor(self.log_temperature))
        if not isinstance(self.temperature, LearningRateSchedule):
            return self.temperature
        temperature = self.temperature(keras_ops.convert_to_tensor(self.step))
        self.step.assign_add(1)
        return keras_ops.cast(temperature, "float32")

    def logits(self, scores: Tensor, training: bool | None = False) -> Tensor:
        if not training:
            return scores
        temperature = self._next_temperature()
        return gumbel_logits(scores, temperature, self.seed_generator, self.axis, self.noise)

    def distribution(self, logits: Tensor, training: bool | None = False) -> Tensor:
        soft = ops.softmax(logits, self.axis)
        return straight_through(soft, logits, self.axis) if self.hard and training else soft

    def log_distribution(self, logits: Tensor) -> Tensor:
        return ops.log_softmax(logits, self.axis)

    def get_config(self) -> dict:
        temperature = self.temperature
        if isinstance(temperature, LearningRateSchedule):
            temperature = keras.saving.serialize_keras_object(temperature)
        return {
            **super().get_config(),
            "temperature": temperature,
            "learn_temperature": self.learn_temperature,
            "hard": self.hard,
            "noise": self.noise,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict) -> "GumbelSoftmax":
        temperature = config["temperature"]
        if isinstance(temperature, dict):
            temperature = keras.saving.deserialize_keras_object(temperature)
        return cls(**{**config, "temperature": temperature})
