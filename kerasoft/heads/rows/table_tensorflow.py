"""Rows of a variable on TensorFlow, through the variable itself.

Keras's `ops.take` reads the whole variable first, and a write after such a read copies it.
"""

from collections.abc import Iterator

import keras
import tensorflow as tf

from kerasoft.ops.precision import Tensor


def read_rows(table: keras.Variable, rows: Tensor) -> Tensor:
    if table.trainable:
        return _with_dense_gradient(tf.convert_to_tensor(table.value), rows)
    return tf.gather(table.value, rows)


@tf.custom_gradient
def _with_dense_gradient(table: Tensor, rows: Tensor):
    """Rows whose gradient is summed where one comes twice.

    TensorFlow's own is a list of rows as they came, and Keras's optimizers square each of them
    before they add up what belongs together.
    """

    def gradient(upstream: Tensor):
        return tf.math.unsorted_segment_sum(upstream, rows, tf.shape(table)[0]), None

    return tf.gather(table, rows), gradient


def joined(blocks: Iterator[tf.Tensor], shape: tuple) -> tf.Tensor:
    return tf.ensure_shape(tf.concat(list(blocks), axis=0), shape)


def add_to_rows(table: keras.Variable, rows: Tensor, changes: Tensor) -> None:
    table.value.scatter_add(tf.IndexedSlices(changes, rows))
