"""The loss of 1.5-entmax, from scores."""

import keras

from kerasoft.losses.fenchel_young_loss import FenchelYoungLoss


@keras.saving.register_keras_serializable(package="kerasoft")
class Entmax15Loss(FenchelYoungLoss):
    """The Fenchel-Young loss of 1.5-entmax: zero where the label leads by 2 or more.

    Args:
        from_probs: whether predictions are the outputs of an `Entmax15` layer (see
            `FenchelYoungLoss`) instead of scores.

    All other arguments, labels, results and errors: `ClassificationLoss`. Complexity and gradient:
    `FenchelYoungLoss`.

    Reference:
        Peters et al., "Sparse sequence-to-sequence models", ACL 2019.
    """

    alpha = 1.5
    default_name = "entmax15_loss"
