"""The loss of alpha-entmax, from scores."""

from collections.abc import Sequence

import keras

from kerasoft.losses.fenchel_young_loss import FenchelYoungLoss
from kerasoft.ops.entmax import check_alpha


@keras.saving.register_keras_serializable(package="kerasoft")
class EntmaxLoss(FenchelYoungLoss):
    """The Fenchel-Young loss of alpha-entmax: zero where the label leads by 1 / (alpha - 1).

    Args:
        alpha: a finite number of at least 1; 1 gives cross-entropy, 2 the sparsemax loss. With
            `from_probs`, the layer's own alpha counts, learned or not.
        from_probs: whether predictions are the outputs of an `Entmax` layer (see
            `FenchelYoungLoss`) instead of scores.

    All other arguments, labels, results and errors: `ClassificationLoss`. Complexity and gradient:
    `FenchelYoungLoss`.

    Reference:
        Peters et al., "Sparse sequence-to-sequence models", ACL 2019.
    """

    alpha_is_the_layers = True
    default_name = "entmax_loss"

    def __init__(
        self,
        alpha: float = 1.5,
        from_probs: bool = False,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ):
        super().__init__(
            from_probs, label_smoothing, class_weight, ignore_class, axis, reduction, name, dtype
        )
        self.alpha = check_alpha(alpha)

    def get_config(self) -> dict:
        return {**super().get_config(), "alpha": self.alpha}
