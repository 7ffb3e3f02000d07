"""What every score layer shares."""

import keras
from keras import ops

from kerasoft.layers.complexity import Complexity
from kerasoft.losses.negative_log_likelihood import NegativeLogLikelihood
from kerasoft.losses.origin import Origin, remember
from kerasoft.ops.labels import expected
from kerasoft.ops.precision import Tensor, narrow, widen


class ScoreLayer(keras.layers.Layer):
    """Base class of the layers from scores to a distribution over classes.

    A subclass gives `distribution`, `log_distribution` and, where scores are changed first (by
    noise, a temperature, a base), `logits`. The rest follows: `call` returns one of the two (which,
    says `returns_log_probs`), `matching_loss` is the Keras loss for what `call` returns, and `loss`
    is the same loss straight from the scores.

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

    Attributes:
        complexity: what the layer costs, as data.
        returns_log_probs: whether `call` returns logarithms.
        is_sparse: whether classes get probabilities that are exactly 0.
    """

    complexity = Complexity()
    returns_log_probs = False
    is_sparse = False

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self.built = True  # a layer with weights makes them at once: none depends on a shape

    def logits(self, scores: Tensor, training: bool | None = False) -> Tensor:
        """The scores that the distribution is made from: `scores`, or what noise makes of them."""
        return scores

    def distribution(self, logits: Tensor, training: bool | None = False) -> Tensor:
        """Probabilities of float32 (or wider) logits, in their shape and dtype."""
        raise NotImplementedError

    def log_distribution(self, logits: Tensor) -> Tensor:
        """Natural logarithms of these probabilities, in the shape and dtype of `logits`."""
        raise NotImplementedError

    def prob(self, scores: Tensor, training: bool | None = False) -> Tensor:
        """Probabilities, in the shape and dtype of `scores`."""
        return narrow(self.distribution(self.logits(widen(scores), training), training), scores)

    def log_prob(self, scores: Tensor, training: bool | None = False) -> Tensor:
        """Natural logarithms of the probabilities, in the shape and dtype of `scores`."""
        return narrow(self.log_distribution(self.logits(widen(scores), training)), scores)

    def call(
        self, scores: Tensor, mask: Tensor | None = None, training: bool | None = None
    ) -> Tensor:
        if mask is not None and len(mask.shape) == len(scores.shape):
            scores = ops.where(ops.cast(mask, "bool"), scores, -float("inf"))
        logits = self.logits(widen(scores), training)
        if self.returns_log_probs:
            output = self.log_distribution(logits)
        else:
            output = self.distribution(logits, training)
        output = narrow(output, scores)
        remember(output, Origin(self, logits))
        return output

    def loss(self, scores: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        """The layer's loss of each example, from scores (..., C) and labels: shape (...)."""
        log_probs = self.log_distribution(self.logits(widen(scores), training))
        return -expected(log_probs, labels, self.axis)

    def matching_loss(self, **options) -> keras.losses.Loss:
        """The Keras loss that takes this layer's outputs as predictions.

        Args:
            **options: those of every kerasoft loss, such as `label_smoothing`, `class_weight`,
                `ignore_class` and `reduction`.
        """
        return NegativeLogLikelihood(self.returns_log_probs, **{"axis": self.axis, **options})

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "axis": self.axis}
