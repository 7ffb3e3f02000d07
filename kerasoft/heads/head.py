"""What every head shares."""

from numbers import Integral

import keras
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.complexity import Complexity
from kerasoft.losses.labels import expected
from kerasoft.ops.precision import Tensor


class Head(keras.layers.Layer):
    """Base class of the layers from features to a distribution, each with its own loss.

    A head owns the class embeddings, so that it may leave most classes alone while training. A
    subclass gives `build`, `log_prob` and `complexity`; it overrides `loss` where the label makes
    the computation cheaper or where the loss is not the negative log-likelihood, and `call` where
    the probabilities are not exp(log_prob).

    Args:
        num_classes: number of classes C, at least 1.
        **kwargs: as in every Keras layer.

    Call arguments:
        features: float tensor (..., D).
        training: whether to draw noise, in the heads that do.

    Returns:
        float32 probabilities (..., C).

    Raises:
        InvalidArgumentError: if `num_classes` is not a positive integer.
    """

    def __init__(self, num_classes: int, **kwargs):
        super().__init__(**kwargs)
        if (
            isinstance(num_classes, bool)
            or not isinstance(num_classes, Integral)
            or num_classes < 1
        ):
            raise InvalidArgumentError(
                "`num_classes` must be a positive integer.", num_classes=num_classes
            )
        self.num_classes = int(num_classes)

    @property
    def complexity(self) -> Complexity:
        """What this head costs."""
        raise NotImplementedError

    def log_prob(self, features: Tensor, training: bool | None = False) -> Tensor:
        """Features (..., D) to float32 log-probabilities (..., C), in nats."""
        raise NotImplementedError

    def call(self, features: Tensor, training: bool | None = None) -> Tensor:
        return ops.exp(self.log_prob(features, training))

    def loss(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        """The loss of each example, from features (..., D) and labels (...): float32 (...)."""
        return -expected(self.log_prob(features, training), labels)

    def top_k(self, features: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
        """The k most probable classes: log-probabilities (..., k), falling, and class ids (..., k).

        Raises:
            InvalidArgumentError: if `k` is not an integer between 1 and `num_classes`.
        """
        if not isinstance(k, Integral) or not 1 <= k <= self.num_classes:
            raise InvalidArgumentError(
                f"`k` must be an integer between 1 and {self.num_classes}.", k=k
            )
        return ops.top_k(self.log_prob(features), k=k)

    def compute_output_shape(self, features_shape: tuple) -> tuple:
        return (*features_shape[:-1], self.num_classes)

    def compute_output_spec(self, features: Tensor, training: bool | None = None) -> Tensor:
        return keras.KerasTensor(self.compute_output_shape(features.shape), dtype="float32")

    def get_config(self) -> dict:
        return {**super().get_config(), "num_classes": self.num_classes}
