"""Cross-entropy of a linear layer for some rows of a batch, block by block in static shapes."""

from keras import ops

from kerasoft.ops.custom_gradient import with_gradient
from kerasoft.ops.precision import Tensor, narrow, widen
from kerasoft.ops.row_blocks import RowBlocks

_SCORES = 2**21  # scores a block: 8 MiB
_FEWEST, _MOST = 8, 128  # rows a block: fewer pass over the embeddings too often, more are padding


def masked_linear_cross_entropy(features: Tensor, embeddings: Tensor, ids: Tensor) -> Tensor:
    """log sum_c exp(h . w_c) - h . w_id, with the gradients (p - y) w and (p - y) h."""
    if features.shape[0] == 0:  # no block can be cut from it; this has the shape and the gradients
        return widen(ops.matmul(features, ops.cast(embeddings[0], features.dtype)))
    blocks = RowBlocks(ids >= 0, min(max(_SCORES // embeddings.shape[0], _FEWEST), _MOST))
    ids = blocks.gather(ids)

    @with_gradient
    def values(features, embeddings):
        rows = blocks.gather(features)
        value, log_total = _forward(blocks, rows, embeddings, ids)

        def backward(upstream):
            weights = blocks.gather(widen(upstream))
            by_rows, by_embeddings = _backward(blocks, rows, embeddings, ids, log_total, weights)
            by_features = blocks.spread(by_rows)
            return narrow(by_features, features), narrow(by_embeddings, embeddings)

        return blocks.spread(value), backward

    return values(features, embeddings)


def _forward(blocks: RowBlocks, rows: Tensor, embeddings: Tensor, ids: Tensor) -> list[Tensor]:
    """Value and log of the total of each gathered row."""

    def body(block, value, log_total):
        scores = _scores(blocks.take(rows, block), embeddings)
        top = ops.logsumexp(scores, axis=-1)
        label = ops.take_along_axis(scores, blocks.take(ids, block)[:, None], axis=-1)
        value = blocks.put(value, block, top - label[:, 0])
        return value, blocks.put(log_total, block, top)

    zeros = ops.zeros_like(ids, dtype="float32")
    return blocks.loop(body, zeros, zeros)


def _backward(
    blocks: RowBlocks,
    rows: Tensor,
    embeddings: Tensor,
    ids: Tensor,
    log_total: Tensor,
    weights: Tensor,
) -> list[Tensor]:
    """Gradients in the gathered rows and in the embeddings, of the values times `weights`."""

    def body(block, by_rows, by_embeddings):
        h = blocks.take(rows, block)
        p = ops.exp(_scores(h, embeddings) - blocks.take(log_total, block)[:, None])
        p = ops.cast(p * blocks.take(weights, block)[:, None], h.dtype)
        by_row = widen(ops.matmul(p, ops.cast(embeddings, h.dtype)))
        by_embedding = widen(ops.matmul(ops.transpose(p), h))
        return blocks.put(
            by_rows, block, blocks.take(by_rows, block) + by_row
        ), by_embeddings + by_embedding

    labelled = weights[:, None] * widen(rows)
    by_embeddings = -ops.segment_sum(labelled, ids, num_segments=embeddings.shape[0])
    by_rows = -weights[:, None] * widen(ops.take(embeddings, ids, axis=0))
    return blocks.loop(body, by_rows, by_embeddings)


def _scores(rows: Tensor, embeddings: Tensor) -> Tensor:
    """Float32 scores of some rows under every class, from products in the dtype of the rows."""
    return widen(ops.matmul(rows, ops.transpose(ops.cast(embeddings, rows.dtype))))
