"""The few pieces that the backbones share.

Images are height, width, channels whatever Keras is configured for, so every layer that could read
the configuration is told so.
"""

import keras

IMAGE_SHAPE = (32, 32, 3)
_LAST = {"data_format": "channels_last"}


def image_input(input_shape: tuple[int, int, int]) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """An input for images in 0..255 (uint8 or float), and the same scaled to -1..1."""
    images = keras.Input(input_shape, name="images")
    return images, keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(images)


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
        kernel_initializer="he_normal",
        **_LAST,
    )(x)
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return x if activation is None else keras.layers.Activation(activation)(x)


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
