"""Cover a square of each image, each its own."""

import math
from numbers import Real

import keras
import numpy as np
from keras import ops

from kerasoft.augmentation.arguments import check_probability
from kerasoft.augmentation.boxes import random_boxes
from kerasoft.augmentation.random_layer import RandomLayer
from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import random
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class RandomCutout(RandomLayer):
    """While training, covers a square of each image with one value.

    Its centre is any pixel of the image, each as likely, so that the border may cut off up to three
    quarters of it: images that are covered less are part of the method.

    Args:
        size: height and width of the square, in pixels: a positive integer.
        probability: share of the images that are covered.
        value: what covers them, in the unit of the images. The default is the middle of 0..255.
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Call arguments:
        images: tensor (N, H, W, C) of any dtype.
        training: nothing happens unless true.

    Returns:
        Images of the same shape and dtype.

    Raises:
        InvalidArgumentError: if an argument is not allowed, or `value` is none that integer images
            can hold.

    References:
        DeVries & Taylor, "Improved regularization of convolutional neural networks with cutout",
        arXiv 2017.
    """

    def __init__(
        self,
        size: int = 8,
        probability: float = 1.0,
        value: float = 128,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(seed, **kwargs)
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise InvalidArgumentError("`size` must be a positive integer.", size=size)
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise InvalidArgumentError("`value` must be a finite number.", value=value)
        self.size = size
        self.probability = check_probability(probability)
        self.value = value

    def changed(self, images: Tensor) -> Tensor:
        dtype = keras.backend.standardize_dtype(images.dtype)
        self._check_value(dtype)
        coins = random.uniform((ops.shape(images)[0], 1, 1, 1), self.seed_generator)
        boxes = random_boxes(images, self.size, self.size, self.seed_generator)
        covered = ops.logical_and(boxes, coins < self.probability)
        return ops.where(covered, ops.cast(self.value, dtype), images)

    def _check_value(self, dtype: str) -> None:
        if keras.backend.is_float_dtype(dtype):
            return
        limits = np.iinfo(dtype)
        if self.value != int(self.value) or not limits.min <= self.value <= limits.max:
            raise InvalidArgumentError(
                f"`value` must be an integer that {dtype} images can hold.", value=self.value
            )

    def get_config(self) -> dict:
        config = {"size": self.size, "probability": self.probability, "value": self.value}
        return {**super().get_config(), **config}
