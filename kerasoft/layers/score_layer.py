"""What every score layer shares."""

import keras
from keras import ops

from kerasoft.losses.labels import expected
from kerasoft.losses.negative_log_likelihood import NegativeLogLikelihood
from kerasoft.ops.precision import Tensor


class ScoreLayer(keras.layers.Layer):
    """Base class of the layers from scores to a distribution over classes.

    A subclass gives `prob` and `log_prob`; the rest follows: `call` returns one of the two (which,
    says `returns_log_probs`), `matching_loss` is the Keras loss for what `call` returns, and `loss`
    is the same loss straight from the scores, where no probability can underflow.

    Args:
        axis: the class axis.
        **kwargs: as in every Keras layer (`name`, `dtype`, ...).

    Call arguments:
        scores: float tensor (..., C); -inf masks a class.
        mask: boolean tensor of the shape of `scores` (True keeps a class), or None. A mask with one
            axis less (Keras's mask of time steps) is only passed on.
        training: whether to draw noise, in the layers that do.

    Returns:
        A tensor of the shape of `scores`, in the layer's compute dtype.
    """

    returns_log_probs = False

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self.built = True  # no weights, so nothing depends on a shape

    def prob(self, scores: Tensor, training: bool | None = False) -> Tensor:
        """Probabilities, in the shape and dtype of `scores`."""
        raise NotImplementedError

    def log_prob(self, scores: Tensor, training: bool | None = False) -> Tensor:
        """Natural logarithms of the probabilities, in the shape and dtype of `scores`."""
        raise NotImplementedError

    def call(
        self, scores: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> Tensor:
        if mask is not None and len(mask.shape) == len(scores.shape):
            scores = ops.where(ops.cast(mask, "bool"), scores, -float("inf"))
        return (self.log_prob if self.returns_log_probs else self.prob)(scores, training)

    def loss(self, scores: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        """The layer's loss of each example, from scores (..., C) and labels (...): shape (...)."""
        return -expected(self.log_prob(scores, training), labels, self.axis)

    def matching_loss(self) -> keras.losses.Loss:
        """The Keras loss that takes this layer's outputs as predictions."""
        return NegativeLogLikelihood(from_log_probs=self.returns_log_probs, axis=self.axis)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}
