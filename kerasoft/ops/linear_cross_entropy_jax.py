"""Cross-entropy of a linear layer on JAX: two loops over chunks of classes.

The forward pass keeps the logarithm of each row's total; the backward pass computes the scores of
each chunk a second time, and writes what the chunk's embeddings get to its place at once.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from kerasoft.ops import cross_entropy_tiles as tiles

_product = partial(jnp.matmul, preferred_element_type=jnp.float32)


def row_losses(
    features: jax.Array,
    embeddings: jax.Array,
    bias: jax.Array | None,
    targets: tiles.Targets,
    settings: tiles.Settings,
    chunk_size: int,
    kept: jax.Array | None,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """See `kerasoft.ops.linear_cross_entropy`: losses, logarithms of totals, hits; each (N,).

    Shapes are static, so that rows that are not kept take their time too.
    """

    @jax.custom_vjp
    def losses(features, embeddings, bias, targets):
        return _losses(features, embeddings, bias, targets, settings, chunk_size)[0]

    def forward(features, embeddings, bias, targets):
        results, count = _losses(features, embeddings, bias, targets, settings, chunk_size)
        return results, (features, embeddings, bias, targets, results[1], count)

    def backward(saved, upstream):
        features, embeddings, bias, targets, log_total, count = saved
        slopes = partial(
            tiles.slopes,
            arithmetic=_ARITHMETIC,
            log_total=log_total,
            count=count,
            targets=targets,
            settings=settings,
            by_value=upstream[0],
            by_log_total=upstream[1],
        )
        found = _gradients(features, embeddings, bias, slopes, settings, chunk_size)
        return *found, None

    losses.defvjp(forward, backward)
    return losses(features, embeddings, bias, targets)


def _losses(features, embeddings, bias, targets, settings, chunk_size) -> tuple:
    def add(totals, first, size):
        scores = _scores(features, *_chunk(embeddings, bias, first, size), settings)
        return tiles.with_tile(totals, scores, first, _ARITHMETIC, targets, settings)

    totals = _for_chunks(add, tiles.no_totals(features), len(embeddings), chunk_size)
    return tiles.losses(totals, targets, settings), totals.count


def _gradients(features, embeddings, bias, slopes, settings, chunk_size) -> tuple:
    def add(state, first, size):
        by_features, by_embeddings, by_bias = state
        chunk, biases = _chunk(embeddings, bias, first, size)
        slope = slopes(_scores(features, chunk, biases, settings), first)
        if bias is not None:
            by_bias = _put(by_bias, slope.sum(0), first)
        slope = slope.astype(features.dtype)
        by_features += _product(slope, chunk.astype(features.dtype))
        return by_features, _put(by_embeddings, _product(slope.T, features), first), by_bias

    by_features = jnp.zeros(features.shape, "float32")
    start = by_features, *jax.tree.map(jnp.zeros_like, (embeddings, bias))
    by_features, *others = _for_chunks(add, start, len(embeddings), chunk_size)
    return by_features.astype(features.dtype), *others


def _for_chunks(add, state, classes: int, chunk_size: int):
    """Runs `state = add(state, first class, classes)` for all whole chunks and what is left."""
    whole, rest = divmod(classes, chunk_size)
    state = lax.fori_loop(0, whole, lambda i, state: add(state, i * chunk_size, chunk_size), state)
    return add(state, whole * chunk_size, rest) if rest else state


def _chunk(embeddings, bias, first, size) -> tuple[jax.Array, jax.Array | None]:
    part = partial(lax.dynamic_slice_in_dim, start_index=first, slice_size=size)
    return part(embeddings), None if bias is None else part(bias)


def _put(whole: jax.Array, part: jax.Array, first) -> jax.Array:
    return lax.dynamic_update_slice_in_dim(whole, part.astype(whole.dtype), first, 0)


def _scores(features, chunk, biases, settings) -> jax.Array:
    """Float32 scores (N, c), from products in the dtype of the features."""
    scores = _product(features, chunk.T.astype(features.dtype))
    return tiles.capped(scores if biases is None else scores + biases, settings)


def _add(tile: jax.Array, places: jax.Array, numbers: jax.Array) -> jax.Array:
    """By comparing, which XLA fuses with what comes before and after, unlike scattering."""
    for place, number in zip(places.T, numbers.T, strict=True):
        tile += jnp.where(jnp.arange(tile.shape[1]) == place[:, None], number[:, None], 0.0)
    return tile


_ARITHMETIC = tiles.Arithmetic(lambda tile, rows: jnp.exp(tile - rows[:, None]), _add)
