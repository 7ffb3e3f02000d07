"""A function's value and its gradient together: JAX compiles once for both, and once a function."""

import functools

from backend import NAME, to_numpy
from keras import ops


def value_and_gradient(function, x, upstream, *others, dtype="float32"):
    """y = function(x, *others) and the gradient of sum(upstream * y) in x, as NumPy arrays.

    `upstream` may also be a number. Hand the same function in again, and JAX knows it already.
    """
    x, upstream = ops.convert_to_tensor(x, dtype=dtype), ops.convert_to_tensor(upstream, "float32")
    y, gradient = _PULLED[NAME](function, x, upstream, *map(ops.convert_to_tensor, others))
    return to_numpy(y), to_numpy(gradient)


def _jax(function, x, upstream, *others):
    return _compiled(function)(x, upstream, *others)


@functools.cache
def _compiled(function):
    import jax

    def both(x, upstream, *others):
        y, pull = jax.vjp(lambda x: function(x, *others), x)
        return y, pull(_like(upstream, y))[0]

    return jax.jit(both)


def _torch(function, x, upstream, *others):
    x = x.detach().requires_grad_()
    y = function(x, *others)
    y.backward(_like(upstream, y))
    return y, x.grad


def _tensorflow(function, x, upstream, *others):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x, *others)
    return y, tape.gradient(y, x, _like(upstream, y))


def _like(upstream, y):
    return ops.cast(ops.broadcast_to(upstream, y.shape), y.dtype)


_PULLED = {"jax": _jax, "torch": _torch, "tensorflow": _tensorflow}
