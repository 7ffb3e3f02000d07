"""Telling probabilities, log-probabilities and plain scores apart."""

import numpy as np

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.checks import as_float_matrix, reject_nan


def as_log_probs(outputs: object) -> np.ndarray:
    """Return what a model's `predict` gave as log-probabilities, float64 (N, C).

    Rows that sum to one without negative entries are probabilities; rows whose exp sums to one
    are log-probabilities. The tolerance is 1e-3, or 1e-2 for outputs in half precision.

    Raises:
        InvalidArgumentError: On anything else, above all plain scores (logits): the softmax that
            belongs to them is not for this function to guess.
    """
    values = as_float_matrix(outputs, "predictions")
    reject_nan(values, "predictions")
    tolerance = 1e-2 if np.asarray(outputs).dtype.itemsize <= 2 else 1e-3
    if (values >= 0.0).all() and _sums_to_one(values, tolerance):
        with np.errstate(divide="ignore"):
            return np.log(values)
    with np.errstate(over="ignore"):
        probabilities = np.exp(values)
    if _sums_to_one(probabilities, tolerance):
        return values
    raise InvalidArgumentError(
        "`model` must predict probabilities (rows sum to one) or log-probabilities (exp of rows "
        "sums to one). Plain scores (logits) need a softmax at the end of the model.",
        row_sum_min=float(values.sum(axis=1).min()),
        row_sum_max=float(values.sum(axis=1).max()),
    )


def _sums_to_one(rows: np.ndarray, tolerance: float) -> bool:
    return bool((np.abs(rows.sum(axis=1) - 1.0) <= tolerance).all())
