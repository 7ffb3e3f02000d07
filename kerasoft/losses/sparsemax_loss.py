"""The loss of sparsemax, from scores."""

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

    alpha = 2.0
    default_name = "sparsemax_loss"
