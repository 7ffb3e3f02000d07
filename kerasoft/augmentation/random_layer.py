"""What the layers that change images at random share."""

import keras

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor


class RandomLayer(keras.layers.Layer):
    """Base class of layers that change images while training, and let them pass otherwise.

    A subclass gives `changed`.

    Args:
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if what is to be changed are no images (N, H, W, C).
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)  # half precision would round grey levels
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def changed(self, images: Tensor) -> Tensor:
        """Images of the same shape and dtype."""
        raise NotImplementedError

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        if not training:
            return images
        if len(images.shape) != 4:
            raise InvalidArgumentError(
                "`images` must be (N, H, W, C).", images_shape=tuple(images.shape)
            )
        return self.changed(images)

    def compute_output_spec(self, images: Tensor, training: bool | None = None) -> Tensor:
        return keras.KerasTensor(images.shape, dtype=images.dtype)

    def get_config(self) -> dict:
        return {**super().get_config(), "seed": self.seed}
