"""Some rows of a big variable: made, read and added to without a pass over the others."""

from collections.abc import Iterator

import keras

from kerasoft.ops.precision import Tensor

if keras.backend.backend() == "torch":
    from kerasoft.heads.rows import table_torch as _backend
elif keras.backend.backend() == "tensorflow":
    from kerasoft.heads.rows import table_tensorflow as _backend
else:
    from kerasoft.heads.rows import table_jax as _backend


def joined(blocks: Iterator[Tensor], shape: tuple) -> Tensor:
    """Blocks of rows (r, D) one below the other: (rows, D), in the dtype of the first.

    Memory for the result and one block; on TensorFlow, which writes to variables alone, twice that.
    """
    return _backend.joined(blocks, shape)


def read_rows(table: keras.Variable, rows: Tensor) -> Tensor:
    """The rows (R,) of a variable (M, ...): a tensor (R, ...). O(R)."""
    return _backend.read_rows(table, rows)


def add_to_rows(table: keras.Variable, rows: Tensor, changes: Tensor) -> None:
    """Adds changes (R, ...) to the rows (R,) of a variable (M, ...); twice to a row named twice.

    O(R), in place: on JAX within a compiled step to which the variable is donated, as `fit` does.
    """
    _backend.add_to_rows(table, rows, changes)
