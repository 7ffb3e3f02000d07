"""The vector-Jacobian product of PyTorch."""

from collections.abc import Callable

import torch

from kerasoft.ops.precision import Tensor


def vjp(function: Callable, inputs: tuple[Tensor, ...], upstream: Tensor) -> tuple[Tensor, ...]:
    with torch.enable_grad():
        inputs = tuple(one.detach().requires_grad_() for one in inputs)
        result = function(*inputs)
        return torch.autograd.grad(result, inputs, upstream.detach(), materialize_grads=True)
