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
        count, even if it is -inf. O(1) a row for class ids, O(C) for distributions.

    Raises:
        InvalidArgumentError: if the rank of `labels` fits neither form.
    """
    labels = ops.convert_to_tensor(labels)
    rank, axis = len(values.shape), axis % len(values.shape)
    if len(labels.shape) == rank and labels.shape[axis] == 1 and values.shape[axis] != 1:
        labels = ops.squeeze(labels, axis)
    if len(labels.shape) == rank - 1:
        ids = ops.expand_dims(ops.cast(labels, "int32"), axis)
        return ops.squeeze(ops.take_along_axis(values, ids, axis=axis), axis)
    if len(labels.shape) == rank:
        weights = ops.cast(labels, values.dtype)
        counted = ops.where(weights == 0, 0.0, values)
        return ops.sum(weights * counted, axis=axis)
    raise InvalidArgumentError(
        f"`labels` must be class ids (rank {rank - 1}) or one weight a class (rank {rank}).",
        labels_shape=tuple(labels.shape),
        dtype=keras.backend.standardize_dtype(labels.dtype),
    )
