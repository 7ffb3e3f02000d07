"""Functions that bring their own gradient, written once for the three backends."""

from collections.abc import Callable

import keras
from keras import ops

from kerasoft.ops.precision import Tensor


def with_gradient(forward: Callable) -> Callable:
    """Makes a differentiable function of one that returns its result and its gradient.

    Args:
        forward: takes tensors and returns (result, backward); `backward(upstream)` returns the
            gradient of each tensor (a tuple if there are several). What backward needs of the
            result it takes through `kept`. First derivatives only: backward itself is not
            differentiable on every backend.
    """

    @ops.custom_gradient
    def function(*tensors: Tensor):
        result, backward = forward(*tensors)

        def gradient(*arguments, upstream: Tensor | None = None):
            return backward(arguments[0] if upstream is None else upstream)  # torch names it

        return result, gradient

    return function


def kept(result: Tensor) -> Tensor:
    """The result of a function with its own gradient, for its backward to hold on to.

    PyTorch would never free a result that its own backward refers to; elsewhere second derivatives
    need that very reference.
    """
    return ops.stop_gradient(result) if keras.backend.backend() == "torch" else result
