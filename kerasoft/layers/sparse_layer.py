"""What the layers of the alpha-entmax family share."""

import keras
from keras import ops

from kerasoft.layers.complexity import Complexity
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.losses.fenchel_young import fenchel_young
from kerasoft.ops.entmax import entmax
from kerasoft.ops.precision import Tensor, widen


class SparseLayer(ScoreLayer):
    """Base class: probabilities entmax(scores, alpha), and their Fenchel-Young loss.

    A probability that is exactly 0 has no logarithm, so the loss is not the negative log-likelihood
    but the one whose gradient is p - y: computed from scores, to which the outputs lead back.

    Attributes:
        alpha: a number of at least 1, or a scalar tensor that is learned.
    """

    complexity = Complexity(forward_time="O(C) a pass, usually 3 to 5, at most O(log C) of them")
    is_sparse = True
    alpha: float | Tensor

    def distribution(self, logits: Tensor, training: bool | None = False) -> Tensor:
        return entmax(logits, self.alpha, self.axis)

    def log_distribution(self, logits: Tensor) -> Tensor:
        p = self.distribution(logits)
        return ops.where(p > 0, ops.log(ops.where(p > 0, p, 1.0)), -float("inf"))

    def loss(self, scores: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        return fenchel_young(widen(scores), labels, self.alpha, self.axis)

    def matching_loss(self, **options) -> keras.losses.Loss:
        raise NotImplementedError
