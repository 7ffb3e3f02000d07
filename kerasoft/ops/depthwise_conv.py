"""Depthwise convolution, which XLA by itself compiles and runs slowly."""

import keras

from kerasoft.arguments import check_positive
from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor

if keras.backend.backend() == "jax":
    from kerasoft.ops import depthwise_conv_jax as _backend
else:
    _backend = None


def depthwise_conv(
    images: Tensor, kernel: Tensor, stride: int = 1, padding: str = "same"
) -> Tensor:
    """Every channel convolved with a kernel of its own.

    As `keras.ops.depthwise_conv`, and on TensorFlow and PyTorch that itself. On JAX the sums of k k
    products take the place of XLA's grouped convolutions where these are slow: on a CPU everywhere
    (ten times and more), on a GPU in the gradient of the kernel, on whose choice XLA otherwise
    spends seconds a layer.

    Args:
        images: tensor (N, H, W, C); a `keras.KerasTensor` becomes a node of its functional model,
            which is Keras's own convolution.
        kernel: tensor (k, k, C, 1), in the dtype of the images.
        stride: of both axes, a positive integer.
        padding: "same" or "valid", which wants images at least as large as the kernel.

    Returns:
        Tensor (N, H', W', C) in the dtype of the images. The gradient in the kernel is summed in
        float32 or wider; on JAX there are first derivatives only. O(N H' W' C k k) time.

    Raises:
        InvalidArgumentError: if an argument is not what is said above.
    """
    _check(tuple(images.shape), tuple(kernel.shape), stride, padding)
    if _backend is not None and not isinstance(images, keras.KerasTensor):
        return _backend.depthwise_conv(images, kernel, stride, padding)
    return keras.ops.depthwise_conv(images, kernel, stride, padding, data_format="channels_last")


def _check(images: tuple, kernel: tuple, stride: int, padding: str) -> None:
    """Without it each backend does something else, and not all of them say so."""
    check_positive(stride=stride)
    if padding not in ("same", "valid"):
        raise InvalidArgumentError("`padding` must be 'same' or 'valid'.", padding=padding)
    if len(images) != 4 or kernel[1:] != (kernel[0], images[3], 1):
        raise InvalidArgumentError(
            "`kernel` must be (k, k, C, 1) for images (N, H, W, C).",
            kernel_shape=kernel,
            images_shape=images,
        )
    sides = [length for length in images[1:3] if length is not None]
    if padding == "valid" and min(sides, default=kernel[0]) < kernel[0]:
        raise InvalidArgumentError(
            "`images` must be at least as large as the kernel, without padding.",
            kernel_shape=kernel,
            images_shape=images,
        )
