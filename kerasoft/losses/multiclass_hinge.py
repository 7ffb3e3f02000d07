"""The loss of a multiclass support vector machine, from scores."""

import math
from collections.abc import Sequence
from numbers import Real

import keras
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.losses.classification_loss import ClassificationLoss
from kerasoft.losses.origin import Origin
from kerasoft.ops.labels import are_ids, expected
from kerasoft.ops.precision import Tensor
from kerasoft.ops.softmax_portable import centre


@keras.saving.register_keras_serializable(package="kerasoft")
class MulticlassHinge(ClassificationLoss):
    """How far the other classes come closer to the label's score than a margin allows, summed.

        L = sum_{j != y} max(0, margin + s_j - s_y)

    The SVM loss of Weston and Watkins, for predictions that are raw scores; -inf masks a class. For
    soft labels it is the expectation over them. Nothing is a probability here: to classify, take
    the largest score. O(C) memory a row; O(C) time for class ids, O(C log C) for other labels.

    Args:
        margin: a positive finite number, in units of the scores.

    All other arguments, labels, results and errors: `ClassificationLoss`.

    Reference:
        Weston and Watkins, "Support vector machines for multi-class pattern recognition", ESANN
        1999.
    """

    def __init__(
        self,
        margin: float = 1.0,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "multiclass_hinge",
        dtype: str | None = None,
    ):
        super().__init__(label_smoothing, class_weight, ignore_class, axis, reduction, name, dtype)
        number = isinstance(margin, Real) and not isinstance(margin, bool)
        if not (number and 0 < margin < math.inf):
            raise InvalidArgumentError("`margin` must be a positive finite number.", margin=margin)
        self.margin = float(margin)

    def values(self, inputs: Tensor, labels: Tensor, origin: Origin | None) -> Tensor:
        scores = ops.moveaxis(centre(inputs, self.axis), self.axis, -1)
        if are_ids(labels, inputs):
            return _hinge(scores, labels, self.margin)
        return _expected_hinge(scores, ops.moveaxis(labels, self.axis, -1), self.margin)

    def get_config(self) -> dict:
        return {**super().get_config(), "margin": self.margin}


def _hinge(scores: Tensor, labels: Tensor, margin: float) -> Tensor:
    own = expected(scores, labels)
    reachable = own > -float("inf")
    own = ops.expand_dims(ops.where(own == -float("inf"), 0.0, own), -1)
    violations = ops.sum(ops.relu(margin + scores - own), axis=-1)
    hinge = violations - margin  # the label's own, with itself
    return ops.where(ops.logical_or(reachable, ops.isnan(hinge)), hinge, float("inf"))


def _expected_hinge(scores: Tensor, weights: Tensor, margin: float) -> Tensor:
    """sum_y w_y sum_{j != y} max(0, margin + s_j - s_y), over the last axis.

    Piecewise linear: with the gradient G, the loss is <G, s> plus margin times the pairs within it.
    Both follow from how many classes stand above each s_y - margin, and how much label weight below
    each s_j + margin, which one sort of both lists tells.
    """
    weights = ops.cast(weights, scores.dtype)
    above, below = _pairs(ops.stop_gradient(scores), ops.stop_gradient(weights), margin)
    gradient = below - weights * above  # a class makes no pair with itself: w - w cancels
    masked = scores == -float("inf")
    linear = ops.sum(ops.stop_gradient(gradient) * ops.where(masked, 0.0, scores), axis=-1)
    hinge = linear + margin * ops.sum(weights * (above - 1.0), axis=-1)
    unreachable = ops.any(ops.logical_and(masked, weights > 0), axis=-1)
    return ops.where(unreachable, float("inf"), hinge)


def _pairs(scores: Tensor, weights: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    """For each y the number of j with s_j > s_y - margin; for each j the sum of w_y of those y."""
    classes = scores.shape[-1]
    order = ops.argsort(ops.concatenate([scores, scores - margin], axis=-1), axis=-1)
    rank = ops.argsort(order, axis=-1)

    def up_to(of_scores, of_bounds):
        both = ops.take_along_axis(ops.concatenate([of_scores, of_bounds], axis=-1), order, axis=-1)
        return ops.take_along_axis(ops.cumsum(both, axis=-1), rank, axis=-1)

    ones, none = ops.ones_like(scores), ops.zeros_like(scores)
    above = classes - up_to(ones, none)[..., classes:]
    below = up_to(none, weights)[..., :classes]
    return above, below
