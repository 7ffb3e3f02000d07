"""The full head: every class is scored."""

import keras

from kerasoft import layers
from kerasoft.arguments import check_smoothing
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.complexity import Complexity
from kerasoft.heads.head import Head
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.ops import labels as label_forms
from kerasoft.ops.linear_scores import linear_scores
from kerasoft.ops.precision import Tensor


@keras.saving.register_keras_serializable(package="kerasoft")
class SoftmaxHead(Head):
    """Scores every class by a dot product with its embedding; a score layer does the rest.

        s = features . class_embeddings^T + bias

    The scores are multiplied in the layer's compute dtype and go on in float32. The loss comes from
    the scores, never from probabilities, so that no example loses its gradient to an underflow.

    Args:
        num_classes: number of classes C.
        softmax: a score layer, or its name (`kerasoft.layers.names()`).
        use_bias: whether to add one learned number a class.
        kernel_initializer: initializer of the class embeddings (C, D).
        label_smoothing: share of each label, in [0, 1), that is spread evenly over all classes
            while training; the loss of evaluation is that of the labels themselves.
        **kwargs: as in every Keras layer.

    Weights:
        class_embeddings (C, D) and bias (C,).

    Raises:
        InvalidArgumentError: if `softmax` is unknown or not over the last axis, `num_classes` is
            not a positive integer, or `label_smoothing` not in [0, 1).
    """

    def __init__(
        self,
        num_classes: int,
        softmax: str | ScoreLayer = "gumbel",
        use_bias: bool = True,
        kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
        label_smoothing: float = 0.0,
        **kwargs,
    ):
        super().__init__(num_classes, **kwargs)
        self.softmax = layers.get(softmax)
        if self.softmax.axis != -1:
            raise InvalidArgumentError(
                "`softmax` must work on the last axis (-1), where a head has its classes.",
                axis=self.softmax.axis,
            )
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.label_smoothing = check_smoothing(label_smoothing)

    @property
    def complexity(self) -> Complexity:
        return Complexity(training="O(C D)", inference="O(C D)", parameters="O(C D)")

    def build(self, features_shape: tuple) -> None:
        self.class_embeddings = self.add_weight(
            shape=(self.num_classes, features_shape[-1]),
            initializer=self.kernel_initializer,
            name="class_embeddings",
        )
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.num_classes,), initializer="zeros", name="bias")

    def scores(self, features: Tensor) -> Tensor:
        """Features (..., D) to float32 scores (..., C)."""
        if not self.built:
            self.build(features.shape)
        bias = self.bias if self.use_bias else None
        return linear_scores(features, self.class_embeddings, bias, self.compute_dtype)

    def call(self, features: Tensor, training: bool | None = None) -> Tensor:
        return self.softmax.prob(self.scores(features), training)

    def log_prob(self, features: Tensor, training: bool | None = False) -> Tensor:
        return self.softmax.log_prob(self.scores(features), training)

    def values(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        scores = self.scores(features)
        if training:
            labels = label_forms.smoothed(labels, scores, self.label_smoothing)
        return self.softmax.loss(scores, labels, training)

    def get_config(self) -> dict:
        config = {
            "softmax": keras.saving.serialize_keras_object(self.softmax),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "label_smoothing": self.label_smoothing,
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict) -> "SoftmaxHead":
        softmax = keras.saving.deserialize_keras_object(config["softmax"])
        return cls(**{**config, "softmax": softmax})
