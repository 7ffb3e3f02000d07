"""Integer, one-hot and soft labels, told apart by shape and never cast to a float on the way."""

import keras
from keras import ops

from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor


def expected(values: Tensor, labels: Tensor, axis: int = -1) -> Tensor:
    """Picks each row's value at its label, or averages the row by its label distribution.

    Args:
        values: float tensor with the classes on `axis`, shape (..., C).
        labels: class ids, shape (...) or (..., 1), any integer (or integer-valued float) dtype;
            or one weight a class, shape (..., C).
        axis: the class axis of `values` (and of a label distribution).

    Returns:
        Tensor of shape (...), dtype of `values`. Where a label's weight is 0 the value does not
        count, even if it is -inf. A class id that is none (below 0, or C and above) gives NaN, on
        every backend. O(1) a row for class ids, O(C) for distributions.

    Raises:
        InvalidArgumentError: if the shape of `labels` fits neither form.
    """
    labels = standardized(labels, values, axis)
    if are_ids(labels, values):
        known, ids = known_ids(labels, values.shape[axis])
        ids = ops.expand_dims(ids, axis)
        picked = ops.squeeze(ops.take_along_axis(values, ids, axis=axis), axis)
        return ops.where(known, picked, float("nan"))
    weights = ops.cast(labels, values.dtype)
    counted = ops.where(weights == 0, 0.0, values)
    return ops.sum(weights * counted, axis=axis)


def distribution(values: Tensor, labels: Tensor, axis: int = -1) -> Tensor:
    """Labels of either form as one weight a class, in the shape and dtype of `values`. O(C)."""
    labels = standardized(labels, values, axis)
    if not are_ids(labels, values):
        return ops.cast(labels, values.dtype)
    known, ids = known_ids(labels, values.shape[axis])
    axis = axis % len(values.shape)
    one_hot = ops.one_hot(ids, values.shape[axis], axis=axis, dtype=values.dtype)
    return ops.where(ops.expand_dims(known, axis), one_hot, float("nan"))


def smoothed(labels: Tensor, values: Tensor, share: float, axis: int = -1) -> Tensor:
    """Labels of either form with `share` of each spread evenly over the classes not masked by -inf.

    Args:
        labels: as in `expected`.
        values: scores or log-probabilities with the classes on `axis`, -inf where one is masked.
        share: in [0, 1); with 0 the labels stay as they are.
        axis: the class axis of `values`.

    Returns:
        One weight a class, in the shape and dtype of `values`. O(C).

    Reference:
        Szegedy et al., "Rethinking the Inception architecture", CVPR 2016.
    """
    if share == 0:
        return labels
    labels = distribution(values, labels, axis)
    open_classes = ops.cast(values > -float("inf"), values.dtype)
    count = ops.maximum(ops.sum(open_classes, axis=axis, keepdims=True), 1.0)
    spread = ops.sum(labels, axis=axis, keepdims=True) * open_classes / count
    return (1.0 - share) * labels + share * spread


def standardized(labels: Tensor, values: Tensor, axis: int) -> Tensor:
    """Labels as class ids of one axis less than `values`, or as weights of its rank.

    Raises:
        InvalidArgumentError: if the shape of `labels` fits neither form.
    """
    labels = ops.convert_to_tensor(labels)
    rank, axis = len(values.shape), axis % len(values.shape)
    if len(labels.shape) == rank and labels.shape[axis] == 1 and values.shape[axis] != 1:
        labels = ops.squeeze(labels, axis)
    if len(labels.shape) not in (rank - 1, rank):
        raise InvalidArgumentError(
            f"`labels` must be class ids (rank {rank - 1}) or one weight a class (rank {rank}).",
            labels_shape=tuple(labels.shape),
            dtype=keras.backend.standardize_dtype(labels.dtype),
        )
    _check_shape(labels, values, axis)
    return labels


def are_ids(labels: Tensor, values: Tensor) -> bool:
    """Whether `labels`, standardized, are class ids."""
    return len(labels.shape) < len(values.shape)


def comparable(labels: Tensor) -> Tensor:
    """Class ids in a dtype that holds every class and -1, without wrapping what is larger."""
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if dtype == "int64" or keras.backend.is_float_dtype(dtype):
        return labels
    return ops.cast(labels, "int32")


def kept_rows(labels: Tensor, values: Tensor, ignore_class: int, axis: int = -1) -> Tensor:
    """Which rows are not to be ignored: booleans (...), from standardized labels."""
    if are_ids(labels, values):
        return comparable(labels) != ignore_class
    if ignore_class < 0:
        return ops.any(labels != 0, axis=axis)
    return ops.argmax(labels, axis=axis) != ignore_class


def known_ids(labels: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """Which class ids there are (booleans), and int32 ids that no backend stumbles over."""
    labels = comparable(labels)
    in_range = ops.logical_and(labels >= 0, labels < num_classes)
    ids = ops.cast(ops.where(in_range, labels, ops.zeros_like(labels)), "int32")
    return ops.cast(ids, labels.dtype) == labels, ids


def _check_shape(labels: Tensor, values: Tensor, axis: int) -> None:
    expected_shape = list(values.shape)
    if are_ids(labels, values):
        del expected_shape[axis]
    sizes = zip(labels.shape, expected_shape, strict=True)
    if any(one != other for one, other in sizes if None not in (one, other)):
        raise InvalidArgumentError(
            "`labels` must have the shape of the predictions, or that without the class axis.",
            labels_shape=tuple(labels.shape),
            predictions_shape=tuple(values.shape),
        )
