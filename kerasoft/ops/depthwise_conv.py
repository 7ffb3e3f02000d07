"""Depthwise convolution, which XLA by itself compiles and runs slowly."""

import keras

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
        images: tensor (N, H, W, C).
        kernel: tensor (k, k, C, 1), in the dtype of the images.
        stride: of both axes.
        padding: "same" or "valid".

    Returns:
        Tensor (N, H', W', C) in the dtype of the images. The gradient in the kernel is summed in
        float32; on JAX there are first derivatives only. O(N H' W' C k k) time.
    """
    if _backend is not None:
        return _backend.depthwise_conv(images, kernel, stride, padding)
    return keras.ops.depthwise_conv(images, kernel, stride, padding, data_format="channels_last")
