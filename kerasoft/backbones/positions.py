"""Position embeddings."""

import keras

from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class LearnedPositions(keras.layers.Layer):
    """Adds a learned vector to every token, the same for all examples.

    Args:
        embeddings_initializer: initializer of the vectors (T, D).
        **kwargs: as in every Keras layer.

    Call arguments:
        tokens: (N, T, D), with as many tokens in every call.

    Returns:
        (N, T, D), in the layer's compute dtype.
    """

    def __init__(
        self,
        embeddings_initializer: str | keras.initializers.Initializer = "truncated_normal",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)

    def build(self, tokens_shape: tuple) -> None:
        self.embeddings = self.add_weight(
            shape=tokens_shape[1:], initializer=self.embeddings_initializer, name="embeddings"
        )

    def call(self, tokens: Tensor) -> Tensor:
        return tokens + self.embeddings

    def compute_output_shape(self, tokens_shape: tuple) -> tuple:
        return tokens_shape

    def get_config(self) -> dict:
        initializer = keras.initializers.serialize(self.embeddings_initializer)
        return {**super().get_config(), "embeddings_initializer": initializer}
