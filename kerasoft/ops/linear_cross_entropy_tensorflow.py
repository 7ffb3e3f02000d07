"""Cross-entropy of a linear layer on TensorFlow: two loops over chunks of classes.

As on JAX. TensorFlow has no writing to a place, so what the embeddings get is gathered in an array
of chunks.
"""

from functools import partial

import tensorflow as tf

from kerasoft.ops import cross_entropy_tiles as tiles


def row_losses(
    features: tf.Tensor,
    embeddings: tf.Tensor,
    bias: tf.Tensor | None,
    targets: tiles.Targets,
    settings: tiles.Settings,
    chunk_size: int,
    kept: tf.Tensor | None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """See `kerasoft.ops.linear_cross_entropy`: losses, logarithms of totals, hits; each (N,).

    Shapes are static, so that rows that are not kept take their time too.
    """

    @tf.custom_gradient
    def losses(features, embeddings, *bias):
        totals = _totals(features, embeddings, bias, targets, settings, chunk_size)
        results = tiles.losses(totals, targets, settings)

        def backward(by_value, by_log_total, _):
            slopes = partial(
                tiles.slopes,
                arithmetic=_ARITHMETIC,
                log_total=results[1],
                of_rows=tiles.row_slopes(
                    totals, results[1], targets, settings, by_value, by_log_total
                ),
                targets=targets,
                settings=settings,
            )
            return _gradients(features, embeddings, bias, slopes, settings, chunk_size)

        return results, backward

    # Variables among them would want a gradient of their own.
    layer = (features, embeddings) if bias is None else (features, embeddings, bias)
    values, log_total, hits = losses(*map(tf.convert_to_tensor, layer))
    return values, log_total, tf.stop_gradient(hits)


def _totals(features, embeddings, bias, targets, settings, chunk_size) -> tiles.Totals:
    def add(totals, first, size):
        scores = _scores(features, *_chunk(embeddings, bias, first, size), settings)
        return tiles.with_tile(totals, scores, first, _ARITHMETIC, targets, settings)

    whole, rest = divmod(embeddings.shape[0], chunk_size)
    totals = _loop(
        whole, lambda i, totals: add(totals, i * chunk_size, chunk_size), tiles.no_totals(features)
    )
    return add(totals, whole * chunk_size, rest) if rest else totals


def _gradients(features, embeddings, bias, slopes, settings, chunk_size) -> tuple[tf.Tensor, ...]:
    def of_chunk(by_features, first, size):
        chunk, biases = _chunk(embeddings, bias, first, size)
        slope = slopes(_scores(features, chunk, biases, settings), first)
        others = [tf.cast(tf.reduce_sum(slope, 0), one.dtype) for one in bias]
        by_features += _product(slope, tf.cast(chunk, features.dtype))
        by_chunk = _product(slope, features, transpose_a=True)
        return by_features, [tf.cast(by_chunk, embeddings.dtype), *others]

    def body(i, state):
        by_features, arrays = state
        by_features, parts = of_chunk(by_features, i * chunk_size, chunk_size)
        return by_features, [
            array.write(i, part) for array, part in zip(arrays, parts, strict=True)
        ]

    whole, rest = divmod(embeddings.shape[0], chunk_size)
    weights = (embeddings, *bias)
    arrays = [
        tf.TensorArray(one.dtype, whole, element_shape=(chunk_size, *one.shape[1:]))
        for one in weights
    ]
    state = tf.zeros_like(features, "float32"), arrays
    by_features, arrays = _loop(whole, body, state)
    gathered = [array.concat() for array in arrays] if whole else None
    if rest:
        by_features, last = of_chunk(by_features, whole * chunk_size, rest)
        gathered = (
            [tf.concat(both, 0) for both in zip(gathered, last, strict=True)] if whole else last
        )
    return tf.cast(by_features, features.dtype), *gathered


def _loop(steps: int, body, state):
    """One step after the other: TensorFlow would run ten at once, and hold the scores of all."""
    if not steps:
        return state
    return tf.while_loop(
        lambda i, _: i < steps,
        lambda i, state: (i + 1, body(i, state)),
        (0, state),
        parallel_iterations=1,
    )[1]


def _chunk(embeddings, bias, first, size) -> tuple[tf.Tensor, tf.Tensor | None]:
    chunk = tf.slice(embeddings, (first, 0), (size, embeddings.shape[1]))
    return chunk, tf.slice(bias[0], (first,), (size,)) if bias else None


def _scores(features, chunk, biases, settings) -> tf.Tensor:
    """Float32 scores (N, c) of numbers in the dtype of the features."""
    scores = _product(features, tf.cast(chunk, features.dtype), transpose_b=True)
    return tiles.capped(scores if biases is None else scores + tf.cast(biases, "float32"), settings)


def _product(left: tf.Tensor, right: tf.Tensor, **options: bool) -> tf.Tensor:
    """In float32: TensorFlow would round what comes out of half precision, chunk by chunk."""
    return tf.matmul(tf.cast(left, "float32"), tf.cast(right, "float32"), **options)


def _add(tile: tf.Tensor, places: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    rows = tf.broadcast_to(tf.range(tf.shape(places)[0])[:, None], tf.shape(places))
    return tf.tensor_scatter_nd_add(tile, tf.stack([rows, places], -1), numbers)


_ARITHMETIC = tiles.Arithmetic(lambda tile, rows: tf.exp(tile - rows[:, None]), _add)
