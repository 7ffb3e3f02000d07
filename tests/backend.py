"""What differs between the backends, behind three functions."""

import keras
import numpy as np
from keras import ops

NAME = keras.backend.backend()
OTHERS = [name for name in ("jax", "torch", "tensorflow") if name != NAME]


def to_numpy(x):
    """Any tensor, half precision too, as float64 (or as it came, where it is no float)."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    if keras.backend.is_float_dtype(dtype):
        wide = x if dtype == "float64" else ops.cast(x, "float32")
        return ops.convert_to_numpy(ops.stop_gradient(wide)).astype("float64")
    return ops.convert_to_numpy(x)


def gradient(function, x, dtype="float32"):
    """The gradient at `x` of a function from one tensor to a scalar, as a NumPy array."""
    x = ops.convert_to_tensor(x, dtype=dtype)
    return to_numpy(_GRADIENTS[NAME](function, x))


def compiled(function):
    """The function as this backend compiles it; as it is on torch, whose compiler is slow."""
    if NAME == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=True)
    if NAME == "jax":
        import jax

        return jax.jit(function)
    return function


def _jax(function, x):
    import jax

    return jax.jit(jax.grad(function))(x)  # one compilation, not one an operation


def _torch(function, x):
    x = x.detach().requires_grad_()
    function(x).backward()
    return x.grad


def _tensorflow(function, x):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)


def quick(function):
    """`compiled` on JAX, whose eager mode compiles every operation alone; else as it is."""
    return compiled(function) if NAME == "jax" else function


def random_scores(shape, scale=3.0, seed=0):
    """Normal scores as float32 holds them, in float64."""
    scores = np.random.default_rng(seed).normal(0.0, scale, shape)
    return scores.astype("float32").astype("float64")


_GRADIENTS = {"jax": _jax, "torch": _torch, "tensorflow": _tensorflow}
