"""The best classes of a linear layer, without ever holding all scores."""

from keras import ops

from kerasoft.ops.linear_scores import fold_scores
from kerasoft.ops.precision import Tensor

State = tuple[Tensor, Tensor]


def chunked_top_k(
    features: Tensor,
    embeddings: Tensor,
    biases: Tensor | None,
    k: int,
    chunk_size: int,
    dtype: str = "float32",
) -> tuple[Tensor, Tensor]:
    """The k most probable classes, a chunk of classes at a time.

    Args:
        features: (..., D).
        embeddings: (C, D).
        biases: (C,), or None.
        k: how many classes, from 1 to C.
        chunk_size: classes at a time.
        dtype: of the products; the rest is float32.

    Returns:
        float32 log-probabilities (..., k), falling, and int32 class ids (..., k). Of equal ones the
        smaller id is first, where the backend's top_k has it so. O(C D) time an example, with room
        for one chunk of scores.
    """

    def step(state: tuple, scores: Tensor, first: Tensor | int) -> tuple:
        total, best = state
        return _add_exp(total, scores), _better(best, scores, first)

    rows = ops.reshape(features, (-1, features.shape[-1]))
    zeros = ops.zeros((ops.shape(rows)[0], k), dtype="float32")
    nothing = zeros + float("-inf"), ops.cast(zeros, "int32")
    start = (zeros[:, 0] + float("-inf"), zeros[:, 0]), nothing
    (scale, summed), best = fold_scores(step, start, rows, embeddings, biases, chunk_size, dtype)
    shape = (*ops.shape(features)[:-1], k)
    log_probs = best[0] - (scale + ops.log(summed))[:, None]
    return ops.reshape(log_probs, shape), ops.reshape(best[1], shape)


def _add_exp(total: State, scores: Tensor) -> State:
    """The sum of exponentials so far, relative to exp of a scale, and that with these scores."""
    scale, summed = total
    highest = ops.maximum(scale, ops.max(scores, axis=-1))
    added = ops.sum(ops.exp(scores - highest[:, None]), axis=-1)
    return highest, summed * ops.exp(scale - highest) + added


def _better(best: State, scores: Tensor, first: Tensor | int) -> State:
    values, ids = best
    k = values.shape[-1]
    more, positions = ops.top_k(scores, k=min(k, scores.shape[-1]))
    values = ops.concatenate([values, more], axis=-1)
    ids = ops.concatenate([ids, ops.cast(positions, "int32") + first], axis=-1)
    values, positions = ops.top_k(values, k=k)
    return values, ops.take_along_axis(ids, positions, axis=-1)
