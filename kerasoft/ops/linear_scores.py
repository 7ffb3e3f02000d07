"""Scores of a linear layer, all at once or a chunk of classes at a time."""

import math
from collections.abc import Callable
from typing import Any

from keras import ops

from kerasoft.ops.precision import Tensor

_USUAL_ROWS = 256  # where their number is not known before a step runs


def linear_scores(
    features: Tensor, embeddings: Tensor, biases: Tensor | None, dtype: str
) -> Tensor:
    """features . embeddings^T + biases, multiplied in `dtype`, float32 from there on.

    Args:
        features: (..., D).
        embeddings: (C, D).
        biases: (C,), or None.
        dtype: of the product.

    Returns:
        float32 (..., C).
    """
    transposed = ops.transpose(ops.cast(embeddings, dtype))
    scores = ops.cast(ops.matmul(ops.cast(features, dtype), transposed), "float32")
    return scores if biases is None else scores + ops.cast(biases, "float32")


def fold_scores(
    step: Callable[[Any, Tensor, Tensor | int], Any],
    state: Any,
    features: Tensor,
    embeddings: Tensor,
    biases: Tensor | None,
    chunk_size: int,
    dtype: str,
) -> Any:
    """Folds `linear_scores`, a chunk of classes at a time, into a state.

    Args:
        step: takes the state, scores (N, at most `chunk_size`) and the first of their class ids,
            and returns the next state, of the same shapes.
        state: tensors, as deep as need be.
        features: (N, D).
        embeddings: (C, D).
        biases: (C,), or None.
        chunk_size: classes at a time. The last chunk may be smaller.
        dtype: of the products.

    Returns:
        The last state. O(C D) time an example, with room for one chunk of scores.
    """
    num_classes, dimensions = embeddings.shape
    chunk_size = min(chunk_size, num_classes)

    def advance(first: Tensor | int, size: int, state: Any) -> Any:
        rows = ops.slice(embeddings, (first, 0), (size, dimensions))
        own = None if biases is None else ops.slice(biases, (first,), (size,))
        return step(state, linear_scores(features, rows, own, dtype), first)

    def body(chunk: Tensor | int, state: Any) -> Any:
        return advance(chunk * chunk_size, chunk_size, state)

    whole, rest = divmod(num_classes, chunk_size)
    state = body(0, state) if whole == 1 else ops.fori_loop(0, whole, body, state)
    return advance(whole * chunk_size, rest, state) if rest else state


def classes_at_a_time(outer: tuple[int | None, ...], scores: int) -> int:
    """How many classes make that many scores with rows of the shape `outer`; at least 1."""
    rows = _USUAL_ROWS if None in outer else math.prod(outer)
    return max(1, scores // max(1, rows))
