"""Cross-entropy of a linear layer for some rows of a batch, block by block in static shapes.

Classes go by in chunks, and for each chunk the rows that belong in blocks, so that the scores of
one block under one chunk are all that is ever held: on a CPU they stay in its cache, on an
accelerator they are meant to keep it busy.
"""

from collections.abc import Callable, Sequence

from keras import ops

from kerasoft.ops.accelerator import on_accelerator
from kerasoft.ops.custom_gradient import with_gradient
from kerasoft.ops.precision import Tensor, narrow, widen
from kerasoft.ops.row_blocks import RowBlocks
from kerasoft.ops.segment_sum import segment_sum

_CPU = 2**15, 2**18  # classes a chunk; scores of a block of rows under it: 1 MiB
_ACCELERATOR = 2**20, 2**25  # likewise: 128 MiB; few steps of a loop, and little padding
_MOST_ROWS = 128  # rows a block: more would be padding; fewer starve an accelerator's large batches


def masked_linear_cross_entropy(features: Tensor, embeddings: Tensor, ids: Tensor) -> Tensor:
    """log sum_c exp(h . w_c) - h . w_id, with the gradients (p - y) w and (p - y) h."""
    if features.shape[0] == 0:  # no block can be cut from it; this has the shape and the gradients
        return widen(ops.matmul(features, ops.cast(embeddings[0], features.dtype)))
    chunk, scores = _sizes(features)
    blocks = RowBlocks(ids >= 0, min(scores // min(embeddings.shape[0], chunk), _MOST_ROWS))
    ids = blocks.gather(ids)

    @with_gradient
    def values(features, embeddings):
        rows = blocks.gather(features)
        label, log_total = _forward(blocks, rows, embeddings, ids)

        def backward(upstream):
            weights = blocks.gather(widen(upstream))
            by_rows, by_embeddings = _backward(blocks, rows, embeddings, ids, log_total, weights)
            by_features = blocks.spread(by_rows)
            return narrow(by_features, features), narrow(by_embeddings, embeddings)

        return blocks.spread(log_total - label), backward

    return values(features, embeddings)


def _sizes(features: Tensor) -> tuple[int, int]:
    """Classes a chunk, and scores of a block of rows under it."""
    return _ACCELERATOR if on_accelerator(features) else _CPU


def _forward(
    blocks: RowBlocks, rows: Tensor, embeddings: Tensor, ids: Tensor
) -> tuple[Tensor, Tensor]:
    """The label's score, and the logarithm of the total, of each gathered row."""

    def of_chunk(chunk, first):
        def body(block, label, log_total):
            scores = _scores(blocks.take(rows, block), chunk)
            place = blocks.take(ids, block) - first
            inside = ops.logical_and(place >= 0, place < chunk.shape[0])
            found = ops.take_along_axis(scores, ops.where(inside, place, 0)[:, None], axis=-1)
            label = blocks.put(label, block, ops.where(inside, found[:, 0], 0.0))
            return label, blocks.put(log_total, block, ops.logsumexp(scores, axis=-1))

        zeros = ops.zeros_like(ids, dtype="float32")
        return blocks.loop(body, zeros, zeros)

    label, log_total = map(_joined, zip(*_of_chunks(of_chunk, embeddings), strict=True))
    return ops.sum(label, axis=0), ops.logsumexp(log_total, axis=0)


def _backward(
    blocks: RowBlocks,
    rows: Tensor,
    embeddings: Tensor,
    ids: Tensor,
    log_total: Tensor,
    weights: Tensor,
) -> tuple[Tensor, Tensor]:
    """Gradients in the gathered rows and in the embeddings, of the values times `weights`."""
    weighted = weights[:, None] * widen(rows)
    factors = ops.cast(weighted, rows.dtype)

    def of_chunk(chunk, first):
        def body(block, by_rows, by_chunk):
            scores = _scores(blocks.take(rows, block), chunk)
            p = ops.cast(ops.exp(scores - blocks.take(log_total, block)[:, None]), rows.dtype)
            by_row = widen(ops.matmul(p, ops.cast(chunk, rows.dtype)))
            by_class = widen(ops.matmul(ops.transpose(p), blocks.take(factors, block)))
            return blocks.put(by_rows, block, by_row), by_chunk + by_class

        zeros = (ops.zeros_like(x, dtype="float32") for x in (rows, chunk))
        return blocks.loop(body, *zeros)

    by_rows, by_chunks = zip(*_of_chunks(of_chunk, embeddings), strict=True)
    by_rows = ops.sum(_joined(by_rows), axis=0) - widen(ops.take(embeddings, ids, axis=0))
    classes, dimensions = embeddings.shape
    by_embeddings = _joined([ops.reshape(x, (-1, dimensions)) for x in by_chunks])
    labelled = segment_sum(weighted, ids, classes)
    return weights[:, None] * by_rows, by_embeddings - labelled


def _of_chunks(function: Callable, embeddings: Tensor) -> list[tuple[Tensor, ...]]:
    """Results of `function(chunk, first class)`: of all whole chunks, and of what is left over.

    Each result has an axis of chunks before its own.
    """
    classes, dimensions = embeddings.shape
    chunk, _ = _sizes(embeddings)
    whole, rest = divmod(classes, chunk)
    parts = []
    if whole:
        chunks = ops.reshape(embeddings[: classes - rest], (whole, chunk, dimensions))
        firsts = ops.arange(0, classes - rest, chunk, dtype="int32")
        parts.append(ops.map(lambda x: function(*x), (chunks, firsts)))
    if rest:
        results = function(embeddings[classes - rest :], classes - rest)
        parts.append(tuple(ops.expand_dims(x, 0) for x in results))
    return parts


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=0)


def _scores(rows: Tensor, embeddings: Tensor) -> Tensor:
    """Float32 scores of some rows under every class, from products in the dtype of the rows."""
    return widen(ops.matmul(rows, ops.transpose(ops.cast(embeddings, rows.dtype))))
