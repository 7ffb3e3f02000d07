"""What every kerasoft loss shares: labels stay integers, values come back per example."""

from collections.abc import Sequence

import keras
from keras import ops

from kerasoft.arguments import check_class_weight, check_ignore_class, check_smoothing
from kerasoft.errors import InvalidArgumentError
from kerasoft.losses.origin import Origin, recall
from kerasoft.ops import labels as label_forms
from kerasoft.ops.precision import Tensor, widen

_MEANS = ("sum_over_batch_size", "mean")


class ClassificationLoss(keras.losses.Loss):
    """Base class: a subclass gives `values`, one a row, and the rest follows.

    Keras's own `Loss.__call__` casts labels to the loss's float dtype first, where 257 becomes 256
    in bfloat16; this one hands them on as they came. Reductions run in float32 or wider.

    Args:
        label_smoothing: share of each label, in [0, 1), that is spread evenly over the classes that
            are not masked (by scores of -inf).
        class_weight: C non-negative numbers: an example weighs what its label does (the average,
            for soft labels; before smoothing), like a `sample_weight`.
        ignore_class: a class id, in range or negative. Examples with that label give 0 and do not
            count in the mean; neither do one-hot rows with most weight there or, for a negative id,
            with no weight at all. If nothing is left the loss is 0.
        axis: the class axis of the predictions.
        reduction: "sum_over_batch_size" or "mean" (over what is not ignored), "sum",
            "mean_with_sample_weight" (over the sum of sample and class weights) or None.
        name: the loss's name.
        dtype: the dtype of the reduction; Keras's `floatx()` if None.

    Call arguments:
        y_true: class ids (...) or (..., 1) of any integer dtype, or one weight a class (..., C):
            one-hot or soft. A class id that is none gives NaN.
        y_pred: predictions (..., C).
        sample_weight: weights (...), or (N,) to weigh whole batch entries, or None.

    Returns:
        float32 (or wider) values of shape (...) from `call`, weighted and reduced by `__call__`.

    Raises:
        InvalidArgumentError: if an argument is not allowed, if `class_weight` has another length
            than there are classes, or if the predictions cannot be what the loss is for.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        class_weight: Sequence[float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.label_smoothing = check_smoothing(label_smoothing)
        self.class_weight = check_class_weight(class_weight)
        self.ignore_class = check_ignore_class(ignore_class)
        self.axis = axis
        self._reduce = Reduction(reduction=reduction, dtype=dtype)
        self._share = Reduction(dtype=dtype)

    def values(self, inputs: Tensor, labels: Tensor, origin: Origin | None) -> Tensor:
        """The loss of each row, from float32 (or wider) inputs and labels of either form."""
        raise NotImplementedError

    def inputs(self, y_pred: Tensor, origin: Origin | None) -> Tensor:
        """What `values` is computed from: here scores, which no softmax may have touched.

        Raises:
            InvalidArgumentError: if `y_pred` is the output of a softmax.
        """
        made_by = type(origin.layer).__name__ if origin else None
        if made_by is None and hasattr(y_pred, "_keras_logits"):  # what Keras's own softmax leaves
            made_by = "softmax"
        if made_by is not None:
            raise InvalidArgumentError(
                f"{type(self).__name__} is for scores, but these predictions have been through a "
                "softmax already. Such a pair still trains, and can lose most of the accuracy (in "
                "one published study 8 % instead of 60 %). Leave the layer out, or use the loss "
                "that its matching_loss() gives.",
                predictions_made_by=made_by,
            )
        return y_pred

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        origin = recall(y_pred)
        inputs = widen(self.inputs(y_pred, origin))
        labels = label_forms.standardized(y_true, inputs, self.axis)
        kept = self._kept(labels, inputs)
        if kept is not None:  # not even NaN may come out of an ignored row, nor its gradient
            inputs = ops.where(ops.expand_dims(kept, self.axis), inputs, 0.0)
            if label_forms.are_ids(labels, inputs):
                labels = ops.where(kept, labels, ops.zeros_like(labels))
        labels = label_forms.smoothed(labels, inputs, self.label_smoothing, self.axis)
        values = self.values(inputs, labels, origin)
        return values if kept is None else ops.where(kept, values, 0.0)

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        y_true = ops.convert_to_tensor(y_true)
        values = self.call(y_true, y_pred)
        weights = self._weights(y_true, y_pred)
        if weights is not None and sample_weight is not None:
            weights = weights * aligned(ops.cast(sample_weight, weights.dtype), weights)
        return self._reduce(values, y_pred, sample_weight if weights is None else weights)

    def _kept(self, labels: Tensor, predictions: Tensor) -> Tensor | None:
        """Which rows count, or None for all."""
        if self.ignore_class is None:
            return None
        return label_forms.kept_rows(labels, predictions, self.ignore_class, self.axis)

    def _weights(self, labels: Tensor, y_pred: Tensor) -> Tensor | None:
        """What each row weighs by its label, before any sample weight; None for all the same."""
        if self.class_weight is None and self.ignore_class is None:
            return None
        y_pred = ops.convert_to_tensor(y_pred)
        labels = label_forms.standardized(labels, y_pred, self.axis)
        weights = 1.0 if self.class_weight is None else self._label_weights(labels, y_pred)
        kept = self._kept(labels, y_pred)
        if kept is None:
            return weights
        weights = ops.where(kept, weights, 0.0)
        if self.reduction not in _MEANS:
            return weights
        share = self._share(ops.cast(kept, weights.dtype), y_pred)  # of what Keras's masks leave
        return weights / ops.cast(ops.where(share == 0, 1.0, share), weights.dtype)

    def _label_weights(self, labels: Tensor, y_pred: Tensor) -> Tensor:
        classes = y_pred.shape[self.axis]
        if classes != len(self.class_weight):
            raise InvalidArgumentError(
                "`class_weight` must have one number a class.",
                numbers=len(self.class_weight),
                classes=classes,
            )
        weights = ops.convert_to_tensor(self.class_weight, "float32")
        if label_forms.are_ids(labels, y_pred):
            return ops.take(weights, ops.clip(ops.cast(labels, "int32"), 0, classes - 1))
        labels = ops.moveaxis(ops.cast(labels, "float32"), self.axis, -1)
        return ops.sum(labels * weights, axis=-1)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "label_smoothing": self.label_smoothing,
            "class_weight": self.class_weight,
            "ignore_class": self.ignore_class,
            "axis": self.axis,
            "dtype": self.dtype,
        }


class Reduction(keras.losses.Loss):
    """Keras's weighting and reduction of values that are losses already.

    Called as (values, predictions, sample_weight): of the predictions only their Keras mask counts.
    Weights of shape (N,) weigh whole batch entries, which Keras alone would take for the last axis.
    """

    def __call__(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        if sample_weight is not None:
            sample_weight = aligned(ops.cast(sample_weight, y_true.dtype), y_true)
            # Keras, on PyTorch, multiplies a mask into the very tensor that it gets.
            sample_weight = sample_weight * ops.ones_like(y_true)
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_true


def aligned(sample_weight: Tensor, values: Tensor) -> Tensor:
    """`sample_weight` in the rank of `values`: (N, 1) squeezed, (N,) for whole entries spread."""
    extra = len(sample_weight.shape) - len(values.shape)
    if extra == 1 and sample_weight.shape[-1] == 1:
        return ops.squeeze(sample_weight, -1)
    for _ in range(-extra):
        sample_weight = ops.expand_dims(sample_weight, -1)
    return sample_weight
