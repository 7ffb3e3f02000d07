"""Depthwise convolution on JAX: sums of shifted products where XLA's own convolution is slow."""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
from keras import ops

from kerasoft.ops.precision import widen


def depthwise_conv(images: jax.Array, kernel: jax.Array, stride: int, padding: str) -> jax.Array:
    """As the public function."""
    tensors = map(ops.convert_to_tensor, (images, kernel))  # JAX does not know Keras's variables
    return _depthwise_conv(*tensors, stride, padding)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _depthwise_conv(images, kernel, stride, padding):
    ways = {"cpu": _shifted, "default": _convolved}
    ways = {name: partial(way, stride=stride, padding=padding) for name, way in ways.items()}
    return jax.lax.platform_dependent(images, kernel, **ways)


def _forward(images, kernel, stride, padding):
    return _depthwise_conv(images, kernel, stride, padding), (images, kernel)


def _backward(stride, padding, saved, upstream):
    images, kernel = saved

    def by_images(way, kernel, upstream):
        convolve = partial(way, kernel=kernel, stride=stride, padding=padding)
        (gradient,) = jax.vjp(convolve, images)[1](upstream)
        return gradient

    return (
        jax.lax.platform_dependent(
            kernel,
            upstream,
            cpu=partial(by_images, _shifted),
            default=partial(by_images, _convolved),
        ),
        _kernel_gradient(images, kernel, upstream, stride, padding),
    )


_depthwise_conv.defvjp(_forward, _backward)


def _convolved(images, kernel, stride, padding):
    return ops.depthwise_conv(images, kernel, stride, padding, data_format="channels_last")


def _shifted(images, kernel, stride, padding):
    """The sum over the kernel's places of what each sees, times its weight."""
    seen = _seen(images, kernel.shape[0], stride, padding)
    weights = widen(kernel).reshape(-1, kernel.shape[2])
    total = sum(widen(part) * weight for part, weight in zip(seen, weights, strict=True))
    return total.astype(images.dtype)


def _kernel_gradient(images, kernel, upstream, stride, padding):
    """For each place in the kernel, the products of what it saw with the upstream."""
    upstream = widen(upstream)
    sums = [
        jnp.sum(widen(part) * upstream, axis=(0, 1, 2))
        for part in _seen(images, kernel.shape[0], stride, padding)
    ]
    return jnp.stack(sums).reshape(kernel.shape).astype(kernel.dtype)


def _seen(images: jax.Array, size: int, stride: int, padding: str) -> Iterator[jax.Array]:
    """What each place of the kernel sees, row by row: (N, H', W', C) each."""
    around = [(0, 0), (0, 0)]
    if padding == "same":
        around = [_around(length, size, stride) for length in images.shape[1:3]]
    images = jnp.pad(images, [(0, 0), *around, (0, 0)])
    height, width = (length - size + 1 for length in images.shape[1:3])
    for row in range(size):
        for column in range(size):
            yield images[:, row : row + height : stride, column : column + width : stride]


def _around(length: int, size: int, stride: int) -> tuple[int, int]:
    """Zeros before and after an axis, for padding "same": the odd one comes after."""
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2
