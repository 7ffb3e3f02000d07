"""The few pieces that the backbones share.

Images are height, width, channels whatever Keras is configured for, so every layer that could read
the configuration is told so.
"""

import keras

from kerasoft.backbones.depthwise_conv import DepthwiseConv2D
from kerasoft.backbones.initializers import HostNormal
from kerasoft.errors import InvalidArgumentError

IMAGE_SHAPE = (32, 32, 3)
_LAST = {"data_format": "channels_last"}


def image_input(input_shape: tuple[int, int, int]) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """An input for images in 0..255 (uint8 or float), and the same scaled to -1..1."""
    images = keras.Input(input_shape, name="images")
    return images, keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(images)


def resized_input(
    input_shape: tuple[int, int, int], image_size: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """An input for images in 0..255, and the same as squares of `image_size`, bilinear, float32.

    Raises:
        InvalidArgumentError: if `image_size` is no integer of at least 32, below which a network
            that halves five times has nothing left.
    """
    if not isinstance(image_size, int) or image_size < 32:
        raise InvalidArgumentError(
            "`image_size` must be an integer of at least 32.", image_size=image_size
        )
    images = keras.Input(input_shape, name="images")
    if tuple(input_shape[:2]) == (image_size, image_size):
        return images, images
    # In float32: half precision would round what lies between two of 256 shades.
    return images, keras.layers.Resizing(
        image_size, image_size, name="resize", dtype="float32", **_LAST
    )(images)


def conv_relu(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """A 3x3 convolution and a ReLU; height and width stay."""
    return keras.layers.Conv2D(filters, 3, padding="same", activation="relu", **_LAST)(x)


def conv_bn(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int = 3,
    activation: str | None = "relu",
) -> keras.KerasTensor:
    """Convolution, batch normalisation, activation; height and width stay."""
    x = keras.layers.Conv2D(
        filters,
        kernel_size,
        padding="same",
        use_bias=False,
        kernel_initializer=HostNormal("fan_in"),
        **_LAST,
    )(x)
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return x if activation is None else keras.layers.Activation(activation)(x)


def conv(
    x: keras.KerasTensor, filters: int, kernel_size: int, strides: int = 1, name: str | None = None
) -> keras.KerasTensor:
    """A convolution without bias, padded like `depthwise_conv`."""
    return keras.layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer=HostNormal("fan_out"),
        name=name,
        **_LAST,
    )(x)


def pointwise_conv(
    x: keras.KerasTensor, filters: int, name: str | None = None
) -> keras.KerasTensor:
    """A 1x1 convolution, which is a matrix product of the channels.

    XLA compiles it as a product in a fraction of the time that it takes for a convolution. Its one
    weight is `kernel`, (channels, filters).
    """
    return keras.layers.Dense(
        filters, use_bias=False, kernel_initializer=HostNormal("fan_out"), name=name
    )(x)


def depthwise_conv(
    x: keras.KerasTensor, kernel_size: int, strides: int = 1, name: str | None = None
) -> keras.KerasTensor:
    """A convolution of each channel by itself; height and width are divided by `strides`, up.

    Padded as TensorFlow does it: where the total is odd, the odd one goes below and to the right.
    Its one weight is `kernel`, (kernel_size, kernel_size, channels, 1).
    """
    return DepthwiseConv2D(
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=HostNormal("fan_out"),
        name=name,
        **_LAST,
    )(x)


def halve(x: keras.KerasTensor) -> keras.KerasTensor:
    """A 2x2 max-pool: half the height, half the width."""
    return keras.layers.MaxPooling2D(**_LAST)(x)


def flatten(x: keras.KerasTensor) -> keras.KerasTensor:
    """Everything but the batch in one axis."""
    return keras.layers.Flatten(**_LAST)(x)


def global_average(x: keras.KerasTensor) -> keras.KerasTensor:
    """The mean of each channel."""
    return keras.layers.GlobalAveragePooling2D(**_LAST)(x)


def global_max(x: keras.KerasTensor) -> keras.KerasTensor:
    """The largest value of each channel."""
    return keras.layers.GlobalMaxPooling2D(**_LAST)(x)
