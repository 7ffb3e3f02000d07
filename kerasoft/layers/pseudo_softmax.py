"""Pseudo-softmax as a layer."""

import keras

from kerasoft import ops
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.ops.precision import Tensor
from kerasoft.ops.pseudo_softmax import check_base


@keras.saving.register_keras_serializable(package="kerasoft")
class PseudoSoftmax(ScoreLayer):
    """Scores to probabilities with another base than e: p_i = base^s_i / sum_j base^s_j.

    O(C) time and memory an example. Shapes and mask: `ScoreLayer`.

    Args:
        base: a finite number above 1.
        axis: the class axis.
        **kwargs: as in every Keras layer.

    Raises:
        InvalidArgumentError: if `base` is not a finite number above 1.

    Reference:
        Cardarilli et al., "A pseudo-softmax function for hardware-based high speed image
        classification", Scientific Reports 11, 2021.
    """

    def __init__(self, base: float = 2.0, axis: int = -1, **kwargs):
        super().__init__(axis=axis, **kwargs)
        self.base = check_base(base)

    def distribution(self, logits: Tensor, training: bool | None = False) -> Tensor:
        return ops.pseudo_softmax(logits, self.base, self.axis)

    def log_distribution(self, logits: Tensor) -> Tensor:
        return ops.log_pseudo_softmax(logits, self.base, self.axis)

    def get_config(self) -> dict:
        return {**super().get_config(), "base": self.base}
