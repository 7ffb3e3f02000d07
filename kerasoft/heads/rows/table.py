"""Some rows of a big variable: read and added to without a pass over the others."""

import keras

from kerasoft.ops.precision import Tensor

if keras.backend.backend() == "torch":
    from kerasoft.heads.rows import table_torch as _backend
elif keras.backend.backend() == "tensorflow":
    from kerasoft.heads.rows import table_tensorflow as _backend
else:
    from kerasoft.heads.rows import table_jax as _backend


def read_rows(table: keras.Variable, rows: Tensor) -> Tensor:
    """The rows (R,) of a variable (M, ...): a tensor (R, ...). O(R)."""
    return _backend.read_rows(table, rows)


def add_to_rows(table: keras.Variable, rows: Tensor, changes: Tensor) -> None:
    """Adds changes (R, ...) to the rows (R,) of a variable (M, ...); twice to a row named twice.

    O(R), in place: on JAX within a compiled step to which the variable is donated, as `fit` does.
    """
    _backend.add_to_rows(table, rows, changes)
