"""What every head shares."""

from collections.abc import Callable
from numbers import Integral

import keras
import numpy as np
from keras import ops

from kerasoft.arguments import check_ignore_class
from kerasoft.errors import InvalidArgumentError
from kerasoft.heads.complexity import Complexity
from kerasoft.ops import labels as label_forms
from kerasoft.ops.precision import Tensor


class Head(keras.layers.Layer):
    """Base class of the layers from features to a distribution, each with its own loss.

    A head owns the class embeddings, so that it may leave most classes alone while training. A
    subclass gives `build`, `log_prob` and `complexity`; it overrides `values` where the label makes
    the computation cheaper or where the loss is not the negative log-likelihood, and `call` where
    the probabilities are not exp(log_prob).

    Args:
        num_classes: number of classes C, at least 1.
        ignore_class: a class id, in range or negative, or None. Examples with that label have loss
            0, change no weight and do not count in a `Classifier`'s mean.
        **kwargs: as in every Keras layer.

    Call arguments:
        features: float tensor (..., D).
        training: whether to draw noise, in the heads that do.

    Returns:
        float32 probabilities (..., C).

    Raises:
        InvalidArgumentError: if `num_classes` is not a positive integer, or `ignore_class` no
            integer.

    Attributes:
        holds_all_scores: whether a training step holds a score for every class. If not, a
            `Classifier` leaves metrics over all classes to evaluation.
        num_true: labels of each example.
        updates_rows: whether a training step changes class embeddings by itself, in `update`.
    """

    holds_all_scores = True
    num_true = 1
    updates_rows = False
    _id_of_ignored = -1  # what the loss is given in place of a label that is ignored: no class

    def __init__(self, num_classes: int, ignore_class: int | None = None, **kwargs):
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
        self.ignore_class = check_ignore_class(ignore_class)

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
        """The loss of each example.

        Args:
            features: float tensor (..., D).
            labels: class ids (...) or (..., 1) of any integer dtype, or one weight a class
                (..., C). A class id that is none gives NaN.
            training: whether this is the loss to train with.

        Returns:
            float32 (...), in nats.

        Raises:
            InvalidArgumentError: if the shape of `labels` fits neither form.
        """
        labels = self.standardized(features, labels)
        kept = self.kept(features, labels)
        if kept is None:
            return self.values(features, labels, training)
        features = ops.where(kept[..., None], features, ops.zeros_like(features))
        values = self.values(features, self.without_ignored(labels, kept), training)
        return ops.where(kept, values, 0.0)

    def mean_loss(
        self,
        features: Tensor,
        labels: Tensor,
        mean: Callable[[Tensor], Tensor],
        training: bool | None = False,
    ) -> Tensor:
        """A weighted mean of the losses, which some heads have for less than each of them.

        Args:
            features, labels, training: as in `loss`.
            mean: from values (...) to a number, linear in each.

        Returns:
            float32 scalar: what `mean` makes of `loss`.
        """
        return mean(self.loss(features, labels, training))

    def values(self, features: Tensor, labels: Tensor, training: bool | None = False) -> Tensor:
        """What `loss` gives, from standardized labels among which none is to be ignored."""
        return -label_forms.expected(self.log_prob(features, training), labels)

    def standardized(self, features: Tensor, labels: Tensor) -> Tensor:
        """Labels as class ids (...) or as one weight a class (..., C)."""
        return label_forms.standardized(labels, self._predictions(features), -1)

    def kept(self, features: Tensor, labels: Tensor) -> Tensor | None:
        """Which examples count: booleans (...) from standardized labels, or None for all."""
        if self.ignore_class is None:
            return None
        return label_forms.kept_rows(labels, self._predictions(features), self.ignore_class)

    def without_ignored(self, labels: Tensor, kept: Tensor) -> Tensor:
        """Standardized labels in which another id stands for one that is ignored."""
        if len(labels.shape) > len(kept.shape):
            return labels
        return ops.where(kept, label_forms.comparable(labels), self._id_of_ignored)

    def _predictions(self, features: Tensor) -> keras.KerasTensor:
        """The shape that predictions would have."""
        return keras.KerasTensor(self.compute_output_shape(features.shape))

    def top_k(self, features: Tensor, k: int = 1) -> tuple[Tensor, Tensor]:
        """The k most probable classes: log-probabilities (..., k), falling, and class ids (..., k).

        Raises:
            InvalidArgumentError: if `k` is not an integer between 1 and `num_classes`.
        """
        self.check_k(k)
        return ops.top_k(self.log_prob(features), k=k)

    def check_k(self, k: int) -> None:
        """Raises InvalidArgumentError if there are not k best classes."""
        if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= self.num_classes:
            raise InvalidArgumentError(
                f"`k` must be an integer between 1 and {self.num_classes}.", k=k
            )

    def compute_output_shape(self, features_shape: tuple) -> tuple:
        return (*features_shape[:-1], self.num_classes)

    def compute_output_spec(self, features: Tensor, training: bool | None = None) -> Tensor:
        return keras.KerasTensor(self.compute_output_shape(features.shape), dtype="float32")

    def check_labels(self, labels: np.ndarray) -> None:
        """Looks at class ids on the host, where a wrong one can still be an error.

        Raises:
            InvalidArgumentError: if one of them is no class. One weight a class (N, C) is let pass.
        """
        if labels.dtype.kind not in "iufb":
            raise InvalidArgumentError(
                "Labels must be numbers: class ids, or one weight a class.", dtype=str(labels.dtype)
            )
        if labels.ndim > 1 and labels.shape[-1] == self.num_classes and _may_be_weights(labels):
            return
        wrong = (labels < 0) | (labels >= self.num_classes) | (labels != np.floor(labels))
        if self.ignore_class is not None:
            wrong &= labels != self.ignore_class
        if wrong.any():
            raise InvalidArgumentError(
                f"Labels must be class ids from 0 to {self.num_classes - 1}"
                + (f", or {self.ignore_class}." if self.ignore_class is not None else "."),
                labels=np.unique(labels[wrong])[:5].tolist(),
            )

    def inference_config(self) -> dict:
        """The config of a head with the same weights, but without what only training needs."""
        return self.get_config()

    def get_config(self) -> dict:
        config = {"num_classes": self.num_classes, "ignore_class": self.ignore_class}
        return {**super().get_config(), **config}


def _may_be_weights(labels: np.ndarray) -> bool:
    """Whether these can be one weight a class: integers can, where they are 0 and 1."""
    return labels.dtype.kind == "f" or not labels.size or bool(np.isin(labels, (0, 1)).all())
