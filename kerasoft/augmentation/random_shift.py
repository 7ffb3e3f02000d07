"""Shift images, each by its own offset."""

import keras
from keras import ops

from kerasoft.augmentation.random_layer import RandomLayer
from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import random
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class RandomShift(RandomLayer):
    """While training, shifts each image by up to `pixels` both ways; the border is mirrored.

    The same as padding by reflection and cropping at random, image by image (Keras's `RandomCrop`
    draws one offset for the whole batch), but it only gathers rows and columns.

    Args:
        pixels: the largest shift, a non-negative integer below the images' height and width.
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Call arguments:
        images: tensor (N, H, W, C) of any dtype.
        training: nothing happens unless true.

    Returns:
        Images of the same shape and dtype.

    Raises:
        InvalidArgumentError: if `pixels` is not a non-negative integer, or the images are too small
            for it.
    """

    def __init__(self, pixels: int = 4, seed: int | None = None, **kwargs):
        super().__init__(seed, **kwargs)
        if isinstance(pixels, bool) or not isinstance(pixels, int) or pixels < 0:
            raise InvalidArgumentError("`pixels` must be a non-negative integer.", pixels=pixels)
        self.pixels = pixels

    def changed(self, images: Tensor) -> Tensor:
        count, height, width = ops.shape(images)[0], images.shape[1], images.shape[2]
        if self.pixels >= min(height, width):
            raise InvalidArgumentError(
                "`pixels` must be below the images' height and width.",
                pixels=self.pixels,
                images_shape=tuple(images.shape),
            )
        rows = self._sources(count, height)[:, :, None, None]
        columns = self._sources(count, width)[:, None, :, None]
        images = ops.take_along_axis(images, rows, axis=1)
        return ops.take_along_axis(images, columns, axis=2)

    def _sources(self, count: int, length: int) -> Tensor:
        """Which row (or column) each row of each image comes from: (count, length)."""
        shifts = random.randint((count, 1), -self.pixels, self.pixels + 1, self.seed_generator)
        places = ops.abs(ops.arange(length)[None, :] + shifts)
        return ops.where(places < length, places, 2 * (length - 1) - places)

    def get_config(self) -> dict:
        return {**super().get_config(), "pixels": self.pixels}
