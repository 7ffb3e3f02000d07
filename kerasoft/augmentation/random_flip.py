"""Mirror images, each by its own coin."""

import keras
from keras import ops

from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class RandomFlip(keras.layers.Layer):
    """While training, mirrors each image left to right with probability one half.

    Args:
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Call arguments:
        images: tensor (N, H, W, C) of any dtype.
        training: nothing happens unless true.

    Returns:
        Images of the same shape and dtype.
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        if not training:
            return images
        draws = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), seed=self.seed_generator)
        return ops.where(draws < 0.5, ops.flip(images, axis=2), images)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.seed}
