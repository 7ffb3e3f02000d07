"""A first convolution that training does not have to find."""

import keras
import numpy as np
from keras import ops

from kerasoft.arguments import check_positive
from kerasoft.errors import InvalidArgumentError
from kerasoft.ops.precision import Tensor

_SMALLEST = 5e-4  # added to variances, so that directions of mere noise are not blown up


@keras.saving.register_keras_serializable(package="kerasoft")
class PatchWhitening(keras.layers.Layer):
    """Projects each patch of an image on the principal axes of all patches, at unit variance.

    Every axis has two filters, one the negative of the other, as what follows is no even function.
    The filters come from `adapt` and are not trained, their biases are.

    Args:
        size: height and width of a patch, a positive integer.
        **kwargs: as in every Keras layer.

    Call arguments:
        images: tensor (N, H, W, C), at least `size` high and wide.

    Returns:
        Tensor (N, H - size + 1, W - size + 1, 2 size^2 C).

    Raises:
        InvalidArgumentError: if `size` is no positive integer.

    Reference:
        Page, "How to train your ResNet 8: bag of tricks", 2019.
    """

    def __init__(self, size: int = 2, **kwargs):
        super().__init__(**kwargs)
        check_positive(size=size)
        self.size = size

    def build(self, images_shape: tuple) -> None:
        inputs = self.size**2 * images_shape[-1]
        shape = (self.size, self.size, images_shape[-1], 2 * inputs)
        # Until `adapt`, the axes are the pixels.
        self.kernel = self.add_weight(
            shape,
            lambda shape, dtype: _kernel(np.eye(inputs), shape),
            trainable=False,
            name="kernel",
        )
        self.bias = self.add_weight((2 * inputs,), "zeros", name="bias")

    def adapt(self, images: np.ndarray) -> None:
        """Finds the axes of images as the layer will see them, (N, H, W, C), float.

        Raises:
            InvalidArgumentError: if the layer is not built for such images.
        """
        if not self.built or images.ndim != 4 or images.shape[-1] != self.kernel.shape[2]:
            raise InvalidArgumentError(
                "The layer must be built, for images (N, H, W, C) of as many channels.",
                images_shape=images.shape,
            )
        wide = images.astype("float64")
        windows = np.lib.stride_tricks.sliding_window_view(wide, (self.size, self.size), (1, 2))
        patches = np.moveaxis(windows, 3, -1).reshape(-1, self.kernel.shape[-1] // 2)
        variances, axes = np.linalg.eigh(np.cov(patches, rowvar=False, bias=True))
        whitening = axes.T / np.sqrt(np.maximum(variances, 0.0) + _SMALLEST)[:, None]
        self.kernel.assign(_kernel(whitening[::-1], self.kernel.shape))

    def call(self, images: Tensor) -> Tensor:
        kernel = ops.cast(self.kernel, self.compute_dtype)
        outputs = ops.conv(images, kernel, padding="valid", data_format="channels_last")
        return outputs + ops.cast(self.bias, self.compute_dtype)

    def compute_output_shape(self, images_shape: tuple) -> tuple:
        count, *sides, channels = images_shape
        sides = [None if side is None else side - self.size + 1 for side in sides]
        return (count, *sides, 2 * self.size**2 * channels)

    def get_config(self) -> dict:
        return {**super().get_config(), "size": self.size}


def _kernel(axes: np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """Axes (A, size^2 C) and their negatives as a kernel (size, size, C, 2 A)."""
    both = np.concatenate([axes, -axes]).T.reshape(shape)
    return ops.convert_to_tensor(both.astype("float32"))
