"""The product of an upstream gradient with a function's Jacobian, on every backend."""

from collections.abc import Callable, Sequence

import keras

from kerasoft.ops.precision import Tensor

if keras.backend.backend() == "torch":
    from kerasoft.ops import vjp_torch as _backend
elif keras.backend.backend() == "tensorflow":
    from kerasoft.ops import vjp_tensorflow as _backend
else:
    from kerasoft.ops import vjp_jax as _backend


def vjp(
    function: Callable[..., Tensor], inputs: Sequence[Tensor], upstream: Tensor
) -> tuple[Tensor, ...]:
    """The gradient of sum(upstream * function(*inputs)) in each of the inputs.

    Keras has no such function. The results are constants to whatever differentiates further.

    Args:
        function: takes as many tensors as there are inputs; gives one tensor.
        inputs: float tensors, each with an effect on the result.
        upstream: tensor of the shape and dtype of the result.

    Returns:
        One tensor an input, of its shape and dtype.
    """
    return _backend.vjp(function, tuple(inputs), upstream)
