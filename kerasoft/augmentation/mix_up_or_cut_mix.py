"""MixUp for some images of a batch, CutMix for the others."""

import keras
from keras import ops

from kerasoft.augmentation.arguments import check_probability
from kerasoft.augmentation.cut_mix import outside_boxes
from kerasoft.augmentation.mix_up import faded
from kerasoft.augmentation.mixing import Mixing
from kerasoft.augmentation.symmetric_beta import SymmetricBeta
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class MixUpOrCutMix(Mixing):
    """Each image is mixed as in `MixUp` or as in `CutMix`, by its own coin.

    Args:
        mix_up_alpha: as `alpha` in `MixUp`.
        cut_mix_alpha: as `alpha` in `CutMix`.
        cut_mix_share: share of the mixed images that are mixed as in `CutMix`.
        probability: share of the images that are mixed, each by its own coin.
        seed: an integer to repeat a run's draws, or None.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if an argument is not allowed, or the inputs are no images.
    """

    def __init__(
        self,
        mix_up_alpha: float = 1.0,
        cut_mix_alpha: float = 1.0,
        cut_mix_share: float = 0.5,
        probability: float = 1.0,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(probability, seed, **kwargs)
        self.mix_up_shares = SymmetricBeta(mix_up_alpha, "mix_up_alpha")
        self.cut_mix_shares = SymmetricBeta(cut_mix_alpha, "cut_mix_alpha")
        self.cut_mix_share = check_probability(cut_mix_share, "cut_mix_share")

    def own_weights(self, images: Tensor) -> Tensor:
        weights = faded(images, self.mix_up_shares, self.seed_generator)
        boxes = outside_boxes(images, self.cut_mix_shares, self.seed_generator)
        coins = self._uniform((ops.shape(images)[0], 1, 1, 1))
        return ops.where(coins < self.cut_mix_share, boxes, weights)

    def get_config(self) -> dict:
        config = {
            "mix_up_alpha": self.mix_up_shares.alpha,
            "cut_mix_alpha": self.cut_mix_shares.alpha,
            "cut_mix_share": self.cut_mix_share,
        }
        return {**super().get_config(), **config}
