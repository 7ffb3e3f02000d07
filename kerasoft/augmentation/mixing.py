"""What MixUp and CutMix share: each image is mixed with another of its batch."""

import keras
from keras import ops

from kerasoft.augmentation.arguments import check_probability
from kerasoft.ops import random
from kerasoft.ops.precision import Tensor


class Mixing(keras.layers.Layer):
    """Base class of the layers that mix images, for the `mixing` of a `Classifier`.

    A subclass gives `own_weights`. Labels stay as they are: the loss of a mixed image is that with
    its own label and that with its partner's, by their shares, which any head can compute.

    The partners are the batch rolled by one random offset, so that no image is its own partner
    (unless it is alone), each other one is as likely, and each is a partner once.

    Args:
        probability: share of the images that are mixed, each by its own coin.
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if an argument is not allowed.
    """

    def __init__(self, probability: float = 1.0, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.probability = check_probability(probability)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def own_weights(self, images: Tensor) -> Tensor:
        """How much each pixel keeps of itself: float32, of the rank of the images, or 1 a size."""
        raise NotImplementedError

    def mix(self, images: Tensor, training: bool | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Mixes each image of a batch with another.

        Args:
            images: tensor (N, ...) of any float dtype, or of integers, which stay integers.
            training: nothing happens unless true.

        Returns:
            Images of the same shape and dtype; int32 (N,), which of the batch each was mixed with;
            float32 (N,), the share of its own label, in [0, 1]. O(N) numbers an image.
        """
        count = ops.shape(images)[0]
        own = ops.arange(count, dtype="int32")
        if not training:
            return images, own, ops.ones((count,), "float32")
        partners = self._partners(own, count)
        weights = self.own_weights(images)
        coins = self._uniform((count,) + (1,) * (len(images.shape) - 1))
        weights = ops.where(coins < self.probability, weights, 1.0)
        shares = ops.mean(weights, axis=tuple(range(1, len(images.shape))))
        return _mixed(images, partners, weights), partners, shares

    def _partners(self, own: Tensor, count: int) -> Tensor:
        offsets = ops.cast(count - 1, "float32") * self._uniform((1,))
        return (own + 1 + ops.cast(offsets, "int32")) % count

    def _uniform(self, shape: tuple) -> Tensor:
        return random.uniform(shape, self.seed_generator)

    def get_config(self) -> dict:
        config = {"probability": self.probability, "seed": self.seed}
        return {**super().get_config(), **config}


def _mixed(images: Tensor, partners: Tensor, weights: Tensor) -> Tensor:
    dtype = keras.backend.standardize_dtype(images.dtype)
    wide = ops.cast(images, "float32")
    mixed = weights * wide + (1.0 - weights) * ops.take(wide, partners, axis=0)
    if not keras.backend.is_float_dtype(dtype):
        mixed = ops.round(mixed)
    return ops.cast(mixed, dtype)
