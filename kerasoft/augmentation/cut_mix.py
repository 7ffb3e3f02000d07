"""CutMix: a box of another image is pasted into each."""

import keras
from keras import ops

from kerasoft.augmentation.boxes import random_boxes
from kerasoft.augmentation.mixing import Mixing
from kerasoft.augmentation.symmetric_beta import SymmetricBeta
from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class CutMix(Mixing):
    """Each image has a box of another in its place, of a share 1 - s, s from Beta(alpha, alpha).

    The box has the proportions of the image and its centre anywhere in it; what the border cuts off
    counts for the image's own label. Each image has a box of its own, where the paper draws one
    a batch. Images are (N, H, W, C).

    Args:
        alpha: a number above 0 and up to 100: 1 makes every share as likely.
        probability: share of the images that are mixed, each by its own coin.
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if an argument is not allowed, or the inputs are no images.

    References:
        Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable
        features", ICCV 2019.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        probability: float = 1.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability, seed, **kwargs)
        self.shares = SymmetricBeta(alpha)

    def own_weights(self, images: Tensor) -> Tensor:
        return outside_boxes(images, self.shares, self.seed_generator)

    def get_config(self) -> dict:
        return {**super().get_config(), "alpha": self.shares.alpha}


def outside_boxes(
    images: Tensor, shares: SymmetricBeta, seed: keras.random.SeedGenerator
) -> Tensor:
    """1 outside of each image's box and 0 within: (N, H, W, 1)."""
    if len(images.shape) != 4:
        raise InvalidArgumentError(
            "CutMix is for images (N, H, W, C).", images_shape=tuple(images.shape)
        )
    sides = ops.sqrt(1.0 - shares.draw((ops.shape(images)[0],), seed))
    heights, widths = (ops.cast(sides * extent, "int32") for extent in images.shape[1:3])
    return 1.0 - ops.cast(random_boxes(images, heights, widths, seed), "float32")
