"""Cross-entropy of a linear layer on JAX: two loops over chunks of classes.

The forward pass keeps the logarithm of each row's total; the backward pass computes the scores of
each chunk a second time, and writes what the chunk's embeddings get to its place at once.
"""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from kerasoft.ops import cross_entropy_tiles as tiles
from kerasoft.ops.accelerator import on_accelerator

product = partial(jnp.matmul, preferred_element_type=jnp.float32)


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
        results, totals = _losses(features, embeddings, bias, targets, settings, chunk_size)
        return results, (features, embeddings, bias, targets, results[1], totals)

    def backward(saved, upstream):
        features, embeddings, bias, targets, log_total, totals = saved
        slopes = partial(
            tiles.slopes,
            arithmetic=ARITHMETIC,
            log_total=log_total,
            of_rows=tiles.row_slopes(totals, log_total, targets, settings, *upstream[:2]),
            targets=targets,
            settings=settings,
        )
        found = _gradients(features, embeddings, bias, slopes, settings, chunk_size)
        return *found, None

    losses.defvjp(forward, backward)
    return losses(features, embeddings, bias, targets)


def _losses(features, embeddings, bias, targets, settings, chunk_size) -> tuple:
    def add(totals, first, size):
        scores = scores_of(features, *_chunk(embeddings, bias, first, size), settings)
        return tiles.with_tile(totals, scores, first, ARITHMETIC, targets, settings)

    totals = for_chunks(add, tiles.no_totals(features), len(embeddings), chunk_size)
    return tiles.losses(totals, targets, settings), totals


def _gradients(features, embeddings, bias, slopes, settings, chunk_size) -> tuple:
    def add(state, first, new):
        by_features, by_embeddings, by_bias = state
        chunk, biases = _chunk(embeddings, bias, first, chunk_size)
        slope = slopes(scores_of(features, chunk, biases, settings), first)
        if bias is not None:
            by_bias = put(by_bias, slope.sum(0), first)
        slope = slope.astype(features.dtype)
        by_features += product(slope, new(chunk.astype(features.dtype)))
        return by_features, put(by_embeddings, product(slope.T, features), first), by_bias

    by_features = jnp.zeros(features.shape, "float32")
    start = by_features, *jax.tree.map(jnp.zeros_like, (embeddings, bias))
    by_features, *others = for_overlapping_chunks(add, start, len(embeddings), chunk_size)
    return by_features.astype(features.dtype), *others


def for_chunks(add, state, length: int, chunk_size: int):
    """Runs `state = add(state, first, size)` for all whole chunks and what is left."""
    whole, rest = divmod(length, chunk_size)
    if whole:  # a loop of no steps would be traced all the same

        def body(i, state):
            return add(state, i * chunk_size, chunk_size)

        state = lax.fori_loop(0, whole, body, state)
    return add(state, whole * chunk_size, rest) if rest else state


def for_overlapping_chunks(add, state, length: int, chunk_size: int):
    """Runs `state = add(state, first, new)` for chunks of one size, of which the last may overlap.

    So that nothing is left, for which XLA would hold a second set of buffers. `new` puts zeros into
    the rows of a chunk that were in one before.
    """
    chunks, overlap = -(-length // chunk_size), length % chunk_size > 0

    def body(i, state):
        begin = i * chunk_size
        first = jnp.minimum(begin, length - chunk_size) if overlap else begin

        def new(rows):
            is_new = first + jnp.arange(chunk_size) >= begin
            return jnp.where(is_new[:, None], rows, 0) if overlap else rows

        return add(state, first, new)

    return lax.fori_loop(0, chunks, body, state)


def _chunk(embeddings, bias, first, size) -> tuple[jax.Array, jax.Array | None]:
    part = partial(lax.dynamic_slice_in_dim, start_index=first, slice_size=size)
    return part(embeddings), None if bias is None else part(bias)


def put(whole: jax.Array, part: jax.Array, first) -> jax.Array:
    return lax.dynamic_update_slice_in_dim(whole, part.astype(whole.dtype), first, 0)


def scores_of(features, chunk, biases, settings) -> jax.Array:
    """Float32 scores (N, c), from products in the dtype of the features.

    On an accelerator these are rounded to that dtype, as it writes and reads half as much then.
    """
    stored = features.dtype if on_accelerator(features) else "float32"
    chunk = chunk.astype(features.dtype)
    scores = jnp.matmul(features, chunk.T, preferred_element_type=stored).astype("float32")
    return tiles.capped(scores if biases is None else scores + biases.astype("float32"), settings)


def _places(tile: jax.Array, places: jax.Array) -> Iterator[jax.Array]:
    """Where a tile is at the first places of its rows, at the second, and so on: (N, c) each.

    XLA fuses comparing with what comes before and after, unlike scattering.
    """
    for place in places.T:
        yield jnp.arange(tile.shape[1]) == place[:, None]


def _add(tile: jax.Array, places: jax.Array, numbers: jax.Array) -> jax.Array:
    for here, number in zip(_places(tile, places), numbers.T, strict=True):
        tile += jnp.where(here, number[:, None], 0.0)
    return tile


def _pick(tile: jax.Array, places: jax.Array) -> jax.Array:
    if not on_accelerator(tile):
        return jnp.take_along_axis(tile, places, axis=-1)
    # Gathering would keep the tile while the gradient is made of it, and so twice in memory.
    picked = (jnp.where(here, tile, 0.0).sum(-1) for here in _places(tile, places))
    return jnp.stack(list(picked), -1)


ARITHMETIC = tiles.Arithmetic(lambda tile, rows: jnp.exp(tile - rows[:, None]), _add, _pick)
