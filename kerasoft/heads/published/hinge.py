"""The loss of a support vector machine in place of a likelihood."""

import keras

from kerasoft.heads.published.every_score import EveryScore
from kerasoft.losses import MulticlassHinge
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class Hinge(EveryScore):
    """Scores every class like a `SoftmaxHead`, and trains with `kerasoft.losses.MulticlassHinge`.

        L = sum_{j != y} max(0, margin + s_j - s_y)

    An SVM knows no probabilities. softmax(s) stands in for them, so that the class of the largest
    score is predicted; what is measured of probabilities says nothing here.

    Args:
        num_classes: number of classes C.
        margin: a positive finite number, in units of the scores.
        **kwargs: as in `EveryScore`.

    Raises:
        InvalidArgumentError: if `margin` is not allowed.
    """

    def __init__(self, num_classes: int, margin: float = 1.0, **kwargs):
        super().__init__(num_classes, **kwargs)
        self._hinge = MulticlassHinge(margin)

    def values(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        return self._hinge.call(labels, self.scores(features))

    def get_config(self) -> dict:
        return {**super().get_config(), "margin": self._hinge.margin}
