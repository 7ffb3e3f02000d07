"""What scores, labels and names must look like before anything is counted."""

from collections.abc import Sequence

import numpy as np

from kerasoft.errors import InvalidArgumentError

# Wide enough for log-probabilities that were rounded to bfloat16, far too narrow for plain scores.
ROW_SUM_TOLERANCE = 0.05


def check_log_probs(log_probs: object) -> np.ndarray:
    """Return `log_probs` as float64 (N, C), with N and C at least one.

    A row may hold -inf, and may be -inf throughout (a fully masked row).

    Raises:
        InvalidArgumentError: On another rank, on no rows or no classes, on NaN, and on rows whose
            probabilities do not sum to one.
    """
    values = as_float_matrix(log_probs, "log_probs")
    reject_nan(values, "log_probs")
    with np.errstate(over="ignore"):
        sums = np.exp(values).sum(axis=1)
    masked = np.isneginf(values).all(axis=1)
    wrong = ~masked & ~(np.abs(sums - 1.0) <= ROW_SUM_TOLERANCE)
    if wrong.any():
        raise InvalidArgumentError(
            "`log_probs` must hold log-probabilities: exp of every row sums to one. "
            "Plain scores need a log-softmax first.",
            wrong_rows=int(wrong.sum()),
            first_wrong_sum=float(sums[wrong][0]),
        )
    return values


def as_float_matrix(values: object, name: str) -> np.ndarray:
    """Return `values` as float64 (N, C); N = 0, C = 0 and other ranks are errors."""
    try:
        matrix = np.asarray(values).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"`{name}` must be one array of numbers, shape (N, C).", type=type(values).__name__
        ) from error
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise InvalidArgumentError(
            f"`{name}` must have shape (N, C) with at least one example and one class.",
            shape=matrix.shape,
        )
    return matrix


def reject_nan(values: np.ndarray, name: str) -> None:
    """Raise when any row of `values` (N, C) holds NaN: such a row has no prediction."""
    rows = int(np.isnan(values).any(axis=1).sum())
    if rows:
        raise InvalidArgumentError(
            f"`{name}` must not hold NaN (the model may have diverged).",
            rows_with_nan=rows,
            rows=len(values),
        )


def check_labels(labels: object, examples: int) -> np.ndarray:
    """Return `labels` as int64 (examples,); shape (examples, 1), as Keras data sets have, is taken.

    Raises:
        InvalidArgumentError: On labels that are not integers, on another shape (one-hot included)
            and on another number of labels.
    """
    array = np.asarray(labels)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InvalidArgumentError(
            "`labels` must be integer class numbers, shape (N,).",
            shape=array.shape,
            dtype=str(array.dtype),
        )
    if len(array) != examples:
        raise InvalidArgumentError(
            "`labels` must hold one label an example.", labels=len(array), examples=examples
        )
    return array.astype(np.int64)


def check_label_range(labels: np.ndarray, classes: int) -> None:
    """Raise unless every label stands in 0 .. classes - 1."""
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise InvalidArgumentError(
            f"`labels` must be from 0 to {classes - 1}, as there are {classes} classes.",
            lowest=int(labels.min()),
            highest=int(labels.max()),
        )


def check_positive(value: object, name: str) -> int:
    """Return `value` as an int of at least one."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InvalidArgumentError(
            f"`{name}` must be a whole number of at least 1.", **{name: value}
        )
    return int(value)


def check_names(
    class_names: Sequence[str], superclass_names: Sequence[str], class_to_superclass: Sequence[int]
) -> None:
    """Raise unless the three fit each other; each may be empty, the last two only together."""
    if bool(len(superclass_names)) != bool(len(class_to_superclass)):
        raise InvalidArgumentError(
            "`superclass_names` and `class_to_superclass` must be given together.",
            superclass_names=len(superclass_names),
            class_to_superclass=len(class_to_superclass),
        )
    if len(class_names) and len(class_to_superclass) not in (0, len(class_names)):
        raise InvalidArgumentError(
            "`class_to_superclass` must hold one superclass number a class.",
            class_to_superclass=len(class_to_superclass),
            class_names=len(class_names),
        )
    outside = [s for s in class_to_superclass if not 0 <= s < len(superclass_names)]
    if outside:
        raise InvalidArgumentError(
            f"`class_to_superclass` must be from 0 to {len(superclass_names) - 1}.",
            outside=outside[:5],
        )


def check_class_count(
    class_names: Sequence[str], class_to_superclass: Sequence[int], classes: int
) -> None:
    """Raise unless what is given a class is given for each of `classes` classes."""
    given = {"class_names": class_names, "class_to_superclass": class_to_superclass}
    for name, values in given.items():
        if len(values) not in (0, classes):
            raise InvalidArgumentError(
                f"`{name}` must hold one entry for each of the {classes} classes.",
                **{name: len(values)},
            )
