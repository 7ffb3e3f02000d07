"""From a model and a split to a report."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasoft.errors import InvalidArgumentError
from kerasoft.evaluation.checks import (
    as_float_matrix,
    check_class_count,
    check_labels,
    check_names,
    check_positive,
)
from kerasoft.evaluation.metrics import score
from kerasoft.evaluation.outputs import as_log_probs
from kerasoft.evaluation.report import Report


def evaluate(
    model: Any,
    images: Any,
    labels: np.ndarray,
    *,
    class_names: Sequence[str] = (),
    superclass_names: Sequence[str] = (),
    class_to_superclass: Sequence[int] = (),
    batch_size: int = 256,
    verbose: int | str = 0,
) -> Report:
    """Predict every image once and report how good the predictions are.

    Args:
        model: A `kerasoft.Classifier`, or any Keras model whose `predict` gives probabilities or
            log-probabilities, shape (N, C). `predict_log_prob` is used where the model has it.
        images: What the model takes, N examples on the first axis.
        labels: True class numbers, int (N,) or (N, 1).
        class_names: C names; the class numbers by default.
        superclass_names: S names, together with `class_to_superclass`.
        class_to_superclass: The superclass number of each class.
        batch_size: Examples a step; it does not change the result.
        verbose: As in `keras.Model.predict`.

    Raises:
        InvalidArgumentError: On no examples, on labels or names that do not fit, and on a model
            whose outputs are no distribution over classes.
    """
    examples = _count(images)
    labels = check_labels(labels, examples)
    check_names(class_names, superclass_names, class_to_superclass)
    batch_size = check_positive(batch_size, "batch_size")

    log_probs = _predict(model, images, batch_size=batch_size, verbose=verbose)
    if len(log_probs) != examples:
        raise InvalidArgumentError(
            "`model` must give one row of predictions an image.",
            rows=len(log_probs),
            images=examples,
        )
    classes = log_probs.shape[1]
    check_class_count(class_names, class_to_superclass, classes)
    return Report(
        **vars(score(log_probs, labels)),
        class_names=tuple(map(str, class_names if len(class_names) else range(classes))),
        superclass_names=tuple(map(str, superclass_names)),
        class_to_superclass=tuple(map(int, class_to_superclass)),
    )


def _count(images: Any) -> int:
    try:
        examples = int(images.shape[0]) if hasattr(images, "shape") else len(images)
    except (TypeError, IndexError) as error:
        raise InvalidArgumentError(
            "`images` must be an array with the examples on the first axis.",
            type=type(images).__name__,
        ) from error
    if examples < 1:
        raise InvalidArgumentError("`images` must hold at least one example.", examples=examples)
    return examples


def _predict(model: Any, images: Any, **options: object) -> np.ndarray:
    if hasattr(model, "predict_log_prob"):
        return as_float_matrix(model.predict_log_prob(images, **options), "predictions")
    if hasattr(model, "predict"):
        return as_log_probs(model.predict(images, **options))
    raise InvalidArgumentError(
        "`model` must have `predict_log_prob` or `predict`.", model=type(model).__name__
    )
