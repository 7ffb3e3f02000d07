"""Rows of a variable on JAX: XLA updates a donated array in place."""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import keras

from kerasoft.ops.precision import Tensor


def read_rows(table: keras.Variable, rows: Tensor) -> Tensor:
    return table.value[rows]


def joined(blocks: Iterator[jax.Array], shape: tuple) -> jax.Array:
    first = next(blocks)
    table, start = _put(jnp.empty(shape, first.dtype), first, 0), len(first)
    for block in blocks:
        table = _put(table, block, start)
        start += len(block)
    return table


@partial(jax.jit, donate_argnums=0)
def _put(table: jax.Array, block: jax.Array, start: int) -> jax.Array:
    return jax.lax.dynamic_update_slice_in_dim(table, block, start, axis=0)


def add_to_rows(table: keras.Variable, rows: Tensor, changes: Tensor) -> None:
    table.assign(table.value.at[rows].add(changes))
