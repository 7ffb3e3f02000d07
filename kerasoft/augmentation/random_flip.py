"""Mirror images, each by its own coin."""

import keras
from keras import ops

from kerasoft.augmentation.random_layer import RandomLayer
from kerasoft.ops import random
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class RandomFlip(RandomLayer):
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

    def changed(self, images: Tensor) -> Tensor:
        draws = random.uniform((ops.shape(images)[0], 1, 1, 1), self.seed_generator)
        return ops.where(draws < 0.5, ops.flip(images, axis=2), images)
