"""Rows of a variable on TensorFlow, through the variable itself.

Keras's `ops.take` reads the whole variable first, and a write after such a read copies it.
"""

import keras
import tensorflow as tf

from kerasoft.ops.precision import Tensor


def read_rows(table: keras.Variable, rows: Tensor) -> Tensor:
    return tf.gather(table.value, rows)


def add_to_rows(table: keras.Variable, rows: Tensor, changes: Tensor) -> None:
    table.value.scatter_add(tf.IndexedSlices(changes, rows))
