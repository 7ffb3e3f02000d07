"""The loss of sparsemax, from scores."""

from collections.abc import Sequence

import keras

from kerasoft.losses.fenchel_young_loss import FenchelYoungLoss


@keras.saving.register_keras_serializable(package="kerasoft")
class SparsemaxLoss(FenchelYoungLoss):
    """The Fenchel-Young loss of sparsemax: zero where the label leads by 1 or more.

    Args:
        from_probs: whether predictions are the outputs of a `Sparsemax` layer (see
            `FenchelYoungLoss`) instead of scores.

    All other arguments, labels, results and errors: `ClassificationLoss`. Complexity and gradient:
    `FenchelYoungLoss`.

    Reference:
        Martins and Astudillo, "From softmax to sparsemax", ICML 2016.
    """

    def __init__(
        self,
        from_probs: bool = False,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "sparsemax_loss",
        dtype: str | None = None,
    ):
        super().__init__(
            from_probs, label_smoothing, class_weight, ignore_class, axis, reduction, name, dtype
        )
        self.alpha = 2.0
