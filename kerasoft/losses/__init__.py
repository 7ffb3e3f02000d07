"""Losses that belong to the softmax variants, as Keras losses."""

from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.negative_log_likelihood import NegativeLogLikelihood
from kerasoft.losses.pseudo_softmax_loss import PseudoSoftmaxLoss
from kerasoft.losses.softmax_cross_entropy import SoftmaxCrossEntropy

__all__ = [
    "ClassificationLoss",
    "NegativeLogLikelihood",
    "PseudoSoftmaxLoss",
    "SoftmaxCrossEntropy",
]
