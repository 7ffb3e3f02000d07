"""Softmax over all classes of a linear layer, without ever holding all scores."""

from keras import ops

from kerasoft.ops.linear_scores import fold_scores
from kerasoft.ops.precision import Tensor

State = tuple[Tensor, Tensor]


def chunked_cross_entropy(
    features: Tensor,
    embeddings: Tensor,
    biases: Tensor,
    ids: Tensor,
    chunk_size: int,
    dtype: str = "float32",
) -> Tensor:
    """Exact cross-entropy with each example's true classes, a chunk of classes at a time.

        log sum_k exp(s_k) - 1/T sum_t s_t,   s = features . embeddings^T + biases

    Args:
        features: (N, D).
        embeddings: (C, D).
        biases: (C,).
        ids: int32 (N, T) class ids. Those that are no class count as a score of 0.
        chunk_size: classes at a time.
        dtype: of the products; the rest is float32.

    Returns:
        float32 (N,). O(C D) time an example, O(N chunk_size) memory but for gradients, which keep
        every score.
    """

    def step(state: tuple, scores: Tensor, first: Tensor | int) -> tuple:
        total, true_scores = state
        return _add_exp(total, scores), true_scores + _scores_of(ids - first, scores)

    zeros = _zeros(features, ids.shape[-1])
    state = (_no_sum(zeros), zeros)
    total, true_scores = fold_scores(step, state, features, embeddings, biases, chunk_size, dtype)
    return _log_sum(total) - ops.mean(true_scores, axis=-1)


def chunked_top_k(
    features: Tensor,
    embeddings: Tensor,
    biases: Tensor,
    k: int,
    chunk_size: int,
    dtype: str = "float32",
) -> tuple[Tensor, Tensor]:
    """The k most probable classes, a chunk of classes at a time.

    Arguments as those of `chunked_cross_entropy`.

    Returns:
        float32 log-probabilities (N, k), falling, and int32 class ids (N, k). Of equal ones the
        smaller id is first, where the backend's top_k has it so.
    """

    def step(state: tuple, scores: Tensor, first: Tensor | int) -> tuple:
        total, best = state
        return _add_exp(total, scores), _better(best, scores, first)

    zeros = _zeros(features, k)
    best = (zeros + float("-inf"), ops.cast(zeros, "int32"))
    state = (_no_sum(zeros), best)
    total, best = fold_scores(step, state, features, embeddings, biases, chunk_size, dtype)
    return best[0] - _log_sum(total)[:, None], best[1]


def _zeros(features: Tensor, columns: int) -> Tensor:
    return ops.zeros((ops.shape(features)[0], columns), dtype="float32")


def _no_sum(zeros: Tensor) -> State:
    """The sum over no score, as a scale and the sum of exponentials relative to it."""
    return zeros[:, 0] + float("-inf"), zeros[:, 0]


def _add_exp(total: State, scores: Tensor) -> State:
    scale, summed = total
    highest = ops.stop_gradient(ops.maximum(scale, ops.max(scores, axis=-1)))
    added = ops.sum(ops.exp(scores - highest[:, None]), axis=-1)
    return highest, summed * ops.exp(scale - highest) + added


def _log_sum(total: State) -> Tensor:
    scale, summed = total
    return scale + ops.log(summed)


def _scores_of(positions: Tensor, scores: Tensor) -> Tensor:
    """The scores at positions (N, T); 0 where they are out of range."""
    size = scores.shape[-1]
    inside = ops.logical_and(positions >= 0, positions < size)
    picked = ops.take_along_axis(scores, ops.clip(positions, 0, size - 1), axis=-1)
    return ops.where(inside, picked, 0.0)


def _better(best: State, scores: Tensor, first: Tensor | int) -> State:
    values, ids = best
    k = values.shape[-1]
    more, positions = ops.top_k(scores, k=min(k, scores.shape[-1]))
    values = ops.concatenate([values, more], axis=-1)
    ids = ops.concatenate([ids, ops.cast(positions, "int32") + first], axis=-1)
    values, positions = ops.top_k(values, k=k)
    return values, ops.take_along_axis(ids, positions, axis=-1)
