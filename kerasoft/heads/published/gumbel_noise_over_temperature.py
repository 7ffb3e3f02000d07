"""Gumbel-softmax with a temperature that divides the noise alone."""

import keras
from keras import ops

from kerasoft.heads.published.every_score import EveryScore
from kerasoft.layers import GumbelSoftmax
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class GumbelNoiseOverTemperature(EveryScore):
    """While training softmax(s + g / temperature), otherwise softmax(s); g standard Gumbel noise.

    A Gumbel-softmax divides the scores too. Here a high temperature makes the noise small and
    leaves softmax: the opposite of what a temperature does.

    Args:
        num_classes: number of classes C.
        temperature: a number from 1e-30 to 1e30.
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in `EveryScore`.

    Raises:
        InvalidArgumentError: if `temperature` is not allowed.
    """

    def __init__(
        self, num_classes: int, temperature: float = 1.0, seed: int | None = None, **kwargs
    ):
        super().__init__(num_classes, **kwargs)
        self.noise = GumbelSoftmax(temperature, seed=seed)

    def call(self, features: Tensor, training: bool | None = None) -> Tensor:
        return self.softmax.prob(self._perturbed(features, training))

    def log_prob(self, features: Tensor, training: bool | None = False) -> Tensor:
        return self.softmax.log_prob(self._perturbed(features, training))

    def values(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        return self.softmax.loss(self._perturbed(features, training), labels)

    def _perturbed(self, features: Tensor, training: bool | None) -> Tensor:
        scores = self.scores(features)
        if not training:
            return scores
        return scores + self.noise.logits(ops.zeros_like(scores), training)

    def get_config(self) -> dict:
        config = {"temperature": self.noise.temperature, "seed": self.noise.seed}
        return {**super().get_config(), **config}
