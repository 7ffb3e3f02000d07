"""Exact softmax cross-entropy of a linear layer, without ever holding all scores."""

from collections.abc import Sequence
from numbers import Real

import keras
import numpy as np
from keras import ops

from kerasoft.arguments import (
    check_class_weight,
    check_ignore_class,
    check_positive,
    check_smoothing,
)
from kerasoft.errors import InvalidArgumentError
from kerasoft.ops import labels as label_forms
from kerasoft.ops.accelerator import on_accelerator
from kerasoft.ops.cross_entropy_plan import classes_in_two_passes, rows_in_one_pass
from kerasoft.ops.cross_entropy_tiles import Settings, Targets
from kerasoft.ops.precision import Tensor

if keras.backend.backend() == "torch":
    from kerasoft.ops import linear_cross_entropy_torch as _two_passes
    from kerasoft.ops import one_pass_cross_entropy_torch as _one_pass
elif keras.backend.backend() == "tensorflow":
    from kerasoft.ops import linear_cross_entropy_tensorflow as _two_passes

    _one_pass = None  # a function there does not know whether gradients will be asked for
else:
    from kerasoft.ops import linear_cross_entropy_jax as _two_passes
    from kerasoft.ops import one_pass_cross_entropy_jax as _one_pass

_REDUCTIONS = ("mean", "sum", None)


def linear_cross_entropy(
    features: Tensor,
    class_embeddings: Tensor,
    labels: Tensor | tuple[Tensor, Tensor],
    bias: Tensor | None = None,
    *,
    sample_weight: Tensor | None = None,
    ignore_class: int | None = None,
    label_smoothing: float = 0.0,
    class_weight: Sequence[float] | None = None,
    z_loss: float = 0.0,
    softcap: float | None = None,
    reduction: str | None = "mean",
    chunk_size: int | str = "auto",
    return_lse: bool = False,
    return_correct: bool = False,
) -> Tensor | tuple[Tensor, ...]:
    """The cross-entropy of softmax(features . class_embeddings^T + bias), a part at a time.

        s = h . w_c + b_c,  capped if asked,    lse = log sum_c exp(s_c)
        value = lse - s_label + z_loss lse^2

    In two passes every score is computed twice, for the loss and for the gradients, and a chunk of
    classes is all that is in memory beyond inputs and gradients. In one pass over the rows, a few
    at a time, gradients are made with the loss, and every score is computed once. A GPU takes one
    pass (JAX; PyTorch with Triton, for one class id a row) where "auto" lets it choose, one number
    comes out, and 1 GiB has room for the scores of 1,024 rows or of all. Scores are rounded to the
    dtype of the features on a GPU, and never on a CPU.

    Args:
        features: h (..., D), in the dtype in which products are computed.
        class_embeddings: the vector w of each class, (C, D).
        labels: class ids (...); or one weight a class (..., C); or a few of them, as a tuple of
            class ids and weights, both (..., K). Weights need not add up to 1.
        bias: b (C,). A class with -inf is masked.
        sample_weight: (...), or None for 1 each.
        ignore_class: a class id, in range or negative. Rows with that label (that most weight, or,
            for a negative id, rows without any weight) give 0 and do not count in the mean. On
            PyTorch they cost nothing.
        label_smoothing: share of each label, in [0, 1), that is spread evenly over all classes that
            are not masked.
        class_weight: C non-negative numbers: a row weighs what its label does (the average of
            several, before smoothing).
        z_loss: factor of the squared lse, which keeps totals near 1.
        softcap: scores become softcap tanh(s / softcap); None leaves them.
        reduction: "mean" over rows that are not ignored (0 if there are none), "sum", or None.
        chunk_size: classes at a time, in two passes; "auto" takes one pass where that is faster,
            or as many classes as make 4 million scores, on a GPU 32 million.
        return_lse: whether to return each row's lse too.
        return_correct: whether to return too where the label (that of most weight) has the highest
            score, which gives the accuracy without another pass.

    Returns:
        The loss, float32: a scalar, or (...) where `reduction` is None. With `return_lse` and
        `return_correct` a tuple of it, float32 lse (...) and booleans (...), in that order; rows
        that are ignored have 0 and False. A class id in a tensor that is no class gives NaN.

        Gradients in features, class embeddings, bias and sample weights for any upstream gradient,
        in those and in lse; first derivatives only, and on PyTorch after one pass only once. O(N C
        D) time: four products of that size in two passes, three in one. Memory beyond gradients
        O(N chunk_size), or in one pass 1 GiB and a sum of the embeddings' gradient, in float32 on
        JAX, in 8 bits a number more than the result has on PyTorch.

    Raises:
        InvalidArgumentError: if an argument is not allowed, shapes do not go together, or a class
            id in a NumPy array or a list is no class.

    References:
        Wijmans et al., "Cut your losses in large-vocabulary language models", ICLR 2025;
        Chowdhery et al., "PaLM", JMLR 2023 (z-loss); Gemma Team, "Gemma 2", 2024 (soft-capping).
    """
    settings = _settings(label_smoothing, z_loss, softcap, return_correct)
    if reduction not in _REDUCTIONS:
        raise InvalidArgumentError("`reduction` must be mean, sum or None.", reduction=reduction)
    features, embeddings, bias = _layer(features, class_embeddings, bias)
    outer, classes = ops.shape(features)[:-1], embeddings.shape[0]
    rows = ops.reshape(features, (-1, embeddings.shape[1]))
    labels = _Labels(labels, features.shape[:-1], classes, check_ignore_class(ignore_class))
    targets, kept = labels.targets, labels.kept
    sample_weight = _sample_weight(sample_weight, features.shape[:-1])
    weights = _weights(targets, sample_weight, check_class_weight(class_weight), classes)
    size = _chunk_size(chunk_size, rows, classes)
    if kept is not None:  # not even NaN may come out of an ignored row, nor its gradient
        rows = ops.where(kept[:, None], rows, ops.zeros_like(rows))
    layer = rows, embeddings, bias
    some = None
    if chunk_size == "auto" and reduction is not None and not return_lse:
        some = _rows_in_one_pass(*layer, targets)
    if some:
        value, correct = _in_one_pass(layer, labels, weights, settings, some, reduction)
    else:
        value, lse, correct = _in_two_passes(layer, labels, weights, settings, size, reduction)
    results = [value if reduction else ops.reshape(value, outer)]
    if return_lse:
        results.append(ops.reshape(lse, outer))
    if return_correct:
        results.append(ops.reshape(correct, outer))
    return results[0] if len(results) == 1 else tuple(results)


def _in_two_passes(layer, labels, weights, settings, size, reduction) -> tuple:
    """The loss, and for each row its lse and whether it is right."""
    kept = labels.kept
    values, lse, correct = _two_passes.row_losses(*layer, labels.targets, settings, size, kept)
    known = labels.known
    if kept is not None:
        values, lse, correct = (ops.where(kept, one, 0.0) for one in (values, lse, correct))
        known = ops.logical_or(known, ~kept)
    if weights is not None:
        if kept is not None:
            weights = ops.where(kept, weights, ops.zeros_like(weights))
        # A weight of 0 leaves a row out, whatever its loss is; the weight's gradient is that loss.
        without = ops.logical_and(weights == 0, ~ops.isfinite(values))
        values = weights * ops.where(without, ops.zeros_like(values), values)
    values = ops.where(known, values, float("nan"))
    if reduction is not None:
        values = ops.sum(values) / _count(kept, values, reduction)
    return values, lse, correct > 0


def _in_one_pass(layer, labels, weights, settings, size, reduction) -> tuple:
    """The loss, and whether each row is right."""
    kept, known = labels.kept, labels.known
    weights = ops.cast(ops.ones_like(known), "float32") if weights is None else weights
    none = ops.zeros_like(weights)
    if kept is not None:
        weights, known = ops.where(kept, weights, none), ops.logical_or(known, ~kept)
    weights = ops.where(known, weights, none) / _count(kept, weights, reduction)
    rest = weights, labels.targets, settings, size, kept
    loss, correct = _one_pass.weighted_loss(*layer, *rest)
    correct = correct > 0 if kept is None else ops.logical_and(kept, correct > 0)
    return ops.where(ops.all(known), loss, ops.zeros_like(loss) + float("nan")), correct


def _rows_in_one_pass(rows, embeddings, bias, targets) -> int | None:
    """How many rows at a time; None where two passes are better."""
    if _one_pass is None:
        return None
    room = _one_pass.room(rows, embeddings, targets)
    itemsize = 4 if keras.backend.standardize_dtype(rows.dtype) == "float32" else 2
    return rows_in_one_pass(len(rows), room // (len(embeddings) * itemsize))


class _Labels:
    """Labels of any form, row by row.

    Attributes:
        targets: the classes and their weights.
        known: in which rows every class id is a class, (N,).
        kept: which rows are not ignored, (N,); None for all.
    """

    def __init__(self, labels, outer: tuple, classes: int, ignore_class: int | None):
        self.kept = None
        if isinstance(labels, tuple):
            self._take_some(*labels, outer, classes, ignore_class)
            return
        labels = _readable(labels, classes, ignore_class, len(outer))
        labels = label_forms.standardized(labels, keras.KerasTensor((*outer, classes)), -1)
        if len(labels.shape) == len(outer):
            self._take_ids(ops.reshape(labels, (-1,)), classes, ignore_class)
            return
        weights = ops.reshape(ops.cast(labels, "float32"), (-1, classes))
        best = ops.cast(ops.argmax(weights, axis=-1), "int32")
        self.targets = Targets(None, None, weights, best)
        self.known = ops.ones_like(best, dtype="bool")
        if ignore_class is not None:
            self.kept = label_forms.kept_rows(weights, weights, ignore_class)

    def _take_ids(self, ids, classes: int, ignore_class: int | None):
        self.known, found = label_forms.known_ids(ids, classes)
        ones = ops.ones_like(found, dtype="float32")
        self.targets = Targets(found[:, None], ones[:, None], None, found)
        if ignore_class is not None:
            self.kept = label_forms.comparable(ids) != ignore_class

    def _take_some(self, ids, shares, outer: tuple, classes: int, ignore_class: int | None):
        ids, shares = (np.asarray(x) if isinstance(x, list) else x for x in (ids, shares))
        readable = isinstance(ids, np.ndarray) and isinstance(shares, np.ndarray)
        if readable and ids.shape == shares.shape:
            ids = np.where(shares == 0, 0, ids)  # what has no weight may be padding, such as -1
        ids = ops.convert_to_tensor(_readable(ids, classes, ignore_class, len(outer)))
        shares = ops.cast(ops.convert_to_tensor(shares), "float32")
        if len(ids.shape) != len(outer) + 1 or tuple(ids.shape) != tuple(shares.shape):
            raise InvalidArgumentError(
                "`labels` must be class ids (...), weights (..., C), or class ids and weights, "
                "both (..., K).",
                features_shape=(*outer, "D"),
                ids_shape=tuple(ids.shape),
                weights_shape=tuple(shares.shape),
            )
        some = ids.shape[-1]
        ids, shares = ops.reshape(ids, (-1, some)), ops.reshape(shares, (-1, some))
        known, found = label_forms.known_ids(ids, classes)
        largest = ops.argmax(shares, axis=-1)[:, None]
        best = ops.take_along_axis(found, largest, axis=-1)[:, 0]
        self.known = ops.all(ops.logical_or(known, shares == 0), axis=-1)
        if ignore_class is not None:
            label = ops.take_along_axis(label_forms.comparable(ids), largest, axis=-1)[:, 0]
            self.kept = label != ignore_class
            if ignore_class < 0:
                self.kept = ops.logical_and(self.kept, ops.any(shares != 0, axis=-1))
        self.targets = Targets(found, shares, None, best)


def _readable(labels, classes: int, ignore_class: int | None, rank: int):
    """Labels as they came; class ids that can be read are looked at.

    Raises:
        InvalidArgumentError: if one is no class.
    """
    if not isinstance(labels, (np.ndarray, list, int)):
        return labels
    labels = np.asarray(labels)
    if labels.ndim == rank + 1 and labels.shape[-1] == classes:  # weights
        return labels
    wrong = (labels < 0) | (labels >= classes)
    if ignore_class is not None:
        wrong &= labels != ignore_class
    if wrong.any():
        raise InvalidArgumentError(
            f"Labels must be class ids from 0 to {classes - 1}.",
            labels=np.unique(labels[wrong])[:5].tolist(),
        )
    return labels


def _settings(label_smoothing, z_loss, softcap, correct) -> Settings:
    if not _is_number(z_loss) or not 0 <= z_loss < float("inf"):
        raise InvalidArgumentError("`z_loss` must be a finite number of at least 0.", z_loss=z_loss)
    if softcap is not None and not (_is_number(softcap) and 0 < softcap < float("inf")):
        raise InvalidArgumentError(
            "`softcap` must be a positive finite number or None.", softcap=softcap
        )
    return Settings(check_smoothing(label_smoothing), z_loss, softcap, bool(correct))


def _is_number(x: object) -> bool:
    return isinstance(x, Real) and not isinstance(x, bool)


def _layer(features, embeddings, bias) -> tuple[Tensor, Tensor, Tensor | None]:
    """The tensors of the linear layer, if they go together; features in float32 at most."""
    features, embeddings = map(_tensor, (features, embeddings))
    bias = None if bias is None else _tensor(bias)
    fit = len(features.shape) > 0 and len(embeddings.shape) == 2
    fit = fit and features.shape[-1] == embeddings.shape[1] and embeddings.shape[0] > 0
    if not fit or (bias is not None and tuple(bias.shape) != (embeddings.shape[0],)):
        raise InvalidArgumentError(
            "`features` must be (..., D), `class_embeddings` (C, D) and `bias` (C,).",
            features_shape=tuple(features.shape),
            class_embeddings_shape=tuple(embeddings.shape),
            bias_shape=None if bias is None else tuple(bias.shape),
        )
    if keras.backend.standardize_dtype(features.dtype) not in ("float16", "bfloat16"):
        features = ops.cast(features, "float32")
    return features, embeddings, bias


def _tensor(x: Tensor | keras.Variable) -> Tensor:
    """Weights of a layer by their value, which is what has a gradient."""
    return ops.convert_to_tensor(x.value if isinstance(x, keras.Variable) else x)


def _chunk_size(chunk_size: int | str, rows: Tensor, classes: int) -> int:
    if chunk_size == "auto":
        chunk_size = classes_in_two_passes(rows.shape[0], on_accelerator(rows))
    check_positive(chunk_size=chunk_size)
    return min(chunk_size, classes)


def _weights(
    targets: Targets,
    sample_weight: Tensor | None,
    class_weight: list[float] | None,
    classes: int,
) -> Tensor | None:
    """What each row weighs, (N,); None for all the same."""
    if class_weight is None:
        return sample_weight
    if len(class_weight) != classes:
        raise InvalidArgumentError(
            "`class_weight` must have one number a class.",
            numbers=len(class_weight),
            classes=classes,
        )
    by_class = ops.convert_to_tensor(class_weight, "float32")
    if targets.weights is not None:
        by_label = ops.sum(targets.weights * by_class, axis=-1)
    else:
        by_label = ops.sum(targets.shares * ops.take(by_class, targets.ids, axis=0), axis=-1)
    return by_label if sample_weight is None else sample_weight * by_label


def _sample_weight(weights: Tensor | None, outer: tuple) -> Tensor | None:
    """Float32 (N,), if it has the shape of the rows (...)."""
    if weights is None:
        return None
    weights = ops.cast(ops.convert_to_tensor(weights), "float32")
    sizes = zip(weights.shape, outer, strict=False)
    if len(weights.shape) != len(outer) or any(
        one != other for one, other in sizes if None not in (one, other)
    ):
        raise InvalidArgumentError(
            "`sample_weight` must have the shape of `features` without the last axis.",
            sample_weight_shape=tuple(weights.shape),
            features_shape=(*outer, "D"),
        )
    return ops.reshape(weights, (-1,))


def _count(kept: Tensor | None, values: Tensor, reduction: str) -> Tensor | float:
    """What a sum over rows is divided by."""
    if reduction == "sum":
        return 1.0
    count = ops.shape(values)[0] if kept is None else ops.sum(ops.cast(kept, "int32"))
    if isinstance(count, int):
        return max(count, 1)
    return ops.cast(ops.maximum(count, ops.ones_like(count)), "float32")
