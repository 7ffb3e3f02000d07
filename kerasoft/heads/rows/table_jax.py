"""Rows of a variable on JAX: XLA updates a donated array in place."""

import keras

from kerasoft.ops.precision import Tensor


def read_rows(table: keras.Variable, rows: Tensor) -> Tensor:
    return table.value[rows]


def add_to_rows(table: keras.Variable, rows: Tensor, changes: Tensor) -> None:
    table.assign(table.value.at[rows].add(changes))
