"""Gumbel-softmax as a layer."""

import keras

from kerasoft import ops
from kerasoft.errors import InvalidArgumentError
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.ops.gumbel_softmax import check_temperature
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class GumbelSoftmax(ScoreLayer):
    """While training, a relaxed draw from softmax(scores); otherwise softmax(scores) itself.

        p = softmax((s + g) / temperature),  g standard Gumbel noise

    Noise is fresh on every call, from the layer's own `keras.random.SeedGenerator`. O(C) time and
    memory an example. Shapes and mask: `ScoreLayer`.

    Args:
        temperature: a positive number (at least 1e-30), applied while training only.
        hard: return the sample itself while training, exactly one-hot, with the gradient of the
            relaxed draw (straight-through). `loss` and `log_prob` stay relaxed: the logarithm of a
            one-hot sample is -inf nearly everywhere.
        seed: an integer to repeat a run's draws, or None.
        axis: the class axis.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if `temperature` is not a positive finite number.

    Reference:
        Jang et al., "Categorical reparameterization with Gumbel-softmax", ICLR 2017.
    """

    def __init__(
        self,
        temperature: float = 1.0,
        hard: bool = False,
        seed: int | None = None,
        axis: int = -1,
        **kwargs,
    ):
        super().__init__(axis=axis, **kwargs)
        self.temperature = check_temperature(temperature)
        self.hard = hard
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def prob(self, scores: Tensor, training: bool | None = False) -> Tensor:
        if not training:
            return ops.softmax(scores, self.axis)
        return ops.gumbel_softmax(
            scores, self.temperature, self.hard, self.seed_generator, self.axis
        )

    def log_prob(self, scores: Tensor, training: bool | None = False) -> Tensor:
        if not training:
            return ops.log_softmax(scores, self.axis)
        return ops.log_gumbel_softmax(scores, self.temperature, self.seed_generator, self.axis)

    def matching_loss(self) -> keras.losses.Loss:
        """As every score layer's, but for `hard` draws, which leave no gradient where they miss."""
        if self.hard:
            raise InvalidArgumentError(
                "`hard` draws have no useful negative log-likelihood: train through a SoftmaxHead, "
                "whose loss stays relaxed.",
                hard=self.hard,
            )
        return super().matching_loss()

    def get_config(self) -> dict:
        config = {"temperature": self.temperature, "hard": self.hard, "seed": self.seed}
        return {**super().get_config(), **config}
