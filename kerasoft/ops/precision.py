"""Reductions over classes never run in half precision."""

from numbers import Real
from typing import Any

import keras
import numpy as np

Tensor = Any  # a TensorFlow, JAX or PyTorch tensor, or a KerasTensor: they share no base class

# The backend's own dtype objects (JAX's are NumPy's). Hashed: some compare equal to strings.
_WIDE = frozenset(
    np.dtype(dtype) if keras.backend.backend() == "jax" else keras.ops.zeros((), dtype).dtype
    for dtype in ("float32", "float64")
)


def is_wide(x: Tensor) -> bool:
    """Whether `x` is a tensor of the backend in float32 or float64. Costs next to nothing."""
    return getattr(x, "dtype", None) in _WIDE


def is_tensor(x: object) -> bool:
    """Whether `x` is an array or a tensor of floats, and not a number (NumPy's have shapes too)."""
    return (
        hasattr(x, "shape")
        and not isinstance(x, Real)
        and keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype))
    )


def widen(x: Tensor) -> Tensor:
    """Returns `x` in float32, or as it came where it is already float32 or float64."""
    if is_wide(x):
        return x
    x = keras.ops.convert_to_tensor(x)
    return x if is_wide(x) else keras.ops.cast(x, "float32")


def narrow(x: Tensor, like: Tensor) -> Tensor:
    """Returns `x` in the dtype of `like` where that is a float dtype, otherwise as it came."""
    like = getattr(like, "dtype", None) or keras.ops.convert_to_tensor(like).dtype
    if like == x.dtype:
        return x
    dtype = keras.backend.standardize_dtype(like)
    return keras.ops.cast(x, dtype) if keras.backend.is_float_dtype(dtype) else x
