"""Losses that belong to the softmax variants, as Keras losses."""

from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.entmax15_loss import Entmax15Loss
from kerasoft.losses.entmax_loss import EntmaxLoss
from kerasoft.losses.multiclass_hinge import MulticlassHinge
from kerasoft.losses.negative_log_likelihood import NegativeLogLikelihood
from kerasoft.losses.pseudo_softmax_loss import PseudoSoftmaxLoss
from kerasoft.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from kerasoft.losses.sparsemax_loss import SparsemaxLoss

__all__ = [
    "ClassificationLoss",
    "Entmax15Loss",
    "EntmaxLoss",
    "MulticlassHinge",
    "NegativeLogLikelihood",
    "PseudoSoftmaxLoss",
    "SoftmaxCrossEntropy",
    "SparsemaxLoss",
]
