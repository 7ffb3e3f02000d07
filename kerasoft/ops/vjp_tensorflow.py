"""The vector-Jacobian product of TensorFlow."""

from collections.abc import Callable

import tensorflow as tf

from kerasoft.ops.precision import Tensor


def vjp(function: Callable, inputs: tuple[Tensor, ...], upstream: Tensor) -> tuple[Tensor, ...]:
    inputs = [tf.stop_gradient(one) for one in inputs]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        result = function(*inputs)
    gradients = tape.gradient(result, inputs, upstream, tf.UnconnectedGradients.ZERO)
    return tuple(tf.stop_gradient(tf.convert_to_tensor(gradient)) for gradient in gradients)
