"""Depthwise convolution, whose gradient XLA would compile and run slowly."""

import keras
from keras import ops

from kerasoft.ops.custom_gradient import with_gradient
from kerasoft.ops.precision import Tensor, narrow, widen
from kerasoft.ops.vjp import vjp


def depthwise_conv(
    images: Tensor, kernel: Tensor, stride: int = 1, padding: str = "same"
) -> Tensor:
    """Every channel convolved with a kernel of its own.

    As `keras.ops.depthwise_conv`, and on TensorFlow and PyTorch that itself. On JAX the gradient in
    the kernel is k k sums of products instead of XLA's grouped convolution: on a GPU XLA spends
    seconds a layer on choosing that one, and where the channels are many and the images small it is
    slow as well.

    Args:
        images: tensor (N, H, W, C).
        kernel: tensor (k, k, C, 1), in the dtype of the images.
        stride: of both axes.
        padding: "same" or "valid".

    Returns:
        Tensor (N, H', W', C) in the dtype of the images. The gradient in the kernel is summed in
        float32; on JAX there are first derivatives only.
    """
    if keras.backend.backend() != "jax":
        return _conv(images, kernel, stride, padding)

    @with_gradient
    def values(images, kernel):
        def backward(upstream):
            (by_images,) = vjp(lambda x: _conv(x, kernel, stride, padding), (images,), upstream)
            by_kernel = _kernel_gradient(images, upstream, kernel.shape[0], stride, padding)
            return by_images, narrow(by_kernel, kernel)

        return _conv(images, kernel, stride, padding), backward

    return values(images, kernel)


def _conv(images: Tensor, kernel: Tensor, stride: int, padding: str) -> Tensor:
    return ops.depthwise_conv(images, kernel, stride, padding, data_format="channels_last")


def _kernel_gradient(
    images: Tensor, upstream: Tensor, size: int, stride: int, padding: str
) -> Tensor:
    """For each place in the kernel, the products of what it saw with the upstream: (k, k, C, 1)."""
    if padding == "same":
        around = [_around(length, size, stride) for length in images.shape[1:3]]
        images = ops.pad(images, [(0, 0), *around, (0, 0)])
    height, width = ((length - 1) * stride + 1 for length in upstream.shape[1:3])
    upstream = widen(upstream)

    def at(row: int, column: int) -> Tensor:
        seen = images[:, row : row + height : stride, column : column + width : stride]
        return ops.sum(widen(seen) * upstream, axis=(0, 1, 2))

    rows = [ops.stack([at(row, column) for column in range(size)]) for row in range(size)]
    return ops.expand_dims(ops.stack(rows), -1)


def _around(length: int, size: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis, for padding "same": the odd one comes after."""
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2
