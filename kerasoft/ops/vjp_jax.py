"""The vector-Jacobian product of JAX."""

from collections.abc import Callable

import jax

from kerasoft.ops.precision import Tensor


def vjp(function: Callable, inputs: tuple[Tensor, ...], upstream: Tensor) -> tuple[Tensor, ...]:
    inputs = jax.lax.stop_gradient(inputs)
    _, pull_back = jax.vjp(function, *inputs)
    return jax.lax.stop_gradient(pull_back(upstream))
