"""MixUp: images faded into each other."""

import keras
from keras import ops

from kerasoft.augmentation.mixing import Mixing
from kerasoft.augmentation.symmetric_beta import SymmetricBeta
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class MixUp(Mixing):
    """Each image is s of itself and 1 - s of another, with s from Beta(alpha, alpha).

    The paper draws one s a batch; here each image has its own.

    Args:
        alpha: a number above 0 and up to 100: the smaller, the less most images are mixed.
        probability: share of the images that are mixed, each by its own coin.
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if an argument is not allowed.

    References:
        Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.

    Example:
        >>> mixing = kerasoft.augmentation.MixUp(alpha=0.2)
        >>> classifier = kerasoft.Classifier(backbone, head, mixing=mixing)
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
        return faded(images, self.shares, self.seed_generator)

    def get_config(self) -> dict:
        return {**super().get_config(), "alpha": self.shares.alpha}


def faded(images: Tensor, shares: SymmetricBeta, seed: keras.random.SeedGenerator) -> Tensor:
    """One weight an image: (N, 1, ...)."""
    return shares.draw((ops.shape(images)[0],) + (1,) * (len(images.shape) - 1), seed)
