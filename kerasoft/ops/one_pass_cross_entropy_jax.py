"""Cross-entropy of a linear layer on JAX, a few rows under all classes at a time.

Gradients are made with the loss: that is one number, so what comes from above is a factor of them.
So every score is computed once, but the embeddings' gradient needs a sum in float32.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from kerasoft.ops import cross_entropy_tiles as tiles
from kerasoft.ops.accelerator import on_accelerator
from kerasoft.ops.linear_cross_entropy_jax import (
    ARITHMETIC,
    for_overlapping_chunks,
    product,
    put,
    scores_of,
)

_ROOM = 2**30  # bytes


def room(features: jax.Array, embeddings: jax.Array, targets: tiles.Targets) -> int:
    """Bytes that scores may take; 0 where two passes are faster, or for float16.

    What comes from above, such as the scale of a loss, is multiplied in last: too late for numbers
    that float16 cannot hold without it.
    """
    half = jnp.float16 in (features.dtype, embeddings.dtype)
    return _ROOM if on_accelerator(features) and not half else 0


def weighted_loss(
    features: jax.Array,
    embeddings: jax.Array,
    bias: jax.Array | None,
    weights: jax.Array,
    targets: tiles.Targets,
    settings: tiles.Settings,
    size: int,
    kept: jax.Array | None,
) -> tuple[jax.Array, jax.Array]:
    """See `kerasoft.ops.linear_cross_entropy`: the sum of weighted losses, and hits (N,).

    Shapes are static, so that rows that are not kept take their time too.
    """

    @jax.custom_vjp
    def loss(*tensors):
        values, hits, _ = _pass(*tensors, settings, size, with_gradients=False)
        return _weighted(tensors[3], values), hits

    def forward(*tensors):
        values, hits, slopes = _pass(*tensors, settings, size, with_gradients=True)
        return (_weighted(tensors[3], values), hits), (*slopes, values)

    def backward(slopes, upstream):
        by_loss = upstream[0]
        return *jax.tree.map(lambda x: (by_loss * x).astype(x.dtype), slopes), None

    loss.defvjp(forward, backward)
    return loss(features, embeddings, bias, weights, targets)


def _weighted(weights, values) -> jax.Array:
    return jnp.where(weights == 0, 0.0, weights * values).sum()


def _pass(features, embeddings, bias, weights, targets, settings, size, with_gradients) -> tuple:
    """Losses and hits of the rows, and gradients in features, embeddings and bias if wanted."""
    layer, size = embeddings.astype(features.dtype), min(size, len(features))

    def add(state, first, new):
        values, hits, (by_features, by_embeddings, by_bias) = state
        part = partial(lax.dynamic_slice_in_dim, start_index=first, slice_size=size)
        few, own, own_weights = jax.tree.map(part, (features, targets, weights))
        scores = scores_of(few, layer, bias, settings)
        totals = tiles.with_tile(tiles.no_totals(few), scores, 0, ARITHMETIC, own, settings)
        losses, log_total, correct = tiles.losses(totals, own, settings)
        values, hits = put(values, losses, first), put(hits, correct, first)
        if with_gradients:
            of_rows = tiles.row_slopes(totals, log_total, own, settings, own_weights)
            slope = tiles.slopes(scores, 0, ARITHMETIC, log_total, of_rows, own, settings)
            if bias is not None:
                by_bias += new(slope).sum(0)
            slope = slope.astype(features.dtype)
            by_features = put(by_features, product(slope, layer), first)
            by_embeddings += product(slope.T, new(few))
        return values, hits, (by_features, by_embeddings, by_bias)

    inputs = features, embeddings, bias
    sums = jax.tree.map(lambda x: jnp.zeros(x.shape, "float32"), (embeddings, bias))
    slopes = (jnp.zeros_like(features), *sums) if with_gradients else (None, None, None)
    start = jnp.zeros_like(weights), jnp.zeros_like(weights), slopes
    values, hits, slopes = for_overlapping_chunks(add, start, len(features), size)
    if with_gradients:
        slopes = jax.tree.map(lambda x, like: x.astype(like.dtype), slopes, inputs)
    return values, hits, slopes
