"""The full head: every class is scored."""

from collections.abc import Callable
from functools import partial

import keras
from keras import ops

from kerasoft import layers
from kerasoft.arguments import check_smoothing
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.complexity import Complexity
from kerasoft.heads.head import Head
from kerasoft.heads.rows import draw_rows
from kerasoft.layers.score_layer import ScoreLayer
from kerasoft.ops import labels as label_forms
from kerasoft.ops.chunked_top_k import chunked_top_k
from kerasoft.ops.linear_cross_entropy import linear_cross_entropy
from kerasoft.ops.linear_scores import classes_at_a_time, linear_scores
from kerasoft.ops.precision import Tensor
from kerasoft.ops.vjp import vjp

_ALL_AT_ONCE = 2**23  # scores, 32 MiB: beyond them chunks take 0.7 to 1.2 times as long on a CPU
_A_CHUNK = 2**22
_DTYPES = ("float32", "bfloat16", "float16")  # of the products that can be made in chunks
_PASSED_BY = ("scores", "log_prob", "loss", "values")  # where there are chunks


@keras.saving.register_keras_serializable(package="kerasoft")
class SoftmaxHead(Head):
    """Scores every class by a dot product with its embedding; a score layer does the rest.

        s = features . class_embeddings^T + bias

    The scores are multiplied in the layer's compute dtype and go on in float32. The loss comes from
    the scores, never from probabilities, so that no example loses its gradient to an underflow.

    With more than 8 million scores a step (256 examples of 32,768 classes) `softmax` and
    `log_softmax` compute loss and `top_k` a chunk of classes at a time
    (`kerasoft.ops.linear_cross_entropy`, first derivatives only), without all of them in memory.
    All other score layers need every score at once: they draw noise for each, or compare them; and
    so do subclasses with scores or losses of their own.

    Args:
        num_classes: number of classes C.
        softmax: a score layer, or its name (`kerasoft.layers.names()`).
        use_bias: whether to add one learned number a class.
        kernel_initializer: initializer of the class embeddings (C, D). None takes "glorot_uniform",
            but "zeros" for a sparse score layer: from random scores on, where a few classes have
            all probability, the features of a network without normalization soon die out.
        label_smoothing: share of each label, in [0, 1), that is spread evenly over all classes
            while training; the loss of evaluation is that of the labels themselves.
        **kwargs: as in every Keras layer.

    Weights:
        class_embeddings (C, D) and bias (C,).

    Raises:
        InvalidArgumentError: if `softmax` is unknown or not over the last axis, `num_classes` is
            not a positive integer, `use_bias` no bool, or `label_smoothing` not in [0, 1).
    """

    _id_of_ignored = 0  # smoothed, what is no class would be NaN, and so would all gradients

    def __init__(
        self,
        num_classes: int,
        softmax: str | ScoreLayer = "gumbel",
        use_bias: bool = True,
        kernel_initializer: str | keras.initializers.Initializer | None = None,
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
        if not isinstance(use_bias, bool):
            raise InvalidArgumentError("`use_bias` must be True or False.", use_bias=use_bias)
        self.use_bias = use_bias
        if kernel_initializer is None:
            kernel_initializer = "zeros" if self.softmax.is_sparse else "glorot_uniform"
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.label_smoothing = check_smoothing(label_smoothing)

    @property
    def complexity(self) -> Complexity:
        return Complexity(training="O(C D)", inference="O(C D)", parameters="O(C D)")

    @property
    def holds_all_scores(self) -> bool:
        return not self._in_chunks((None,))

    def _in_chunks(self, outer: tuple[int | None, ...]) -> bool:
        """Whether classes are taken in chunks for features (*outer, D)."""
        able = type(self.softmax) in (layers.Softmax, layers.LogSoftmax)
        able = able and self.compute_dtype in _DTYPES
        able = able and all(getattr(type(self), x) is getattr(SoftmaxHead, x) for x in _PASSED_BY)
        return able and self.num_classes > classes_at_a_time(outer, _ALL_AT_ONCE)

    def build(self, features_shape: tuple) -> None:
        self.class_embeddings = self.add_weight(
            shape=(self.num_classes, features_shape[-1]),
            initializer=partial(draw_rows, self.kernel_initializer),
            name="class_embeddings",
        )
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.num_classes,), initializer="zeros", name="bias")

    def scores(self, features: Tensor) -> Tensor:
        """Features (..., D) to float32 scores (..., C)."""
        return linear_scores(features, *self._classes(features), self.compute_dtype)

    def _classes(self, features: Tensor) -> tuple[Tensor, Tensor | None]:
        """All embeddings (C, D) and biases (C,), read once."""
        if not self.built:
            self.build(features.shape)
        embeddings = ops.convert_to_tensor(self.class_embeddings)
        return embeddings, ops.convert_to_tensor(self.bias) if self.use_bias else None

    def call(self, features: Tensor, training: bool | None = None) -> Tensor:
        return self.softmax.prob(self.scores(features), training)

    def log_prob(self, features: Tensor, training: bool | None = False) -> Tensor:
        return self.softmax.log_prob(self.scores(features), training)

    def mean_loss(
        self,
        features: Tensor,
        labels: Tensor,
        mean: Callable[[Tensor], Tensor],
        training: bool | None = False,
    ) -> Tensor:
        if not self._in_chunks(features.shape[:-1]):
            return super().mean_loss(features, labels, mean, training)
        # One number comes out, of which a GPU makes the gradients at once.
        labels = self.standardized(features, labels)
        (weights,) = vjp(mean, [ops.zeros_like(features[..., 0], dtype="float32")], ops.ones(()))
        return self._chunked_loss(
            features,
            labels,
            training,
            sample_weight=weights,
            ignore_class=self.ignore_class,
            reduction="sum",
        )

    def values(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        if self._in_chunks(features.shape[:-1]):
            return self._chunked_loss(features, labels, training, reduction=None)
        scores = self.scores(features)
        if training:
            labels = label_forms.smoothed(labels, scores, self.label_smoothing)
        return self.softmax.loss(scores, labels, training)

    def _chunked_loss(
        self, features: Tensor, labels: Tensor, training: bool | None, **options: object
    ) -> Tensor:
        embeddings, bias = self._classes(features)
        smoothing = self.label_smoothing if training else 0.0
        features = ops.cast(features, self.compute_dtype)
        return linear_cross_entropy(
            features, embeddings, labels, bias, label_smoothing=smoothing, **options
        )

    def top_k(self, features: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
        outer = features.shape[:-1]
        if not self._in_chunks(outer):
            return super().top_k(features, k)
        self.check_k(k)
        size = classes_at_a_time(outer, _A_CHUNK)
        return chunked_top_k(features, *self._classes(features), k, size, self.compute_dtype)

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
